"""Answers written by a language model, held to the rules of every answer here.

1. The passages go to the endpoint as numbered data, with the rules (chat_prompt.py).
2. Its text is cut into sentences as it comes (chat_sentences.py).
3. Each sentence is checked against the passages that it cites (support.py); what they don't bear out,
   and what was said already, is dropped before anybody sees it.
4. Where nothing is left, the extractive writer answers and the draft says why. A model that answers
   nothing is no refusal: a hostile article could ask for that.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace

from service.assignment import Assignment
from service.chat_client import ChatFault, ChatRequest
from service.chat_endpoint import ChatEndpoint
from service.chat_prompt import answer_messages, shown_hits
from service.chat_sentences import SentenceStream, WrittenSentence
from service.citations import Draft, DraftSentence, WriterFault, WriterName
from service.evidence import EvidenceReader
from service.facts import Facts, read_facts
from service.language_words import Languages
from service.support import SupportCheck
from service.wording import content_terms
from service.writers import AnswerWriter

# What is left of a request's time for the extractive writer and the reply.
RESERVE_S = 0.5
# A model that writes on without being borne out is stopped.
SENTENCES_READ_MAX = 24


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """Most sentences of an answer, most tokens of the model's text, seconds for one call."""

    sentences_max: int
    tokens_max: int
    timeout_s: float


class ChatWriter:
    """Writes with a language model; `instead` writes where that fails."""

    name: WriterName = "chat"

    def __init__(
        self, endpoint: ChatEndpoint, *, instead: AnswerWriter, languages: Languages, limits: ChatLimits
    ) -> None:
        """Write through `endpoint`, which the caller closes."""
        self._endpoint = endpoint
        self._instead = instead
        self._languages = languages
        self._limits = limits

    def draft_stream(self, assignment: Assignment) -> Generator[DraftSentence, None, Draft]:
        """The sentences that are borne out, each as soon as it is checked; else those of `instead`."""
        said: list[DraftSentence] = []
        fault: WriterFault | None = None
        try:
            with closing(self._supported(assignment)) as supported:
                for sentence in supported:
                    said.append(sentence)
                    yield sentence
                    if len(said) == self._limits.sentences_max:
                        break
        except ChatFault as error:
            fault = error.fault
        if said:
            return Draft(tuple(said), self.name, fault)
        draft = yield from self._instead.draft_stream(assignment)
        return replace(draft, fault=fault or WriterFault.UNSUPPORTED)

    def _supported(self, assignment: Assignment) -> Generator[DraftSentence, None, None]:
        ranking = assignment.ranking
        hits = shown_hits(ranking.hits)
        if not hits:
            return
        locale = self._languages.reader_locale(ranking.question, assignment.locale)
        words = self._languages.of(locale)
        check = SupportCheck(hits, EvidenceReader(assignment.passages, self._languages, locale))
        messages = answer_messages(
            ranking.question,
            hits,
            history=assignment.history,
            language=words.name,
            most=self._limits.sentences_max,
        )
        request = ChatRequest(tuple(messages), self._limits.tokens_max)
        said: set[tuple[frozenset[str], Facts]] = set()
        with closing(self._written(request, assignment)) as written:
            for sentence in written:
                meaning = content_terms(sentence.text, words), read_facts(sentence.text, words)
                marks = () if meaning in said else check.marks(sentence.text, sentence.numbers)
                if marks:
                    said.add(meaning)
                    yield DraftSentence(sentence.text, marks)

    def _written(
        self, request: ChatRequest, assignment: Assignment
    ) -> Generator[WrittenSentence, None, None]:
        patience = assignment.patience
        within_s = min(self._limits.timeout_s, patience.left_s() - RESERVE_S)
        sentences = SentenceStream()
        read = 0
        call = self._endpoint.stream(request, within_s=within_s, checkpoint=patience.checkpoint)
        with closing(call) as pieces:
            for piece in pieces:
                for sentence in sentences.feed(piece):
                    yield sentence
                    read += 1
                if read >= SENTENCES_READ_MAX:
                    return
        yield from sentences.finish()
