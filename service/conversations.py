"""Keeps what was asked and answered, and never lets an answer wait for it.

1. `remember` puts an exchange into a bounded queue and returns; where the queue is full the
   exchange is lost and counted.
2. One thread stores what waits, many at a time. It makes the tables, and deletes what is older
   than the retention at its start and once an hour.
3. While the database is down the queue is kept and the thread tries again, after rests that grow;
   one line says that it is down and one that it is back.
4. A record that the database refuses is left out alone.

Feedback is stored at once, after the exchanges that were remembered before it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from service.conversation_store import ConversationStore
from service.database import DatabaseDown, StoreError, UnknownAnswer, Unstorable
from service.exchanges import Exchange, Feedback, exchange_of
from service.schemas import AskReply

WAITING_MAX = 1_000
BATCH = 100
PURGE_EVERY = timedelta(hours=1)
# How long an idle thread sleeps before it looks whether to purge.
IDLE_S = 60.0
REST_S = 0.5
REST_MAX_S = 30.0
# A write that takes longer counts as an outage, though no error has come yet.
SLOW = timedelta(seconds=15)
SETTLE_S = 2.0
STOP_S = 5.0
HANDED_OVER_MAX = 20

StorageState = Literal["off", "stored", "down"]


class NotStored(Exception):
    """Conversations are not stored at all; the message says how to switch that on."""


class Conversations:
    """What the service keeps; without a store it keeps nothing and says so. Safe from any thread."""

    def __init__(
        self,
        store: ConversationStore | None,
        *,
        keep_texts: bool,
        retention: timedelta,
        now: Callable[[], datetime],
        on_event: Callable[[str], None],
    ) -> None:
        """Start nothing yet; `now` gives aware times. Without `keep_texts` no user's words are kept."""
        self.fault: str | None = None
        self.lost = 0
        self.keep_texts = keep_texts
        self._store = store
        self._retention = retention
        self._now = now
        self._on_event = on_event
        self._changed = threading.Condition()
        self._waiting: deque[Exchange] = deque()
        self._taken = self._settled = 0
        self._lost_told = 0
        self._prepared = False
        self._purge_at = now()
        self._busy_since: datetime | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> StorageState:
        """Whether conversations are stored now."""
        if self._store is None:
            return "off"
        began = self._busy_since
        hangs = began is not None and self._now() - began > SLOW
        return "down" if self.fault is not None or hangs else "stored"

    @property
    def waiting(self) -> int:
        """How many exchanges are not stored yet."""
        return len(self._waiting)

    def start(self) -> None:
        """Start the thread that stores; a database that is down is no error."""
        if self._store is not None:
            self._thread = threading.Thread(target=self._run, name="conversations", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Store what waits, for a few seconds at most, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None and self._store is not None:
            self._thread.join(STOP_S)
            left = len(self._waiting)
            if left:
                self._on_event(f"conversations: {left} were not stored before the end")
            self._store.close()

    def remember(self, reply: AskReply, *, question: str, client_key: str | None = None) -> None:
        """Take an answered question for storing; returns at once and raises nothing."""
        if self._store is None:
            return
        exchange = exchange_of(
            reply, question=question, asked_at=self._now(), client_key=client_key, keep_texts=self.keep_texts
        )
        with self._changed:
            if len(self._waiting) >= WAITING_MAX or self._stopping:
                self.lost += 1
                return
            self._waiting.append(exchange)
            self._taken += 1
            self._changed.notify_all()

    def rate(self, feedback: Feedback, *, client_key: str | None) -> Feedback:
        """Store feedback in the place of earlier feedback on the same answer; gives what is kept of it.

        Raises:
            NotStored: there is no database.
            DatabaseDown: not stored.
            UnknownAnswer: no answer of this id is stored under this key.
            Unstorable: the database refuses it.
        """
        store = self._settled_store()
        kept = feedback if self.keep_texts else replace(feedback, note=None)
        try:
            store.rate(kept, client_key=client_key)
        except DatabaseDown as error:
            self._note_down(str(error))
            raise
        return kept

    def find(
        self, *, answer_id: str | None, conversation: str | None, client_key: str | None
    ) -> list[Exchange]:
        """The exchange of the answer, else the last ones of the conversation, oldest first.

        Raises:
            NotStored: there is no database.
            DatabaseDown: it can't be read now.
            UnknownAnswer: nothing is stored of it under this key.
        """
        store = self._settled_store()
        try:
            if answer_id is not None:
                exchange = store.read_exchange(answer_id)
                found = [] if exchange is None or exchange.client_key != client_key else [exchange]
            else:
                found = store.read_conversation(
                    conversation or "", client_key=client_key, most=HANDED_OVER_MAX
                )
        except DatabaseDown as error:
            self._note_down(str(error))
            raise
        if not found or (conversation is not None and found[0].conversation != conversation):
            raise UnknownAnswer(f"no answer {answer_id or f'in conversation {conversation}'} is stored")
        return found

    def _settled_store(self) -> ConversationStore:
        if self._store is None:
            raise NotStored("conversations are not stored: set CITEDESK_DATABASE_URL to store them")
        if self.state == "down":
            raise DatabaseDown(self.fault or f"{self._store.name} does not answer")
        with self._changed:
            before = self._taken
            self._changed.wait_for(lambda: self.fault or self._has_settled(before), SETTLE_S)
            if not self._has_settled(before):
                raise DatabaseDown(self.fault or f"{self._store.name} is busy")
        return self._store

    def _has_settled(self, count: int) -> bool:
        return self._prepared and self._settled >= count

    def _run(self) -> None:
        store, rest_s = self._store, REST_S
        while store is not None and not self._is_done():
            try:
                self._work(store)
                rest_s = REST_S
            except Exception as error:  # a thread that ended would store nothing any more
                self._note_down(str(error) if isinstance(error, StoreError) else type(error).__name__)
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, rest_s)
                rest_s = min(2 * rest_s, REST_MAX_S)
            finally:
                self._busy_since = None

    def _is_done(self) -> bool:
        return self._stopping and (not self._waiting or self.fault is not None)

    def _work(self, store: ConversationStore) -> None:
        self._busy_since = self._now()
        if not self._prepared:
            store.prepare()
        if self._now() >= self._purge_at:
            store.purge(before=self._now() - self._retention)
            self._purge_at = self._now() + PURGE_EVERY
        with self._changed:
            batch = list(islice(self._waiting, BATCH))
        if batch:
            self._add(store, batch)
        self._busy_since = None
        self._note_done(len(batch))
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping or not self._prepared, IDLE_S)

    def _add(self, store: ConversationStore, batch: Sequence[Exchange]) -> None:
        try:
            store.add(batch)
        except Unstorable as error:
            if len(batch) > 1:
                for exchange in batch:
                    self._add(store, [exchange])
                return
            self.lost += 1
            self._on_event(f"conversations: one was not stored: {error}")

    def _note_down(self, fault: str) -> None:
        with self._changed:
            told, self.fault, self._prepared = self.fault, fault, False
            self._changed.notify_all()
        if told is None:
            self._on_event(f"conversations are not stored, answers go out: {fault}")

    def _note_done(self, count: int) -> None:
        with self._changed:
            for _ in range(count):
                self._waiting.popleft()
            self._settled += count
            told, self.fault, self._prepared = self.fault, None, True
            lost, self._lost_told = self.lost - self._lost_told, self.lost
            self._changed.notify_all()
        if told is not None:
            self._on_event(f"conversations are stored again, {lost} were lost")
