"""The English side of an edition as statements, and how those of two versions are aligned.

A statement is one English sentence, or a table row whole. How a locale's own text is cut decides
which English stands beside one of its sentences: two sentences may share one stretch of it, and a
row is cut into cells in a language of long words only. Statements are the same in all locales.

Alignment keeps the order: of all ways to pair statements the one with the greatest sum of likeness
is taken, where equal ones count most. What was only moved is paired afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from indexer.locales import SOURCE_LOCALE
from indexer.records import BlockKind, Passage
from indexer.sentences import split_sentences

# Share of common words from which two statements are versions of one (Dice's coefficient).
LIKE = 0.5
EQUAL = 2.0
# Beyond this many pairs (two articles of 1,000 statements that begin differently) only equal ones are paired.
PAIRS_MAX = 1_000_000

Pairs = NDArray[np.float64]

_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "|": " ", "*": None})
_PUNCTUATION = re.compile(r"[.,;:!?]+(?=\s|$)")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements in reading order; `owned` maps (passage's place, sentence number) to its own.

    A passage's place is its id behind the `#`. A sentence without English is not in `owned`.
    """

    texts: tuple[str, ...]
    owned: Mapping[tuple[str, int], range]


def read_statements(passages: Iterable[Passage]) -> Statements:
    """The English of an edition's passages; code has none."""
    texts: list[str] = []
    owned: dict[tuple[str, int], range] = {}
    for passage in passages:
        place = passage_place(passage)
        for numbers, found in _english(passage):
            texts += found
            own = range(len(texts) - len(found), len(texts))
            owned.update({(place, number): own for number in numbers})
    return Statements(tuple(texts), owned)


def passage_place(passage: Passage) -> str:
    """Where a passage stands in its edition: `<section anchor>.<n>`."""
    return passage.id.removeprefix(f"{passage.edition.locale}/{passage.edition.path}#")


def source_of(passage: Passage, number: int) -> str | None:
    """The English of a sentence, which is its own text in the source language."""
    sentence = passage.sentences[number]
    if passage.edition.locale == SOURCE_LOCALE:
        return passage.text[sentence.start : sentence.end]
    return sentence.source


def plain(statement: str) -> str:
    """A statement in the words that it is compared by.

    Letter case, punctuation behind a word, kinds of quotation marks, emphasis and cell borders are
    left out: an editor's comma is no news to a reader.
    """
    text = unicodedata.normalize("NFKC", statement).translate(_PLAIN).casefold()
    return " ".join(_PUNCTUATION.sub("", text).split())


def is_same(one: str, other: str) -> bool:
    """Whether two plain statements say the same, white space ignored."""
    return _bare(one) == _bare(other)


def _bare(statement: str) -> str:
    return statement.replace(" ", "")


def _english(passage: Passage) -> Iterator[tuple[list[int], list[str]]]:
    """Sentence numbers and the statements that they share: a row's together, others each alone."""
    starts = [block.start for block in passage.blocks]

    def block_of(number: int) -> int:
        return bisect_right(starts, passage.sentences[number].start) - 1

    for at, group in groupby(range(len(passage.sentences)), key=block_of):
        numbers = list(group)
        kind = passage.blocks[at].kind if at >= 0 else BlockKind.PARAGRAPH
        if kind is BlockKind.CODE:
            continue
        if kind is BlockKind.ROW:
            row = _row_text(passage, at, numbers)
            if row:
                yield numbers, [row]
            continue
        for number in numbers:
            source = source_of(passage, number)
            if source is not None:
                yield [number], [source[start:end] for start, end in split_sentences(source)]


def _row_text(passage: Passage, at: int, numbers: Sequence[int]) -> str:
    """A row in English; what stands between its sentences is the same in all languages."""
    if all(source_of(passage, number) is None for number in numbers):
        return ""
    block = passage.blocks[at]
    parts: list[str] = []
    end = block.start
    for number in numbers:
        sentence = passage.sentences[number]
        own = passage.text[sentence.start : sentence.end]
        parts += (passage.text[end : sentence.start], source_of(passage, number) or own)
        end = sentence.end
    return "".join((*parts, passage.text[end : block.end])).strip()


def align(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """For each plain statement of `old` the number of its counterpart in `new`, None where removed."""
    ours, theirs = [_bare(text) for text in old], [_bare(text) for text in new]
    first = last = 0
    shorter = min(len(old), len(new))
    while first < shorter and ours[first] == theirs[first]:
        first += 1
    while last < shorter - first and ours[-1 - last] == theirs[-1 - last]:
        last += 1
    found: list[int | None] = [*range(first), *[None] * (len(old) - first)]
    for number in range(len(old) - last, len(old)):
        found[number] = number - len(old) + len(new)
    rest, others = slice(first, len(old) - last), slice(first, len(new) - last)
    if 0 < len(ours[rest]) * len(theirs[others]) <= PAIRS_MAX:
        likeness = _equal(ours[rest], theirs[others])
        _add_alike(likeness, old[rest], new[others])
        for number, counterpart in _best_pairs(likeness):
            found[first + number] = first + counterpart
    _pair_moved(ours, theirs, found)
    return found


def _equal(old: Sequence[str], new: Sequence[str]) -> Pairs:
    """`EQUAL` where two are, else 0, `(old, new)`."""
    numbers = {text: number for number, text in enumerate({*old, *new})}
    ours, theirs = (np.array([numbers[text] for text in side]) for side in (old, new))
    return np.where(ours[:, None] == theirs[None, :], EQUAL, 0.0)


def _add_alike(likeness: Pairs, old: Sequence[str], new: Sequence[str]) -> None:
    """The share of common words, from `LIKE` on, where neither of two has an equal."""
    left = [(at, _words(new[at])) for at in np.flatnonzero(~likeness.any(axis=0)).tolist()]
    for row in np.flatnonzero(~likeness.any(axis=1)).tolist():
        words = _words(old[row])
        for column, others in left:
            # Sizes that differ too much can't share enough: the sets needn't be met.
            shorter, total = min(len(words), len(others)), len(words) + len(others)
            if shorter and 2 * shorter >= LIKE * total and (share := 2 * len(words & others) / total) >= LIKE:
                likeness[row, column] = share


def _words(statement: str) -> frozenset[str]:
    return frozenset(_WORD.findall(statement))


def _best_pairs(likeness: Pairs) -> Iterator[tuple[int, int]]:
    """The pairs in order whose likeness sums to the most (Needleman-Wunsch without a gap's price)."""
    rows, columns = likeness.shape
    best = np.zeros((rows + 1, columns + 1))
    for row in range(rows):
        paired = best[row, :-1] + likeness[row]
        np.maximum.accumulate(np.maximum(best[row, 1:], paired), out=best[row + 1, 1:])
    while rows and columns:
        here, value = best[rows, columns], likeness[rows - 1, columns - 1]
        if value and here == best[rows - 1, columns - 1] + value:
            rows, columns = rows - 1, columns - 1
            yield rows, columns
        elif here == best[rows - 1, columns]:
            rows -= 1
        else:
            columns -= 1


def _pair_moved(old: Sequence[str], new: Sequence[str], found: list[int | None]) -> None:
    taken = set(found)
    left: dict[str, list[int]] = {}
    for number in reversed(range(len(new))):
        if number not in taken:
            left.setdefault(new[number], []).append(number)
    for number, text in enumerate(old):
        if found[number] is None and left.get(text):
            found[number] = left[text].pop()
