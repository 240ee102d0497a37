"""The agent bot in a process of its own: set up by the environment, over the sample articles."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import httpx
import pytest

from indexer.build_report import BuildReport
from service.serving import take_port
from tests.chatwoot_server import SECRET, TOKEN, Answer, FakeChatwoot, delivery, signed
from tests.processes import running, wait_until_live

pytestmark = pytest.mark.model

PATIENCE_S = 30.0


def send(address: str, event: object) -> httpx.Response:
    body = json.dumps(event).encode()
    return httpx.post(f"{address}/v1/chatwoot", content=body, headers=signed(body), timeout=PATIENCE_S)


def test_a_delivery_is_answered_at_once_and_its_message_before_the_end(
    sample_build: tuple[Path, BuildReport],
) -> None:
    port = take_port("127.0.0.1", 0)
    # The first try finds Chatwoot overloaded: the message still waits when the service is told to stop.
    with FakeChatwoot([Answer(503, {"Retry-After": "1"})]) as chatwoot:
        bot = {"chatwoot_url": chatwoot.url, "chatwoot_token": TOKEN, "chatwoot_secret": SECRET}
        with running(
            "service", "--index", str(sample_build[0]), "--port", str(port), drain_s="0", **bot
        ) as process:
            address = wait_until_live(port)
            event = delivery(
                "Wer darf ein Abonnement kündigen?",
                conversation__additional_attributes={"browser_language": "de"},
            )
            began = time.monotonic()
            assert send(address, event).json() == {"status": "taken"}
            assert time.monotonic() - began < 5
            assert send(address, event).json() == {"status": "repeated"}
            while not chatwoot.tries and time.monotonic() - began < PATIENCE_S:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    [call] = chatwoot.calls
    assert call.what == "3/conversations/42/messages"
    assert "/de-de/" in call.body["content"]
    assert "kündigen" not in told


def test_a_setting_that_is_missing_stops_the_start(sample_build: tuple[Path, BuildReport]) -> None:
    url = {"chatwoot_url": "https://desk.example.com"}
    with running("service", "--index", str(sample_build[0]), "--port", "0", **url) as process:
        _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "chatwoot_token (CITEDESK_CHATWOOT_TOKEN), chatwoot_secret" in told.replace("\n", " ")
