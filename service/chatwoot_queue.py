"""Messages that are answered after their webhook was: each once, in order, and not without end.

1. A message that was taken before is known by its number and left alone.
2. Where `WAITING_MAX` are worked on or wait, one more is refused, so that Chatwoot sends it again.
3. Each is a task of its own that waits for the one before it in the same conversation. Where a
   person has the conversation now, what waits in it is left to them.
4. A fault ends its task alone; it is told without the words that were worked on.
5. At the end of the service nothing more is taken, and what runs has `DRAIN_S` to end.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from service.chatwoot_client import Place
from service.chatwoot_webhook import TOLERANCE, IncomingMessage
from service.faults import describe_fault

WAITING_MAX = 64
# A delivery is believed this long on either side of now.
REMEMBERED_S = 2 * TOLERANCE.total_seconds()
REMEMBERED_MAX = 20_000
# For one message with all its tries; far more than it needs.
ANSWER_MAX_S = 120.0
DRAIN_S = 5.0

# Answers a message; true where a person has the conversation then.
Answerer = Callable[[IncomingMessage], Awaitable[bool]]


class QueueFull(Exception):
    """No message can be taken now."""


@dataclass(slots=True)
class ChatwootQueue:
    """Works in the event loop that takes the messages; `clock` gives seconds."""

    answer: Answerer
    clock: Callable[[], float]
    on_event: Callable[[str], None]
    _seen: OrderedDict[tuple[int, int], float] = field(default_factory=OrderedDict)
    _last: dict[Place, asyncio.Task[bool]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[bool]] = field(default_factory=set)
    _stopping: bool = False

    def take(self, message: IncomingMessage) -> bool:
        """Have the message answered later; false where that was done before.

        Raises:
            QueueFull: too many wait, or the service is stopping.
        """
        if self._was_seen(message):
            return False
        if self._stopping or len(self._tasks) >= WAITING_MAX:
            raise QueueFull("no further message can be taken now")
        self._seen[message.place.account, message.id] = self.clock() + REMEMBERED_S
        task = asyncio.create_task(self._run(message, self._last.get(message.place)))
        self._last[message.place] = task
        # The loop itself holds a task only weakly.
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._forget(message.place, done))
        return True

    async def drain(self, within_s: float = DRAIN_S) -> None:
        """Take nothing more, let what runs end, and break off what has not ended in time."""
        self._stopping = True
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=within_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            self.on_event(f"chatwoot: {len(late)} messages were not answered before the end")

    def _was_seen(self, message: IncomingMessage) -> bool:
        now = self.clock()
        # In order of time, and so of expiry.
        while self._seen and (len(self._seen) > REMEMBERED_MAX or next(iter(self._seen.values())) <= now):
            self._seen.popitem(last=False)
        return (message.place.account, message.id) in self._seen

    async def _run(self, message: IncomingMessage, before: asyncio.Task[bool] | None) -> bool:
        if before is not None:
            await asyncio.wait({before})
            if not before.cancelled() and before.result():
                return True
        try:
            async with asyncio.timeout(ANSWER_MAX_S):
                return await self.answer(message)
        except Exception as error:  # one message must not end the others'
            self.on_event(f"chatwoot: a message was not answered\n{describe_fault(error)}")
            return False

    def _forget(self, place: Place, task: asyncio.Task[bool]) -> None:
        self._tasks.discard(task)
        if self._last.get(place) is task:
            del self._last[place]
