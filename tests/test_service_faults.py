"""What the log says of a fault: enough to find it, and nothing of what was asked."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.faults import FaultLog, describe_fault
from tests.fake_index import FakeIndex
from tests.service_app import Client, build_app


class FaultyIndex(FakeIndex):
    """An index whose search fails with the question in its message."""

    @property
    def locales(self) -> tuple[()]:
        try:
            raise KeyError("canary inside")
        except KeyError as error:
            raise RuntimeError("canary outside") from error


def test_a_fault_is_500_and_the_log_names_its_sorts_and_places_without_its_words() -> None:
    events: list[str] = []
    client = Client(FaultLog(build_app(FaultyIndex()), on_event=events.append))
    response = client.post("/v1/ask", {"question": "canary"})
    assert (response.status_code, response.json()["type"]) == (500, "/problems/internal")
    assert len(events) == 1
    assert "canary" not in events[0]
    said = events[0].splitlines()
    assert said[0] == "fault: KeyError"
    assert "fault: RuntimeError" in said
    assert "test_service_faults.py" in said[-1]
    assert said[-1].endswith(" in locales")


def test_an_error_whose_cause_was_hidden_is_told_alone() -> None:
    def fail() -> None:
        try:
            raise KeyError("a")
        except KeyError:
            raise ValueError("b") from None

    with pytest.raises(ValueError, match="b") as caught:
        fail()
    assert "KeyError" not in describe_fault(caught.value)


@pytest.mark.parametrize("scope_type", ["lifespan", "websocket"])
def test_a_fault_of_the_start_ends_the_start(scope_type: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("no index folder")

    async def never() -> Message:
        raise AssertionError("nothing is read or sent")

    async def send_nothing(message: Message) -> None:
        raise AssertionError("nothing is sent")

    with pytest.raises(RuntimeError, match="no index folder"):
        asyncio.run(FaultLog(app, on_event=print)({"type": scope_type}, never, send_nothing))
