"""Bounded work: a full house is said at once, a deadline holds, and places come free."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from service.admission import Admission, Checkpoint, ClientGone, DeadlinePassed, Overloaded


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def stay() -> None:
    await asyncio.Event().wait()


async def leave() -> None:
    await asyncio.sleep(0)


def lose(checkpoint: Checkpoint) -> None:
    raise KeyError("lost")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def test_the_result_of_the_work_comes_back() -> None:
    admission = Admission(threads=1, queue_max=0, deadline_s=5)
    assert asyncio.run(admission.run(lambda checkpoint: 42, gone=stay)) == 42


def test_an_error_of_the_work_comes_back_and_frees_its_place() -> None:
    admission = Admission(threads=1, queue_max=0, deadline_s=5)

    async def scenario() -> None:
        for _ in range(3):
            with pytest.raises(KeyError, match="lost"):
                await admission.run(lose, gone=stay)

    asyncio.run(scenario())


def test_one_more_than_threads_and_queue_hold_is_refused_at_once(gate: threading.Event) -> None:
    admission = Admission(threads=1, queue_max=1, deadline_s=5)

    async def scenario() -> list[bool]:
        taken = [asyncio.create_task(admission.run(lambda c: gate.wait(5), gone=stay)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="all 2 places are taken"):
            await admission.run(lambda checkpoint: True, gone=stay)
        gate.set()
        return await asyncio.gather(*taken)

    assert asyncio.run(scenario()) == [True, True]
    assert (admission.turned_away, admission.overdue) == (1, 0)


def test_the_deadline_counts_the_time_in_the_queue(gate: threading.Event) -> None:
    admission = Admission(threads=1, queue_max=1, deadline_s=0.05)
    ran: list[str] = []

    async def scenario() -> None:
        first = asyncio.create_task(admission.run(lambda c: gate.wait(5), gone=stay))
        await asyncio.sleep(0)
        with pytest.raises(DeadlinePassed, match=r"no answer within 0.05 s"):
            await admission.run(lambda checkpoint: ran.append("second"), gone=stay)
        with pytest.raises(DeadlinePassed):
            await first
        gate.set()
        await until(lambda: admission.free == 2)

    asyncio.run(scenario())
    assert ran == []
    assert (admission.turned_away, admission.overdue) == (0, 2)


def stopped_work(outcome: list[str]) -> Callable[[Checkpoint], None]:
    def work(checkpoint: Checkpoint) -> None:
        while True:
            time.sleep(0.001)
            try:
                checkpoint()
            except DeadlinePassed:
                outcome.append("stopped")
                raise

    return work


@pytest.mark.parametrize(
    ("gone", "error", "deadline_s"),
    [(stay, DeadlinePassed, 0.05), (leave, ClientGone, 5)],
    ids=["deadline", "client gone"],
)
def test_work_stops_at_its_next_checkpoint_and_the_thread_is_free_again(
    gone: Callable[[], Awaitable[None]], error: type[Exception], deadline_s: float
) -> None:
    admission = Admission(threads=1, queue_max=0, deadline_s=deadline_s)
    outcome: list[str] = []

    async def scenario() -> str:
        with pytest.raises(error):
            await admission.run(stopped_work(outcome), gone=gone)
        await until(lambda: admission.free == 1)
        return await admission.run(lambda checkpoint: "next", gone=stay)

    assert asyncio.run(scenario()) == "next"
    assert outcome == ["stopped"]


def test_a_place_stays_taken_while_work_that_can_not_be_stopped_runs(gate: threading.Event) -> None:
    admission = Admission(threads=1, queue_max=0, deadline_s=0.02)

    async def scenario() -> None:
        with pytest.raises(DeadlinePassed):
            await admission.run(lambda checkpoint: gate.wait(5), gone=stay)
        with pytest.raises(Overloaded):
            await admission.run(lambda checkpoint: None, gone=stay)
        gate.set()
        await until(lambda: admission.free == 1)

    asyncio.run(scenario())


def test_nothing_is_taken_after_closing() -> None:
    admission = Admission(threads=1, queue_max=0, deadline_s=5)
    admission.close()
    with pytest.raises(Overloaded, match="stopping"):
        asyncio.run(admission.run(lambda checkpoint: None, gone=stay))
    assert admission.free == 1


def test_what_waits_at_closing_is_told_that_the_service_stops(gate: threading.Event) -> None:
    admission = Admission(threads=1, queue_max=1, deadline_s=5)

    async def scenario() -> bool:
        running = asyncio.create_task(admission.run(lambda c: gate.wait(5), gone=stay))
        waiting = asyncio.create_task(admission.run(lambda c: True, gone=stay))
        await until(lambda: admission.free == 0)
        admission.close()
        with pytest.raises(Overloaded, match="the service is stopping"):
            await waiting
        gate.set()
        return await running

    assert asyncio.run(scenario())
