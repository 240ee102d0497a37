"""What /metrics says, and what it never says."""

from __future__ import annotations

import asyncio
import re
import time
from typing import cast

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Receive, Scope, Send

from service.admission import Admission
from service.conversations import WAITING_MAX
from service.database import DatabaseDown
from service.keys import Scope as KeyScope
from service.metrics import Meter, Metrics
from service.observed import Observation
from service.routes import IndexSource
from service.schemas import AskReply
from service.settings import Settings
from tests.access import KeysInMemory, bearer, make_access
from tests.fake_index import GENERATION, FakeFollower, FakeIndex
from tests.fake_store import FakeStore, keep_in
from tests.service_app import Client, build_app, keep_conversations
from tests.test_rate_limits import FailingStorage

ANSWERED = "May the vendor write to customers about outages?"
REFUSED = "Wie wird das Wetter morgen?"


def scrape(client: Client, **headers: str) -> dict[str, float]:
    """The samples by name with their labels, as they stand in the text: name{label="value"}."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in response.text.splitlines()
        if not line.startswith("#")
    }


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def test_requests_are_counted_by_route_and_status(client: Client) -> None:
    client.ask(ANSWERED)
    client.get("/v1/locales")
    client.get("/v1/passages/en-us/partner-help/mail%23stop.0")
    client.get("/v1/passages/none")
    client.get("/any/thing")
    client.get("/other/thing")
    found = scrape(client)
    counted = {name: count for name, count in found.items() if name.startswith("citedesk_requests_total")}
    assert counted == {
        'citedesk_requests_total{route="/v1/ask",status="200"}': 1,
        'citedesk_requests_total{route="/v1/locales",status="200"}': 1,
        'citedesk_requests_total{route="/v1/passages/*",status="200"}': 1,
        'citedesk_requests_total{route="/v1/passages/*",status="404"}': 1,
        'citedesk_requests_total{route="other",status="404"}': 2,
    }
    assert found['citedesk_request_seconds_count{route="/v1/ask"}'] == 1


def test_what_the_gate_refuses_is_counted_too() -> None:
    keys = KeysInMemory()
    text, _ = keys.add(rate="1/day")
    from_admin, _ = keys.add(scopes=[KeyScope.ADMIN])
    client = Client(build_app(access=make_access(keys)))
    client.get("/v1/locales")
    for _ in range(2):
        client.get("/v1/locales", headers=bearer(text))
    found = scrape(client, **bearer(from_admin))
    assert [
        found[f'citedesk_requests_total{{route="/v1/locales",status="{status}"}}']
        for status in (200, 401, 429)
    ] == [1, 1, 1]


def test_answers_and_refusals_are_counted_by_locale_with_their_stages(client: Client) -> None:
    for _ in range(2):
        assert client.ask(ANSWERED, locale="en-us")["status"] == "answered"
    refused = client.ask(REFUSED, locale="de-de")
    found = scrape(client)
    assert found['citedesk_answers_total{locale="en-us",writer="extractive"}'] == 2
    assert found[f'citedesk_refusals_total{{locale="de-de",reason="{refused["abstain_reason"]}"}}'] == 1
    stages = {"locale": 3, "search": 3, "confidence": 3, "writing": 2, "total": 3}
    counted = {stage: found[f'citedesk_stage_seconds_count{{stage="{stage}"}}'] for stage in stages}
    assert counted == stages


def test_the_generation_that_serves_is_named(client: Client) -> None:
    found = scrape(client)
    assert found[f'citedesk_generation_info{{generation="{GENERATION}"}}'] == 1
    assert found["citedesk_ready"] == 1
    assert found['citedesk_passages{locale="en-us"}'] == 3
    assert found['citedesk_fault{what="generation"}'] == 0


def test_a_generation_that_was_not_taken_is_a_fault() -> None:
    follower = FakeFollower(FakeIndex(), fault="generation x is corrupt")
    assert scrape(Client(build_app(follower=follower)))['citedesk_fault{what="generation"}'] == 1


def test_without_an_index_the_service_is_not_ready_and_names_none() -> None:
    found = scrape(Client(build_app(follower=FakeFollower(None))))
    assert found["citedesk_ready"] == 0
    assert [name for name in found if "generation_info" in name] == []


def test_keys_that_were_not_taken_and_counts_that_are_not_kept_are_faults() -> None:
    storage = FailingStorage()
    storage.fault = ConnectionError()
    keys = KeysInMemory(fault="keys.json is gone")
    admin, _ = keys.add(scopes=[KeyScope.ADMIN])
    found = scrape(Client(build_app(access=make_access(keys, storage=storage))), **bearer(admin))
    assert (found['citedesk_fault{what="keys"}'], found['citedesk_fault{what="limits"}']) == (1, 1)


def test_overload_is_counted_and_free_places_are_shown() -> None:
    client = Client(build_app(settings=Settings(concurrency=3, queue_max=4)))
    found = scrape(client)
    assert found["citedesk_places_free"] == 7
    assert found['citedesk_unworked_total{reason="overloaded"}'] == 0
    assert found['citedesk_unworked_total{reason="deadline"}'] == 0


def test_no_question_no_key_and_no_path_stands_in_it() -> None:
    keys = KeysInMemory()
    admin, key = keys.add("canary-name", scopes=[KeyScope.ADMIN, KeyScope.ASK, KeyScope.SEARCH])
    client = Client(build_app(access=make_access(keys)))
    for path in ("/v1/ask", "/v1/canary", "/v1/passages/canary"):
        client.post(path, {"question": "canary outages"}, headers=bearer(admin))
        client.get(path, headers=bearer("ck_canary"))
    text = client.get("/metrics", headers=bearer(admin)).text
    for secret in ("canary", admin, admin.split("_", 2)[2], key.digest, key.id):
        assert secret not in text


def test_the_text_is_what_a_prometheus_reads(client: Client) -> None:
    client.ask(ANSWERED)
    text = client.get("/metrics").text
    families = list(text_string_to_metric_families(text))
    ours = {family.name for family in families if family.name.startswith("citedesk_")}
    assert {"citedesk_requests", "citedesk_stage_seconds", "citedesk_ready", "citedesk_unworked"} <= ours
    assert all(family.documentation for family in families)
    assert re.search(r"^process_resident_memory_bytes \d", text, re.MULTILINE)


def test_a_database_that_is_down_is_a_fault_and_what_is_lost_is_counted() -> None:
    conversations = keep_conversations(None)
    found = scrape(Client(build_app(conversations=conversations)))
    assert (found['citedesk_fault{what="database"}'], found["citedesk_exchanges_lost_total"]) == (0, 0)
    down = keep_in(FakeStore(*[DatabaseDown("fake: gone")] * 1_000))
    client = Client(build_app(conversations=down))
    down.start()
    client.ask(ANSWERED)
    deadline = time.monotonic() + 10
    while down.state != "down" and time.monotonic() < deadline:
        time.sleep(0.01)
    found = scrape(client)
    down.stop()
    assert found['citedesk_fault{what="database"}'] == 1


def test_exchanges_that_could_not_be_stored_are_counted() -> None:
    conversations = keep_in(FakeStore())
    client = Client(build_app(conversations=conversations))
    answer = AskReply.model_validate(client.ask(ANSWERED))
    for _ in range(WAITING_MAX + 2):
        conversations.remember(answer, question=ANSWERED)
    # The one that was asked waits, too.
    assert scrape(client)["citedesk_exchanges_lost_total"] == 3


async def receive_nothing() -> Message:
    raise AssertionError("nothing is read")


def observed_nothing() -> Observation:
    admission = Admission(threads=1, queue_max=0, deadline_s=1)
    return Observation(
        indexes=cast(IndexSource, FakeFollower(None)),
        admission=admission,
        access=make_access(),
        conversations=keep_conversations(None),
    )


@pytest.mark.parametrize(("ends", "status"), [("answered", "204"), ("left", "499"), ("failed", "500")])
def test_each_request_is_counted_however_it_ends(ends: str, status: str) -> None:
    times = iter([10.0, 10.25])
    metrics = Metrics(observed_nothing())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if ends == "answered":
            await send({"type": "http.response.start", "status": 204, "headers": []})
        if ends == "failed":
            raise ZeroDivisionError

    async def nothing(message: Message) -> None:
        """Send nowhere."""

    async def call() -> None:
        meter = Meter(app, metrics, clock=lambda: next(times))
        scope = {"type": "http", "path": "/v1/ask"}
        await meter(scope, receive_nothing, nothing)

    if ends == "failed":
        with pytest.raises(ZeroDivisionError):
            asyncio.run(call())
    else:
        asyncio.run(call())
    text = metrics.render().decode()
    assert f'citedesk_requests_total{{route="/v1/ask",status="{status}"}} 1.0' in text
    assert 'citedesk_request_seconds_sum{route="/v1/ask"} 0.25' in text
