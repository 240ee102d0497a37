"""The body's limits before any application code runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from starlette.types import Message, Receive, Scope, Send

from service.guards import BodyGuard


def run_guard(
    messages: Sequence[Message], *, headers: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[list[bytes], list[Message]]:
    """The bodies that the application was given, and what was sent; after `messages` nothing comes."""
    given: list[bytes] = []
    sent: list[Message] = []
    waiting = list(messages)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        given.append((await receive())["body"])
        given.append((await receive())["type"].encode())

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    asyncio.run(BodyGuard(application, max_bytes=8, read_s=0.05)(scope, receive, send))
    return given, sent


def part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


def refusal(sent: list[Message]) -> tuple[int, str]:
    return sent[0]["status"], json.loads(sent[1]["body"])["type"]


def test_a_body_in_parts_reaches_the_application_whole_and_then_what_follows() -> None:
    parts = [part(b"1234", more=True), part(b"5678", more=False), GONE]
    assert run_guard(parts) == ([b"12345678", b"http.disconnect"], [])


def test_one_byte_too_many_is_413_without_reading_on() -> None:
    given, sent = run_guard([part(b"1234", more=True), part(b"56789", more=True)])
    assert given == []
    assert refusal(sent) == (413, "/problems/body-too-large")
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_declared_length_beyond_the_limit_is_413_before_reading() -> None:
    _, sent = run_guard([], headers=[(b"content-length", b"9")])
    assert refusal(sent) == (413, "/problems/body-too-large")


def test_a_length_that_is_no_number_is_not_believed() -> None:
    given, _ = run_guard([part(b"1", more=False), GONE], headers=[(b"content-length", b"9e9")])
    assert given[0] == b"1"


def test_a_body_that_stops_coming_is_408() -> None:
    given, sent = run_guard([part(b"1", more=True)])
    assert given == []
    assert refusal(sent) == (408, "/problems/slow-request")


def test_a_client_that_leaves_in_mid_body_is_not_answered() -> None:
    assert run_guard([part(b"1", more=True), GONE]) == ([], [])


def test_what_is_no_request_passes_through() -> None:
    seen: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> Message:
        raise AssertionError("nothing is read or sent")

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent")

    asyncio.run(BodyGuard(application, max_bytes=1, read_s=1)({"type": "lifespan"}, nothing, send))
    assert seen == ["lifespan"]
