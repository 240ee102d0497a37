"""Pieces of an answer reach their reader as they come, and a reader that leaves stops the work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import cast

import pytest
from pydantic import BaseModel
from sse_starlette import ServerSentEvent

from indexer import Index
from service.admission import Admission, Checkpoint, DeadlinePassed, Overloaded
from service.answering import Answer, Question, answer_steps
from service.asking import LocaleChoice
from service.citations import CitedSentence, Draft, DraftSentence, Mark
from service.streaming import end_with, event_response, json_event, stream_work
from service.writers import ExtractiveWriter
from tests.fake_index import FakeIndex
from tests.service_app import make_rules
from tests.test_service_admission import until

WRITE = "ja-jp/partner-help/mail#when-we-write.0"
SEATS = "ja-jp/partner-help/seats#cancel.0"


def admission(*, deadline_s: float = 5) -> Admission:
    return Admission(threads=1, queue_max=0, deadline_s=deadline_s)


async def collect(pieces: AsyncGenerator[str, None]) -> list[str]:
    return [piece async for piece in pieces]


def test_pieces_come_in_their_order() -> None:
    assert asyncio.run(collect(stream_work(admission(), lambda checkpoint: (each for each in "abc")))) == [
        "a",
        "b",
        "c",
    ]


def test_a_piece_comes_before_the_next_is_worked_out() -> None:
    seen = threading.Event()

    def work(checkpoint: Checkpoint) -> Generator[str, None, None]:
        yield "first"
        assert seen.wait(5)
        yield "second"

    async def scenario() -> list[str]:
        pieces = stream_work(admission(), work)
        first = await anext(pieces)
        seen.set()
        return [first, *await collect(pieces)]

    assert asyncio.run(scenario()) == ["first", "second"]


def test_an_error_comes_after_the_pieces_before_it() -> None:
    def work(checkpoint: Checkpoint) -> Generator[str, None, None]:
        yield "first"
        raise KeyError("lost")

    async def scenario() -> str:
        pieces = stream_work(admission(), work)
        first = await anext(pieces)
        with pytest.raises(KeyError, match="lost"):
            await anext(pieces)
        return first

    assert asyncio.run(scenario()) == "first"


def test_the_deadline_holds_for_the_whole_stream() -> None:
    def work(checkpoint: Checkpoint) -> Generator[str, None, None]:
        yield "first"
        while True:
            checkpoint()

    async def scenario() -> str:
        house = admission(deadline_s=0.05)
        pieces = stream_work(house, work)
        first = await anext(pieces)
        with pytest.raises(DeadlinePassed):
            await anext(pieces)
        await until(lambda: house.free == 1)
        return first

    assert asyncio.run(scenario()) == "first"


def endless(working: threading.Event, ended: list[str]) -> Callable[[Checkpoint], Generator[str, None, None]]:
    def work(checkpoint: Checkpoint) -> Generator[str, None, None]:
        yield "first"
        while True:
            working.set()
            try:
                checkpoint()
            except DeadlinePassed:
                ended.append("stopped")
                raise

    return work


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_the_work_stops_when_nobody_reads_any_more(how: str) -> None:
    working, ended = threading.Event(), list[str]()
    house = admission()

    async def scenario() -> None:
        pieces = stream_work(house, endless(working, ended))
        await anext(pieces)
        await until(working.is_set)
        with pytest.raises(Overloaded):
            await collect(stream_work(house, lambda checkpoint: (each for each in "a")))
        if how == "closed":
            await pieces.aclose()
        else:
            reading = asyncio.create_task(collect(pieces))
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        await until(lambda: house.free == 1)

    asyncio.run(scenario())
    assert ended == ["stopped"]


class Text(BaseModel):
    text: str


def test_an_event_is_one_line_of_json_for_every_reader() -> None:
    event = json_event(Text(text="one\r\ntwo\x85three\u2028four\u2029"), name="text").encode()
    assert event == (
        b'event: text\ndata: {"text":"one\\r\\ntwo\\u0085three\\u2028four\\u2029"}\n\n'
    )  # fmt: skip


async def slow_events() -> AsyncGenerator[ServerSentEvent, None]:
    yield json_event(Text(text="first"))
    await asyncio.sleep(0.25)
    yield json_event(Text(text="second"))


def sent(events: AsyncGenerator[ServerSentEvent, None], *, heartbeat_s: float) -> str:
    """What a client that stays gets."""
    body = bytearray()

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError("nothing comes")

    async def send(message: object) -> None:
        body.extend(cast("dict[str, bytes]", message).get("body", b""))

    response = event_response(events, heartbeat_s=heartbeat_s)
    asyncio.run(response({"type": "http", "method": "POST"}, receive, send))
    return body.decode()


def test_a_silent_stream_sends_comments() -> None:
    text = sent(slow_events(), heartbeat_s=0.1)
    first, *comments, second, rest = text.split("\n\n")
    assert (first, second, rest) == ('data: {"text":"first"}', 'data: {"text":"second"}', "")
    assert set(comments) == {": heartbeat"}


def test_a_last_line_of_plain_data_may_follow() -> None:
    assert sent(end_with(slow_events(), "[DONE]"), heartbeat_s=9).endswith(
        'data: {"text":"second"}\n\ndata: [DONE]\n\n'
    )


class TwoSentences(ExtractiveWriter):
    """Drafts two sentences and one that does not hold, in the ranking's first passage."""

    def draft(self, ranking: object) -> Draft:
        marks = (Mark(WRITE, 0, 29),)
        return Draft(
            (
                DraftSentence("Yes.", marks),
                DraftSentence("Made up.", (Mark("ja-jp/none#x.0", 0, 1),)),
                DraftSentence("But not of prices.", (Mark(SEATS, 0, 10), *marks)),
            ),
            "extractive",
        )


def test_an_answer_is_worked_out_in_steps() -> None:
    rules = make_rules(TwoSentences(sentences_max=4), clock=lambda: 0.0)
    question = Question("May the vendor write to customers about outages?", k=1, locale="ja-jp")
    steps = answer_steps(cast(Index, FakeIndex()), question, rules=rules, checkpoint=lambda: None)
    choice = next(steps)
    assert choice == LocaleChoice("ja-jp", "ja-jp", guessed=False)
    said = [next(steps), next(steps)]
    assert [
        (s.text, s.numbered, [c.number for c in s.citations]) for s in said if isinstance(s, CitedSentence)
    ] == [
        ("Yes.", "Yes.[1]", [1]),
        ("But not of prices.", "But not of prices.[1][2]", [1, 2]),
    ]
    with pytest.raises(StopIteration) as end:
        next(steps)
    answer = end.value.value
    assert isinstance(answer, Answer)
    assert answer.text == "Yes.[1] But not of prices.[1][2]"
    assert [citation.number for citation in answer.cited.citations] == [1, 2]
