"""Writers draft an answer from a ranking. The extractive one says only sentences of the articles.

How it chooses: each sentence gets the value `its cosine + WORDS_SHARE * the share of the question's
words that it holds + HIT_SHARE * its hit's score relative to the best hit's`; the best one is said, and
the best of the first hit; others join only where they come close and say something new; what was chosen
is said in reading order, a list item after the sentence that leads into its list.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from indexer import BlockKind, Hit, Passage, Ranking
from service.assignment import Assignment
from service.citations import Draft, DraftSentence, Mark, WriterName, block_at

# Chosen on the development questions, over all locales (docs/measurements.md).
HITS_READ = 5  # sentences of later hits are not considered
HIT_SHARE = 0.2  # what a hit's score is worth beside the sentence's cosine
WORDS_SHARE = 0.1  # and what the question's words are worth that stand in the sentence
SAME_ARTICLE = 0.01  # what a sentence loses for each one of its article that is said already
ARTICLES_MAX = 3  # an answer from more articles than this has lost its subject
CLOSE = 0.1  # a further sentence may be worth this much less than the best one
FRAGMENT_WIDTH = 12  # in columns; a Chinese, Japanese or Korean character takes two
FRAGMENT_PENALTY = 0.08  # what a fragment or label must be better by to be chosen
SAME_SHARE = 0.8  # share of the shorter sentence's terms from which two say the same

# Column names, and sections without content of their own, answer nothing.
_SILENT = frozenset({BlockKind.COLUMNS, BlockKind.FOLDED, BlockKind.IMAGE})


class AnswerWriter(Protocol):
    """Drafts an answer; what it drafts is checked by `resolve_citations` before it is shown."""

    @property
    def name(self) -> WriterName:
        """Its name on the wire."""
        ...

    def draft_stream(self, assignment: Assignment) -> Generator[DraftSentence, None, Draft]:
        """Sentences with their marks, in reading order, each as soon as it stands.

        None where there is nothing to say. What it returns at its end is the whole draft; closing it
        early ends the work. Raises what the assignment's checkpoint raises.
        """
        ...


class ExtractiveWriter:
    """Answers with sentences of the passages as they stand."""

    name: WriterName = "extractive"

    def __init__(self, *, sentences_max: int) -> None:
        """Say at most `sentences_max` sentences, and what leads into their lists.

        Raises:
            ValueError: below 1.
        """
        if sentences_max < 1:
            raise ValueError(f"an answer needs at least one sentence, not {sentences_max}")
        self._sentences_max = sentences_max

    def draft_stream(self, assignment: Assignment) -> Generator[DraftSentence, None, Draft]:
        """The sentences of `draft`; they are all there at once."""
        draft = self.draft(assignment.ranking)
        yield from draft.sentences
        return draft

    def draft(self, ranking: Ranking) -> Draft:
        """One to `sentences_max` sentences with their lead-ins; none for a ranking without any."""
        chosen = add_lead_ins(choose_sentences(ranking.hits, sentences_max=self._sentences_max))
        return Draft(
            tuple(
                DraftSentence(
                    " ".join(choice.text.split()), (Mark(choice.hit.passage.id, choice.start, choice.end),)
                )
                for choice in chosen
            ),
            writer=self.name,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence, or a whole table row, that may be said; `value` decides whether it is.

    A fragment or label (`fragment`) may open an answer but joins none.
    """

    hit: Hit
    start: int
    end: int
    value: float
    fragment: bool

    @property
    def article(self) -> str:
        """The article that says it."""
        return self.hit.passage.edition.path

    @property
    def text(self) -> str:
        """Its words as they stand in the passage."""
        return self.hit.passage.text[self.start : self.end]


