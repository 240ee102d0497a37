"""A question becomes an answer with citations, or an honest refusal.

1. The locale is chosen among those of the index (asking.py).
2. The index is searched in that locale.
3. The hits are judged: below `refuse_below` nothing is said.
4. The writer drafts; each mark becomes a verified quote or its sentence is dropped (citations.py).
   Where a newer version of the article stands in another locale, its citations say so.
5. Where nothing is left to say, other locales are asked, the source locale first, but only
   among the articles that the asked locale lacks or has in an older version; the first that
   clears a higher threshold answers, and the answer says that it is a fallback.
6. Where they can't answer either, the refusal gives its reason in the reader's language and the
   asked locale's nearest hits.

The whole flow runs on the one Index that it is given, so that no answer mixes generations. It is a
generator of its steps: the chosen locale, then each sentence as soon as it is verified; a locale that
has said a sentence is the one that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from indexer import SOURCE_LOCALE, Edition, Filters, Index, Ranking, Turn
from service.asking import LocaleChoice, LocaleGuesser, choose_locale
from service.citations import (
    CitedSentence,
    CitedText,
    WriterName,
    cite_sentences,
    join_sentences,
    note_drift,
)
from service.confidence import AbstainReason, Confidence
from service.messages import Messages
from service.writers import AnswerWriter

Clock = Callable[[], float]
# What is known of an answer before its end.
Step = LocaleChoice | CitedSentence
T = TypeVar("T")

# Hits that are judged and written from, whatever number the client wants to see.
HITS_READ = 10
# How much surer, of what is left to certainty, an answer from another locale must be: the few articles
# that only other locales have seldom answer, and there are many locales to be wrong in.
FALLBACK_SURER = 0.5


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asked, as asked; `k` is how many hits it wants."""

    text: str
    k: int
    locale: str | None = None
    accept_language: str | None = None
    history: tuple[Turn, ...] = ()
    filters: Filters | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides how a question is answered; `clock` gives seconds, `on_answer` hears each answer."""

    writer: AnswerWriter
    confidence: Confidence
    guess: LocaleGuesser
    messages: Messages
    refuse_below: float
    fallback: bool
    clock: Clock
    on_answer: Callable[[Answer], None] = lambda answer: None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a refusal where `reason` is not None (then without citations).

    `ranking` and `confidence` are those of the locale that answered, or of the asked one;
    `asked_confidence` is the asked locale's always. `timings_ms` are by stage.
    """

    text: str
    reason: AbstainReason | None
    choice: LocaleChoice
    fallback: bool
    confidence: float
    asked_confidence: float
    writer: WriterName
    cited: CitedText
    ranking: Ranking
    timings_ms: dict[str, float]


