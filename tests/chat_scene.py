"""A chat writer on a scripted endpoint over the fake index, for the tests of its parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from indexer import Turn
from service.assignment import Assignment, Patience
from service.chat_client import ChatClient
from service.chat_endpoint import ChatEndpoint
from service.chat_writer import ChatLimits, ChatWriter
from service.citations import CitedSentence
from service.follow_ups import FollowUpRewriter
from service.language_words import read_languages
from service.writers import ExtractiveWriter
from service.writing import Written, write_cited
from tests.fake_index import FakeIndex
from tests.scripted_endpoint import ScriptedEndpoint, scripted_endpoint

LANGUAGES = read_languages()
QUESTION = "May the vendor write to your customers about outages?"
# Of that question's hits the first says "The vendor may write to your customers about outages. It
# never writes to them about prices.", the second "You cannot stop mail about security."; the third
# is about seats.
GOOD = "The vendor may write to customers about outages.[1]"
EXTRACTIVE = "The vendor may write to your customers about outages.[1]"


@dataclass
class ChatScene:
    """Everything that a chat writer needs; `clock` is the breaker's, in seconds, and stands still."""

    endpoint: ScriptedEndpoint
    caller: ChatEndpoint
    writer: ChatWriter
    rewriter: FollowUpRewriter
    clock: list[float]
    index: FakeIndex = field(default_factory=FakeIndex)
    events: list[str] = field(default_factory=list)

    def write(
        self,
        question: str = QUESTION,
        *,
        locale: str = "en-us",
        reader: str | None = None,
        history: tuple[Turn, ...] = (),
        checkpoint: Callable[[], None] = lambda: None,
        left_s: float = math.inf,
        on_sentence: Callable[[CitedSentence], None] = lambda sentence: None,
    ) -> Written:
        """What the writer makes of the question's hits in `locale`."""
        ranking = self.index.search(question, locale=locale)
        patience = Patience(checkpoint, lambda: left_s)
        assignment = Assignment(ranking, self.index, reader or locale, history, patience)
        return finish(write_cited(self.writer, assignment), on_sentence)


def finish(
    steps: Generator[CitedSentence, None, Written],
    on_sentence: Callable[[CitedSentence], None] = lambda sentence: None,
) -> Written:
    """What the steps end with; each sentence before is given on."""
    while True:
        try:
            on_sentence(next(steps))
        except StopIteration as end:
            written: Written = end.value
            return written


@contextmanager
def chat_scene(
    *,
    url: str | None = None,
    stall_s: float = 1.0,
    timeout_s: float = 5.0,
    sentences_max: int = 4,
    tokens_max: int = 300,
) -> Iterator[ChatScene]:
    """A scene that ends with its endpoint; `url` is another address than the scripted one's."""
    clock = [0.0]
    events: list[str] = []
    with scripted_endpoint() as endpoint:
        client = ChatClient(url=url or endpoint.url, model="small", key="sk-canary")
        caller = ChatEndpoint(client, stall_s=stall_s, on_event=events.append, clock=lambda: clock[0])
        writer = ChatWriter(
            caller,
            instead=ExtractiveWriter(sentences_max=sentences_max),
            languages=LANGUAGES,
            limits=ChatLimits(sentences_max=sentences_max, tokens_max=tokens_max, timeout_s=timeout_s),
        )
        rewriter = FollowUpRewriter(caller, languages=LANGUAGES, timeout_s=timeout_s)
        try:
            yield ChatScene(endpoint, caller, writer, rewriter, clock, events=events)
        finally:
            caller.close()