def choose_sentences(hits: Sequence[Hit], *, sentences_max: int) -> list[Choice]:
    """The best sentence, one of the first hit, and those that come close and add something, in reading order.

    The first hit is heard even where another's sentence is nearer to the question's words. One after
    the other is chosen: what an article has said already makes its other sentences worth less, so that
    a second article with another view of the matter is heard. Reading order is by the passages' rank,
    then by place; ties of value go to the earlier one.
    """
    left = sorted(_choices(hits), key=lambda choice: (choice.hit.rank, choice.start))
    of_first = [choice for choice in left if choice.hit.rank == left[0].hit.rank and not choice.fragment]
    leading = max(of_first, key=lambda choice: choice.value, default=None)
    chosen: list[Choice] = []
    said: Counter[str] = Counter()

    def worth(choice: Choice) -> float:
        return choice.value - SAME_ARTICLE * said[choice.article]

    while left and len(chosen) < sentences_max:
        if leading is not None and len(chosen) == 1 and chosen[0].hit is not leading.hit:
            best, leading = leading, None
        else:
            best = max(left, key=worth)
            if chosen and worth(best) < chosen[0].value - CLOSE:
                break
        left.remove(best)
        repeats = any(_say_the_same(best.text, other.text) for other in chosen)
        strays = best.article not in said and len(said) == ARTICLES_MAX
        if not chosen or not (best.fragment or repeats or strays):
            chosen.append(best)
            said[best.article] += 1
    return sorted(chosen, key=lambda choice: (choice.hit.rank, choice.start))


def add_lead_ins(choices: Sequence[Choice]) -> list[Choice]:
    """The choices; before a list item stands what leads into its list ("You need:"), said once."""
    led: list[Choice] = []
    for choice in choices:
        lead_in = _lead_in(choice)
        if lead_in is not None and not any(_is_part(lead_in, other) for other in (*choices, *led)):
            led.append(lead_in)
        led.append(choice)
    return led


def _lead_in(choice: Choice) -> Choice | None:
    """The sentence that leads into the item's list, None where the passage has none."""
    passage = choice.hit.passage
    block = block_at(passage, choice.start)
    if block is None or block.kind is not BlockKind.ITEM or not block.context:
        return None
    words = block.context.split()
    for sentence in reversed(passage.sentences):
        text = passage.text[sentence.start : sentence.end]
        if sentence.end <= block.start and text.split() == words:
            start, end = quotable_span(passage, sentence.start, sentence.end)
            return replace(choice, start=start, end=end, fragment=True)
    return None


def _is_part(choice: Choice, other: Choice) -> bool:
    same = choice.hit.passage.id == other.hit.passage.id
    return same and other.start <= choice.start and choice.end <= other.end


def _choices(hits: Sequence[Hit]) -> Iterator[Choice]:
    top = max((hit.score for hit in hits), default=0.0)
    for hit in hits[:HITS_READ]:
        share = HIT_SHARE * hit.score / top if top > 0 else 0.0
        labels = {_terms(label) for label in (hit.passage.edition.title, *hit.passage.headings)}
        scored = zip(hit.passage.sentences, hit.sentence_scores, hit.sentence_words, strict=True)
        for sentence, cosine, words in scored:
            start, end = quotable_span(hit.passage, sentence.start, sentence.end)
            if start < end:
                fragment = _is_fragment(hit.passage.text[start:end], labels)
                value = cosine + WORDS_SHARE * words + share - (FRAGMENT_PENALTY if fragment else 0.0)
                yield Choice(hit, start, end, value, fragment)


def quotable_span(passage: Passage, start: int, end: int) -> tuple[int, int]:
    """The span without surrounding white space; a cell stands for its row; empty where silent."""
    block = block_at(passage, start)
    if block is not None and block.kind in _SILENT:
        return start, start
    if block is not None and block.kind is BlockKind.ROW:
        start, end = block.start, block.end
    text = passage.text[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())


def _is_fragment(text: str, labels: Collection[frozenset[str]]) -> bool:
    return _width(text) < FRAGMENT_WIDTH or text.endswith((":", "：")) or _terms(text) in labels


def _say_the_same(one: str, other: str) -> bool:
    # Sentences of a table often differ in a number alone, and that is what they say.
    if _numbers(one) != _numbers(other):
        return False
    terms, others = _terms(one), _terms(other)
    shorter = min(len(terms), len(others))
    return shorter == 0 or len(terms & others) >= SAME_SHARE * shorter


def _numbers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\d+", unicodedata.normalize("NFKC", text)))


def _terms(text: str) -> frozenset[str]:
    """Folded words; of scripts without blanks, pairs of neighbouring characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if c.isalnum() or unicodedata.category(c) == "Mn" else " " for c in folded).split()
    return frozenset(term for word in words for term in _pairs(word))


def _pairs(word: str) -> list[str]:
    if len(word) > 1 and any(unicodedata.east_asian_width(c) == "W" for c in word):
        return [word[i : i + 2] for i in range(len(word) - 1)]
    return [word]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