@dataclass(slots=True)
class _Stopwatch:
    """Milliseconds since the last lap, summed by stage; each lap is also a place to stop at."""

    clock: Clock
    checkpoint: Callable[[], None]
    started: float = field(init=False)
    last: float = field(init=False)
    ms: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.started = self.last = self.clock()

    def lap(self, stage: str) -> None:
        now = self.clock()
        self.ms[stage] = round(self.ms.get(stage, 0.0) + 1000 * (now - self.last), 3)
        self.last = now
        self.checkpoint()

    def total(self) -> dict[str, float]:
        return {**self.ms, "total": round(1000 * (self.clock() - self.started), 3)}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one locale has to say; `reason` counts only where `cited` is empty."""

    ranking: Ranking
    confidence: float
    reason: AbstainReason
    cited: CitedText
    writer: WriterName


def search_question(
    index: Index, question: Question, *, guess: LocaleGuesser
) -> tuple[LocaleChoice, Ranking]:
    """The chosen locale and its hits.

    Raises:
        UnknownLocale: the field's language is not in the index.
        QuestionError: the index can't search this question.
    """
    choice = _choose(index, question, guess)
    return choice, _search(index, question, choice.served, k=question.k)


def answer_question(
    index: Index, question: Question, *, rules: Rules, checkpoint: Callable[[], None]
) -> Answer:
    """The answer to one question; `checkpoint` is called between stages and may raise to stop.

    Raises:
        UnknownLocale: the field's language is not in the index.
        QuestionError: the index can't search this question.
    """
    return _finish(answer_steps(index, question, rules=rules, checkpoint=checkpoint))


def answer_steps(
    index: Index, question: Question, *, rules: Rules, checkpoint: Callable[[], None]
) -> Generator[Step, None, Answer]:
    """The chosen locale, each verified sentence in its turn, and at the end the whole answer.

    The sentences are those of the answer, in its order; a refusal has none. Raises as
    `answer_question` does, before the first sentence.
    """
    watch = _Stopwatch(rules.clock, checkpoint)
    choice = _choose(index, question, rules.guess)
    watch.lap("locale")
    yield choice
    depth = max(question.k, HITS_READ)
    ranking = _search(index, question, choice.served, k=depth)
    asked = yield from _attempt(ranking, rules=rules, watch=watch, at_least=rules.refuse_below)
    answered = asked if asked.cited.citations else None
    if answered is None and rules.fallback:
        answered = yield from _ask_elsewhere(index, question, choice.served, rules=rules, watch=watch)
    attempt = answered or asked
    reason = None if answered else asked.reason
    answer = Answer(
        text=attempt.cited.text if reason is None else rules.messages.refusal(reason, choice.served),
        reason=reason,
        choice=choice,
        fallback=attempt is not asked,
        confidence=attempt.confidence,
        asked_confidence=asked.confidence,
        writer=attempt.writer,
        cited=note_drift(attempt.cited, index),
        ranking=replace(attempt.ranking, hits=attempt.ranking.hits[: question.k]),
        timings_ms=watch.total(),
    )
    rules.on_answer(answer)
    return answer


def _choose(index: Index, question: Question, guess: LocaleGuesser) -> LocaleChoice:
    asked_before = [turn.content for turn in question.history if turn.role == "user"]
    return choose_locale(
        field=question.locale,
        accept_language=question.accept_language,
        text="\n".join([*asked_before, question.text]),
        available=[summary.locale for summary in index.locales],
        guess=guess,
    )


def _search(
    index: Index,
    question: Question,
    locale: str,
    *,
    k: int,
    among: frozenset[str] | None = None,
) -> Ranking:
    return index.search(
        question.text,
        locale=locale,
        k=k,
        filters=question.filters,
        history=question.history,
        among=among,
    )


def _attempt(
    ranking: Ranking, *, rules: Rules, watch: _Stopwatch, at_least: float, stage: str | None = None
) -> Generator[Step, None, _Attempt]:
    watch.lap(stage or "search")
    judgement = rules.confidence(ranking)
    watch.lap(stage or "confidence")
    if judgement.confidence < at_least:
        return _Attempt(ranking, judgement.confidence, judgement.reason, CitedText("", ()), rules.writer.name)
    draft = rules.writer.draft(ranking)
    said: list[CitedSentence] = []
    for sentence in cite_sentences(draft.sentences, ranking.hits):
        said.append(sentence)
        yield sentence
    watch.lap(stage or "writing")
    cited = join_sentences(said)
    return _Attempt(ranking, judgement.confidence, AbstainReason.NOT_STATED, cited, draft.writer)


def _ask_elsewhere(
    index: Index, question: Question, asked: str, *, rules: Rules, watch: _Stopwatch
) -> Generator[Step, None, _Attempt | None]:
    surer = rules.refuse_below + FALLBACK_SURER * (1 - rules.refuse_below)
    for locale in _other_locales(index, asked):
        among = editions_missing_in(index, asked, locale)
        if among:
            ranking = _search(index, question, locale, k=max(question.k, HITS_READ), among=among)
            attempt = yield from _attempt(ranking, rules=rules, watch=watch, at_least=surer, stage="fallback")
            if attempt.cited.citations:
                return attempt
    return None


def _finish(steps: Generator[object, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def _other_locales(index: Index, asked: str) -> Iterator[str]:
    others = sorted(summary.locale for summary in index.locales if summary.locale != asked)
    yield from sorted(others, key=lambda locale: locale != SOURCE_LOCALE)


def editions_missing_in(index: Index, asked: str, other: str) -> frozenset[str]:
    """Paths of the editions in `other` that `asked` lacks, or has with an earlier hand-over."""
    known = index.editions(asked)
    return frozenset(
        path
        for path, edition in index.editions(other).items()
        if path not in known or _is_newer(edition, known[path])
    )


def _is_newer(edition: Edition, known: Edition) -> bool:
    handed, before = edition.translation.handed_over, known.translation.handed_over
    return handed is not None and before is not None and handed > before
