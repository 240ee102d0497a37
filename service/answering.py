"""A question becomes an answer with citations, or an honest refusal.

1. The locale is chosen among those of the index (asking.py).
2. The index is searched in that locale, for the question or for what a language model made of a
   follow-up (follow_ups.py).
3. The hits are judged: below `refuse_below` nothing is said.
4. The writer drafts; each mark becomes a verified quote or its sentence is dropped (writing.py).
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

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from indexer import Filters, Index, Ranking, Turn
from service.asking import LocaleChoice, LocaleGuesser, choose_locale
from service.assignment import Assignment, Patience, Rewriter
from service.citations import CitedSentence, CitedText, WriterFault, WriterName, note_drift
from service.confidence import HITS_JUDGED, AbstainReason, Confidence
from service.fallback import editions_missing_in, other_locales
from service.messages import Messages
from service.stopwatch import Clock, Stopwatch
from service.writers import AnswerWriter
from service.writing import Written, write_cited

# What is known of an answer before its end.
Step = LocaleChoice | CitedSentence
Write = Callable[[Ranking], Generator[CitedSentence, None, Written]]
T = TypeVar("T")

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


# From this chance on a question is read with the turns before it (docs/measurements.md).
NEEDS_TURNS = 0.25
# Where its vector doesn't tell, it needs no turns from this confidence on.
STANDS_ALONE = 0.62
EARLIER_SHOWN = 200  # characters of the question before, where both were searched


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides how a question is answered; `clock` gives seconds, `on_answer` hears each answer.

    `context_need` gives the chance that a question of this vector hangs on the turns before it, or None.
    """

    writer: AnswerWriter
    confidence: Confidence
    guess: LocaleGuesser
    messages: Messages
    refuse_below: float
    fallback: bool
    clock: Clock
    rewriter: Rewriter | None = None
    context_need: Callable[[Sequence[float]], float | None] = lambda vector: None
    on_answer: Callable[[Answer], None] = lambda answer: None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a refusal where `reason` is not None (then without citations).

    `ranking` and `confidence` are those of the locale that answered, or of the asked one;
    `asked_confidence` is the asked locale's always. `timings_ms` are by stage. `fault` says what went
    wrong with the chat writer; `understood_as` what a follow-up was read as.
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
    fault: WriterFault | None = None
    understood_as: str | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one locale has to say; `reason` counts only where `cited` is empty."""

    ranking: Ranking
    confidence: float
    reason: AbstainReason
    written: Written


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
    index: Index,
    question: Question,
    *,
    rules: Rules,
    checkpoint: Callable[[], None],
    left_s: Callable[[], float] = lambda: math.inf,
) -> Answer:
    """The answer to one question.

    `checkpoint` is called between stages and while others are waited for, and may raise to stop;
    `left_s` gives the seconds until it will.

    Raises:
        UnknownLocale: the field's language is not in the index.
        QuestionError: the index can't search this question.
    """
    return _finish(answer_steps(index, question, rules=rules, checkpoint=checkpoint, left_s=left_s))


def answer_steps(
    index: Index,
    question: Question,
    *,
    rules: Rules,
    checkpoint: Callable[[], None],
    left_s: Callable[[], float] = lambda: math.inf,
) -> Generator[Step, None, Answer]:
    """The chosen locale, each verified sentence in its turn, and at the end the whole answer.

    The sentences are those of the answer, in its order, each before the next one is written; a refusal
    has none. Raises as `answer_question` does, before the first sentence.
    """
    watch = Stopwatch(rules.clock, checkpoint)
    choice = _choose(index, question, rules.guess)
    watch.lap("locale")
    yield choice
    patience = Patience(checkpoint, left_s)
    asked_for = _understand(question, choice.served, rules=rules, watch=watch, patience=patience)

    def write(ranking: Ranking) -> Generator[CitedSentence, None, Written]:
        return write_cited(
            rules.writer, Assignment(ranking, index, choice.served, asked_for.history, patience)
        )

    asked_for, ranking = _search_in_context(index, asked_for, choice.served, rules=rules)
    asked = yield from _attempt(ranking, rules=rules, watch=watch, write=write, at_least=rules.refuse_below)
    answered = asked if asked.written.cited.citations else None
    if answered is None and rules.fallback:
        answered = yield from _ask_elsewhere(
            index, asked_for, choice.served, rules=rules, watch=watch, write=write
        )
    attempt = answered or asked
    reason = None if answered else asked.reason
    written = attempt.written
    answer = Answer(
        text=written.cited.text if reason is None else rules.messages.refusal(reason, choice.served),
        reason=reason,
        choice=choice,
        fallback=attempt is not asked,
        confidence=attempt.confidence,
        asked_confidence=asked.confidence,
        writer=written.writer,
        cited=note_drift(written.cited, index),
        ranking=replace(attempt.ranking, hits=attempt.ranking.hits[: question.k]),
        timings_ms=watch.total(),
        fault=written.fault,
        understood_as=_understood_as(question, asked_for),
    )
    rules.on_answer(answer)
    return answer


def _understand(
    question: Question, locale: str, *, rules: Rules, watch: Stopwatch, patience: Patience
) -> Question:
    """The question itself, or the one without history that a follow-up was rewritten into."""
    if rules.rewriter is None or not question.history:
        return question
    text = rules.rewriter.rewrite(question.text, question.history, locale=locale, patience=patience)
    watch.lap("understanding")
    return question if text is None else replace(question, text=text, history=())


def _understood_as(question: Question, asked_for: Question) -> str | None:
    """What was searched, in words, where that is more than the question: the reader sees what counted."""
    if asked_for.text != question.text:
        return asked_for.text
    before = [turn.content for turn in asked_for.history if turn.role == "user"]
    return f"{' '.join(before[-1].split())[:EARLIER_SHOWN]} {question.text}" if before else None


def _choose(index: Index, question: Question, guess: LocaleGuesser) -> LocaleChoice:
    asked_before = [turn.content for turn in question.history if turn.role == "user"]
    return choose_locale(
        field=question.locale,
        accept_language=question.accept_language,
        text="\n".join([*asked_before, question.text]),
        available=[summary.locale for summary in index.locales],
        guess=guess,
    )


def _search_in_context(
    index: Index, question: Question, locale: str, *, rules: Rules
) -> tuple[Question, Ranking]:
    """The question as it was searched, and its hits: without the turns before it where it stands alone."""
    k = max(question.k, HITS_JUDGED)
    if question.history:
        alone = replace(question, history=())
        ranking = _search(index, alone, locale, k=k)
        if _stands_alone(ranking, rules):
            return alone, ranking
    return question, _search(index, question, locale, k=k)


def _stands_alone(ranking: Ranking, rules: Rules) -> bool:
    need = rules.context_need(ranking.vector)
    if need is None:
        return rules.confidence(ranking).confidence >= STANDS_ALONE
    return need < NEEDS_TURNS


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
    ranking: Ranking,
    *,
    rules: Rules,
    watch: Stopwatch,
    write: Write,
    at_least: float,
    stage: str | None = None,
) -> Generator[Step, None, _Attempt]:
    watch.lap(stage or "search")
    judgement = rules.confidence(ranking)
    watch.lap(stage or "confidence")
    if judgement.confidence < at_least:
        nothing = Written(CitedText("", ()), rules.writer.name)
        return _Attempt(ranking, judgement.confidence, judgement.reason, nothing)
    written = yield from write(ranking)
    watch.lap(stage or "writing")
    return _Attempt(ranking, judgement.confidence, AbstainReason.NOT_STATED, written)


def _ask_elsewhere(
    index: Index, question: Question, asked: str, *, rules: Rules, watch: Stopwatch, write: Write
) -> Generator[Step, None, _Attempt | None]:
    surer = rules.refuse_below + FALLBACK_SURER * (1 - rules.refuse_below)
    for locale in other_locales(index, asked):
        among = editions_missing_in(index, asked, locale)
        if among:
            ranking = _search(index, question, locale, k=max(question.k, HITS_JUDGED), among=among)
            attempt = yield from _attempt(
                ranking, rules=rules, watch=watch, write=write, at_least=surer, stage="fallback"
            )
            if attempt.written.cited.citations:
                return attempt
    return None


def _finish(steps: Generator[object, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
