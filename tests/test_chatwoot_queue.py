"""Messages are answered each once, in order within a conversation, and not without end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from service.chatwoot_client import Place
from service.chatwoot_queue import REMEMBERED_MAX, REMEMBERED_S, WAITING_MAX, ChatwootQueue, QueueFull
from service.chatwoot_webhook import IncomingMessage
from tests.fakes import Clock


def message(number: int, *, conversation: int = 1, account: int = 3) -> IncomingMessage:
    return IncomingMessage(Place(account, conversation), number, f"question {number}", ())


class Recorder:
    """Answers when it is let: writes down which message began, and hands over those it is told to."""

    def __init__(self, *, handed_over: tuple[int, ...] = (), faulty: tuple[int, ...] = ()) -> None:
        self.began: list[int] = []
        self.may_end = asyncio.Event()
        self._handed_over = handed_over
        self._faulty = faulty

    async def answer(self, message: IncomingMessage) -> bool:
        self.began.append(message.id)
        await self.may_end.wait()
        if message.id in self._faulty:
            raise RuntimeError(f"canary-7319: {message.text}")
        return message.id in self._handed_over


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario()

    asyncio.run(bounded())


def queue_of(
    recorder: Recorder, *, clock: Clock | None = None, events: list[str] | None = None
) -> ChatwootQueue:
    told: list[str] = [] if events is None else events
    return ChatwootQueue(answer=recorder.answer, clock=clock or Clock(), on_event=told.append)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_message_is_answered_once_however_often_it_comes() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        queue = queue_of(recorder)
        assert [queue.take(message(1)), queue.take(message(1))] == [True, False]
        recorder.may_end.set()
        await queue.drain()
        assert queue.take(message(1)) is False
        assert recorder.began == [1]

    run(scenario)


def test_the_same_number_in_another_account_is_another_message() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        recorder.may_end.set()
        queue = queue_of(recorder)
        assert queue.take(message(1, account=3))
        assert queue.take(message(1, account=4))
        await queue.drain()

    run(scenario)


def test_a_number_is_remembered_for_as_long_as_its_delivery_is_believed() -> None:
    async def scenario() -> None:
        recorder, clock = Recorder(), Clock()
        recorder.may_end.set()
        queue = queue_of(recorder, clock=clock)
        queue.take(message(1))
        clock.now = REMEMBERED_S - 1
        assert queue.take(message(1)) is False
        clock.now = REMEMBERED_S
        assert queue.take(message(1)) is True
        await queue.drain()

    assert REMEMBERED_S == 600
    run(scenario)


def test_what_is_remembered_has_an_end() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        recorder.may_end.set()
        queue = queue_of(recorder)
        for number in range(1, REMEMBERED_MAX + 3):
            queue.take(message(number, conversation=number))
            if number % 50 == 0:
                await settle()
        assert queue.take(message(REMEMBERED_MAX)) is False
        assert queue.take(message(1)) is True
        await queue.drain()

    run(scenario)


def test_one_conversation_is_answered_in_order_and_others_beside_it() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        queue = queue_of(recorder)
        for number, conversation in ((1, 1), (2, 1), (3, 2)):
            queue.take(message(number, conversation=conversation))
        await settle()
        assert recorder.began == [1, 3]
        recorder.may_end.set()
        await queue.drain()
        assert recorder.began == [1, 3, 2]

    run(scenario)


def test_what_waits_behind_a_message_that_went_to_a_person_is_left_to_them() -> None:
    async def scenario() -> None:
        recorder = Recorder(handed_over=(1,))
        queue = queue_of(recorder)
        for number in (1, 2, 3):
            queue.take(message(number))
        recorder.may_end.set()
        await queue.drain()
        assert recorder.began == [1]

    run(scenario)


def test_a_fault_ends_one_message_and_is_told_without_its_words() -> None:
    async def scenario() -> None:
        events: list[str] = []
        recorder = Recorder(faulty=(1,))
        queue = queue_of(recorder, events=events)
        queue.take(message(1))
        queue.take(message(2))
        recorder.may_end.set()
        await queue.drain()
        assert recorder.began == [1, 2]
        [event] = events
        assert event.startswith("chatwoot: a message was not answered\nfault: RuntimeError")
        assert "canary" not in event
        assert "question" not in event

    run(scenario)


def test_one_message_too_many_is_refused_and_taken_when_it_comes_again() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        queue = queue_of(recorder)
        for number in range(1, WAITING_MAX + 1):
            queue.take(message(number, conversation=number))
        with pytest.raises(QueueFull):
            queue.take(message(1_000))
        recorder.may_end.set()
        await settle()
        assert queue.take(message(1_000)) is True
        await queue.drain()
        assert len(recorder.began) == WAITING_MAX + 1

    run(scenario)


def test_nothing_is_left_behind_by_what_is_done() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        recorder.may_end.set()
        queue = queue_of(recorder)
        for number in range(1, 200):
            queue.take(message(number, conversation=number))
            await settle()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await queue.drain()

    run(scenario)


def test_the_end_waits_for_what_runs_and_breaks_off_what_does_not_end() -> None:
    async def scenario() -> None:
        events: list[str] = []
        queue = queue_of(Recorder(), events=events)
        queue.take(message(1))
        queue.take(message(2))
        await settle()
        await queue.drain(within_s=0.02)
        assert events == ["chatwoot: 2 messages were not answered before the end"]
        with pytest.raises(QueueFull):
            queue.take(message(3))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(scenario)
