"""What was said in a conversation, so that a client can go on from an answer by its id alone.

Where users' words may not be kept, not even here, what the answers quoted is: the articles' words. Search
takes a subject from them as well, though a little less surely (docs/measurements.md, "Earlier turns").
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from indexer import Turn
from service.answering import Question
from service.schemas import AskReply

# Twice as many turns as search looks at, and more of each: what an answer is written from.
KEPT_TURNS = 8
KEPT_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns up to an answer, oldest first, and the locale asked for (None where none was).

    `id` is the conversation's on the wire; `client_key` the id of the key that it is held under.
    """

    turns: tuple[Turn, ...]
    locale: str | None
    id: str | None = None
    client_key: str | None = None

    def shortened(self) -> Conversation:
        """The last turns, cut: what is worth keeping."""
        kept = tuple(Turn(turn.role, turn.content[:KEPT_CHARS]) for turn in self.turns[-KEPT_TURNS:])
        return replace(self, turns=kept)


def conversation_after(
    question: Question, reply: AskReply, *, earlier: Conversation | None, client_key: str | None, words: bool
) -> Conversation:
    """The conversation, now that its question is answered; without `words` it has none of a user's.

    `question` has the turns of `earlier` in its history.
    """
    if words:
        said = (*question.history, Turn("user", question.text), Turn("assistant", reply.answer))
    else:
        quotes = " ".join(citation.quote for citation in reply.citations)
        said = (*(earlier.turns if earlier else ()), *([Turn("assistant", quotes)] if quotes else []))
    return Conversation(said, question.locale, reply.conversation, client_key)


class TurnMemory(Protocol):
    """Keeps conversations by the id of their last response; called from several threads."""

    @property
    def words(self) -> bool:
        """Whether words of users may be kept."""
        ...

    def keep(self, response_id: str, conversation: Conversation) -> None:
        """Remember the conversation for a while."""
        ...

    def find(self, response_id: str, *, client_key: str | None) -> Conversation | None:
        """The conversation up to this response; None where it is not kept (any more) under this key."""
        ...


class ProcessMemory:
    """A `TurnMemory` in this process: `most` conversations, each for `keep_s` seconds.

    The oldest is forgotten first; `clock` gives seconds. `most` of 0 keeps nothing.
    """

    def __init__(self, *, most: int, keep_s: float, clock: Callable[[], float], words: bool) -> None:
        self.words = words
        self._most = most
        self._keep_s = keep_s
        self._clock = clock
        self._lock = threading.Lock()
        # In order of time, and so of expiry.
        self._kept: OrderedDict[str, tuple[float, Conversation]] = OrderedDict()

    def keep(self, response_id: str, conversation: Conversation) -> None:
        """Remember it, shortened; forget what is too old or too much."""
        with self._lock:
            self._kept[response_id] = (self._clock() + self._keep_s, conversation.shortened())
            self._kept.move_to_end(response_id)
            self._forget(most=self._most)

    def find(self, response_id: str, *, client_key: str | None) -> Conversation | None:
        """The conversation, where it is still kept and was held under this key."""
        with self._lock:
            self._forget(most=self._most)
            _, conversation = self._kept.get(response_id, (0.0, None))
        if conversation is None or conversation.client_key != client_key:
            return None
        return conversation

    def _forget(self, *, most: int) -> None:
        now = self._clock()
        while self._kept and (len(self._kept) > most or next(iter(self._kept.values()))[0] <= now):
            self._kept.popitem(last=False)
