"""BM25 over one side of a locale's passages. The only user of bm25s.

Scores are divided by the summed, weighted idf of the question's terms, so that they lie in 0..1, mean the
same for every question, and stay low for a question in another language. A term that the index
has never seen counts with a share of the idf of df = 0: with none, one shared name would score in
full; with all of it, a word typed wrong or one that the articles call something else takes the
others' weight. The grams of a word count less than the word (`Terms.weights`).
Source: BM25 as in Lucene (Kamphuis et al. 2020), k1 = .9, b = .75.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexCorrupt
from indexer.terms import Terms, characters_of, is_word

with warnings.catch_warnings():
    # It imports tqdm, which in a notebook warns where it can't show bars; ours has none.
    warnings.filterwarnings("ignore", message="IProgress not found")
    import bm25s

K1 = 0.9
B = 0.75
# What a term that no row holds counts of the idf that it would have (docs/measurements.md).
UNSEEN = 0.2
Scores = NDArray[np.float32]
# A word that stands in this share of the rows or more is one of the language's own.
FAMILIAR_SHARE = 0.05


class QuestionWords:
    """What a question asks for in words: how much of it a short text holds."""

    def __init__(self, terms: Terms, weights: Mapping[str, float]) -> None:
        total = sum(weights.values())
        self._terms = terms
        # A term is looked for by its characters: cutting each sentence into terms costs ten times as much.
        self._weights = [(characters_of(term), weight / total) for term, weight in weights.items()]

    def share(self, text: str, context: str = "") -> float:
        """The share of the question's weighted idf whose terms `text` holds, 0..1.

        Terms that only `context` holds count half.
        """
        bare, around = self._terms.bare(text), self._terms.bare(context)
        return sum(
            weight if characters in bare else weight / 2
            for characters, weight in self._weights
            if characters in bare or characters in around
        )


def write_lexical(folder: Path, texts: Sequence[str], locale: str) -> None:
    """Index the texts, row i being text i, and write the files into `folder` (made here)."""
    terms = Terms(locale)
    documents = [terms(text) for text in texts]
    # A sorted vocabulary and ids: bm25s on strings depends on the hash seed.
    found = sorted({term for document in documents for term in document})
    vocabulary = {term: number for number, term in enumerate(found)}
    ids = [[vocabulary[term] for term in document] for document in documents]
    folder.mkdir(parents=True)
    (folder / "size.json").write_text(json.dumps({"rows": len(texts), "terms": len(vocabulary)}), "utf-8")
    if not vocabulary:
        return
    index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
    index.index((ids, vocabulary), create_empty_token=False, show_progress=False)
    index.save(str(folder), show_progress=False)


class LexicalIndex:
    """BM25 over the rows that `write_lexical` wrote."""

    def __init__(self, folder: Path, locale: str) -> None:
        self._terms = Terms(locale)
        # One search takes a question's terms for three things, and one conversation many times.
        self._asked = lru_cache(maxsize=256)(self._terms.weights)
        try:
            size = json.loads((folder / "size.json").read_text("utf-8"))
            self._rows = int(size["rows"])
            self._index = None
            self._idf = np.empty(0, dtype=np.float32)
            self._frequency = np.empty(0, dtype=np.float32)
            if size["terms"]:
                self._index = bm25s.BM25.load(str(folder), show_progress=False)
                self._frequency = np.diff(self._index.scores["indptr"]).astype(np.float32)
                self._idf = _idf(self._frequency, self._rows)
            self._unseen = float(_idf(np.zeros(1), self._rows)[0])
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise IndexCorrupt(f"{folder} can't be read: {error}") from error

    def __len__(self) -> int:
        return self._rows

    def scores(self, question: str) -> Scores:
        """BM25 of every row, `(rows,)`, divided by the question's weighted idf: 0..1."""
        found = np.zeros(self._rows, dtype=np.float32)
        asked = self._asked(question)
        if self._index is None or not asked:
            return found
        total = 0.0
        numbers: dict[float, list[int]] = {}
        for term, weight in asked.items():
            number = self._number(term)
            total += weight * self._idf_of(number)
            if number is not None:
                numbers.setdefault(weight, []).append(number)
        for weight, of_weight in numbers.items():
            found += np.float32(weight) * self._index.get_scores_from_ids(of_weight)
        return found / np.float32(total)

    def words(self, question: str) -> QuestionWords:
        """The question's terms with their weighted idf, to be looked for in sentences."""
        asked = self._asked(question)
        return QuestionWords(
            self._terms, {term: weight * self._idf_of(self._number(term)) for term, weight in asked.items()}
        )

    def rows_with(self, text: str) -> int:
        """At most how many rows hold `text`: those with its rarest term; 0 for a text without terms."""
        numbers = [self._number(term) for term in self._asked(text)]
        if not numbers:
            return 0
        return min(0 if number is None else int(self._frequency[number]) for number in numbers)

    def familiarity(self, text: str) -> float:
        """How much the words of `text` are those of this index's language, 0..1.

        The mean over its words of their share of rows, where FAMILIAR_SHARE is as good as all: 326 of
        332 questions in ten languages are most familiar to their own (2026-11-21).
        """
        words = [term for term in self._asked(text) if is_word(term)]
        if not words:
            return 0.0
        known = [number for word in words if (number := self._number(word)) is not None]
        shares = self._frequency[known] / (FAMILIAR_SHARE * self._rows)
        return float(np.minimum(shares, 1.0).sum()) / len(words)

    def _idf_of(self, number: int | None) -> float:
        return UNSEEN * self._unseen if number is None else float(self._idf[number])

    def _number(self, term: str) -> int | None:
        number: int | None = None if self._index is None else self._index.vocab_dict.get(term)
        return number


def _idf(frequency: NDArray[np.floating], rows: int) -> NDArray[np.float32]:
    idf: NDArray[np.float32] = np.log1p((rows - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    return idf
