"""One locale, loaded and searched.

1. Candidates are the best rows of either side by meaning and the best passages by words.
2. Each candidate gets the cosine of its better side, of its best sentence and of its article as a
   whole, and its BM25 share; `fusion.py` makes one score of them.
3. Passages of equal text collapse into the best one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexCorrupt
from indexer.fusion import FusionWeights, fuse, stand_out
from indexer.lexical import LexicalIndex, QuestionWords
from indexer.locales import SOURCE_LOCALE
from indexer.passage_file import PassageFile
from indexer.records import Edition, Hit, Passage, Scores, Sentence
from indexer.shard_files import RowTable, load_row_table
from indexer.vectors import FlatVectors, Vectors

# Candidates of each leg.
DENSE_ROWS = 100
LEXICAL_ROWS = 80
# Hits whose sentences are searched for the question's words: an answer is written from no more.
WORDS_HITS = 5
# The rank whose lexical score the best one is measured by.
LEAD_OVER = 5


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready: its unit vector, its texts with weights that sum to 1, how to fuse.

    `borrowed` is what the translations of a locale's passages score in words, `(passages,)`.
    """

    vector: Vectors
    texts: tuple[tuple[str, float], ...]
    weights: FusionWeights
    borrowed: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of one search; `spread` and `lead` as a Ranking has them."""

    hits: tuple[Hit, ...]
    spread: float
    lead: float


class Shard:
    """One locale, loaded."""

    def __init__(self, folder: Path, locale: str) -> None:
        self.locale = locale
        self.passages = PassageFile(folder)
        self._vectors = FlatVectors(folder / "vectors.faiss")
        self._rows = load_row_table(folder / "vectors.rows.npy", len(self._vectors), len(self.passages))
        self._sentences = FlatVectors(folder / "sentences.faiss")
        self._sentence_rows = load_row_table(
            folder / "sentences.rows.npy", len(self._sentences), len(self.passages)
        )
        self._articles = _all_rows(folder / "articles.faiss")
        if len(self._articles) != 2 * len(self.passages.editions):
            raise IndexCorrupt(f"{folder}: articles and their vectors differ in number")
        # Rows stand in passage order, so a passage's sentences are one slice.
        bounds = np.searchsorted(self._sentence_rows[:, 0], np.arange(len(self.passages) + 1))
        self._sentence_bounds: NDArray[np.int64] = bounds.astype(np.int64)
        row_bounds = np.searchsorted(self._rows[:, 0], np.arange(len(self.passages) + 1))
        self._row_bounds: NDArray[np.int64] = row_bounds.astype(np.int64)
        self._lexical = [LexicalIndex(folder / "lexical" / "target", locale)]
        if (folder / "lexical" / "source").is_dir():
            self._lexical.append(LexicalIndex(folder / "lexical" / "source", SOURCE_LOCALE))
        if any(len(index) != len(self.passages) for index in self._lexical):
            raise IndexCorrupt(f"{folder}: terms and passages differ in number")
        self.editions: Mapping[str, Edition] = {edition.path: edition for edition in self.passages.editions}
        self._edition_of = np.array(self.passages.edition_numbers, dtype=np.int64)
        self._mean, self._moments = _moments(self._vectors)

    def search(self, query: Query, k: int, *, among: Collection[str] | None) -> Found:
        """The `k` best passages, best first; `among` restricts to editions of these paths."""
        pool = np.arange(len(self.passages)) if among is None else self._passages_of(among)
        if not len(pool):
            return Found((), 0.0, 0.0)
        lexical = self._lexical_scores(query)
        candidates = self._candidates(query, lexical, None if among is None else pool)
        hits: list[Hit] = []
        self._add_hits(hits, query, lexical, candidates, k)
        if len(hits) < k and len(candidates) < len(pool):
            # Equal passages took the candidates' places, or more are wanted than were put forward.
            self._add_hits(hits, query, lexical, pool, k)
        return Found(tuple(hits), self._spread(query.vector), _lead(lexical))

    def _add_hits(
        self, hits: list[Hit], query: Query, lexical: Vectors, candidates: NDArray[np.int64], k: int
    ) -> None:
        """Add the best candidates whose text no hit has yet, up to `k` hits."""
        passage_scores = self._best_row(query, candidates)
        rows = _slices(self._sentence_bounds, candidates)
        row_scores = self._sentences.rows(rows) @ query.vector
        best = self._best(self._sentence_rows[rows, 0], row_scores, candidates)
        # A passage without sentence vectors (code alone) is its own best sentence.
        best = np.where(best < -1, passage_scores, best)
        articles = self._article_scores(query)[self._edition_of[candidates]]
        fused = fuse(passage_scores, best, lexical[candidates], articles, query.weights)
        words = [[(index.words(text), weight) for text, weight in query.texts] for index in self._lexical]
        # What comes after other hits was not put forward before them, and can't be worth more.
        ceiling = hits[-1].score if hits else np.inf
        seen = {_likeness(hit.passage) for hit in hits}
        for at in np.lexsort((candidates, -fused)).tolist():
            number = int(candidates[at])
            passage = self.passages[number]
            likeness = _likeness(passage)
            if likeness in seen:
                continue
            seen.add(likeness)
            scores = Scores(
                float(passage_scores[at]), float(best[at]), float(lexical[number]), float(articles[at])
            )
            first, last = np.searchsorted(rows, self._sentence_bounds[number : number + 2])
            by_sentence = self._by_sentence(passage, rows[first:last], row_scores[first:last])
            held: tuple[float, ...] = ()
            if len(hits) < WORDS_HITS:
                held = tuple(_words_held(passage, sentence, words) for sentence in passage.sentences)
            score = min(float(fused[at]), float(ceiling))
            hits.append(Hit(passage, len(hits) + 1, score, scores, by_sentence, held))
            if len(hits) == k:
                break

    def target_scores(self, texts: Sequence[tuple[str, float]]) -> Vectors:
        """What weighted texts score in the locale's own language, `(passages,)`."""
        total = np.zeros(len(self.passages), dtype=np.float32)
        for text, weight in texts:
            total += np.float32(weight) * self._lexical[0].scores(text)
        return total

    def target_rows_with(self, text: str) -> int:
        """At most how many passages hold `text` in the locale's own language."""
        return self._lexical[0].rows_with(text)

    def familiarity(self, text: str) -> float:
        """How much the words of `text` are those of either side's language, 0..1."""
        return max(index.familiarity(text) for index in self._lexical)

    def target_familiarity(self, text: str) -> float:
        """How much the words of `text` are those of the locale's own language, 0..1."""
        return self._lexical[0].familiarity(text)

    def _spread(self, vector: Vectors) -> float:
        wide = vector.astype(np.float64)
        variance = float(wide @ self._moments @ wide) - float(self._mean @ wide) ** 2
        return sqrt(max(0.0, variance))

    def sentence_cosines(self, vector: Vectors, passage_id: str) -> tuple[float, ...]:
        """The cosine of each sentence of the passage, its better side; -1 where it has no vector."""
        number = self.passages.row_of(passage_id)
        if number is None:
            raise KeyError(passage_id)
        rows = np.arange(*self._sentence_bounds[number : number + 2])
        return self._by_sentence(self.passages[number], rows, self._sentences.rows(rows) @ vector)

    def _passages_of(self, paths: Collection[str]) -> NDArray[np.int64]:
        wanted = [i for i, edition in enumerate(self.passages.editions) if edition.path in paths]
        return np.flatnonzero(np.isin(self._edition_of, wanted)).astype(np.int64)

    def _article_scores(self, query: Query) -> Vectors:
        """How far each edition as a whole stands out, `(editions,)`, 0..1."""
        return stand_out((self._articles @ query.vector).reshape(-1, 2).mean(axis=1))

    def _lexical_scores(self, query: Query) -> Vectors:
        total = np.zeros(len(self.passages), dtype=np.float32)
        for text, weight in query.texts:
            sides = [index.scores(text) for index in self._lexical]
            total += np.float32(weight) * np.maximum.reduce(sides)
        return total if query.borrowed is None else np.maximum(total, query.borrowed)

    def _candidates(
        self, query: Query, lexical: Vectors, allowed: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """The passages that either leg puts forward, by row."""
        rows = (
            None if allowed is None else np.flatnonzero(np.isin(self._rows[:, 0], allowed)).astype(np.int64)
        )
        found, _ = self._vectors.search(query.vector, DENSE_ROWS, allowed=rows)
        pool = np.arange(len(lexical)) if allowed is None else allowed
        best = pool[np.argsort(-lexical[pool], kind="stable")[:LEXICAL_ROWS]]
        best = best[lexical[best] > 0]
        return np.unique(np.concatenate([self._rows[found, 0].astype(np.int64), best.astype(np.int64)]))

    def _best_row(self, query: Query, candidates: NDArray[np.int64]) -> Vectors:
        """The better side's cosine of each candidate."""
        rows = _slices(self._row_bounds, candidates)
        return self._best(self._rows[rows, 0], self._vectors.rows(rows) @ query.vector, candidates)

    def _best(self, owners: RowTable, scores: Vectors, candidates: NDArray[np.int64]) -> Vectors:
        """The highest score of each candidate over the rows that it owns, -2 where it owns none."""
        best = np.full(len(self.passages), -2.0, dtype=np.float32)
        np.maximum.at(best, owners, scores)
        return best[candidates]

    def _by_sentence(self, passage: Passage, rows: NDArray[np.int64], scores: Vectors) -> tuple[float, ...]:
        """The better side's cosine of each sentence, -1 where it has no vector."""
        found = [-1.0] * len(passage.sentences)
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
            sentence = int(self._sentence_rows[row, 2])
            found[sentence] = max(score, found[sentence])
        return tuple(found)


def _words_held(
    passage: Passage, sentence: Sentence, words: Sequence[Sequence[tuple[QuestionWords, float]]]
) -> float:
    """The share of the question's words that a sentence holds on its better side.

    What leads into a list, and a table's column names, count half for each item or row.
    """
    block = next((b for b in passage.blocks if b.start <= sentence.start < b.end), None)
    contexts = ("", "") if block is None else (block.context, block.source_context)
    sides = (passage.text[sentence.start : sentence.end], sentence.source)
    return max(
        sum(weight * asked.share(side, context) for asked, weight in texts)
        for side, context, texts in zip(sides, contexts, words, strict=False)
        if side is not None
    )


def _lead(lexical: Vectors) -> float:
    """How far the best score lies above the fifth, or above the last of fewer."""
    best = np.sort(lexical)[-LEAD_OVER:]
    return float(best[-1] - best[0])


def _moments(vectors: FlatVectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of all rows, `(d,)`, and of their outer products, `(d, d)`."""
    rows = vectors.rows(np.arange(len(vectors))).astype(np.float64)
    return rows.mean(axis=0), rows.T @ rows / len(rows)


def _likeness(passage: Passage) -> str:
    """What equal passages have in common: their text without white space."""
    return "".join(passage.text.split())


def _all_rows(file: Path) -> Vectors:
    stored = FlatVectors(file)
    return stored.rows(np.arange(len(stored)))


def _slices(bounds: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The concatenated ranges `bounds[n]:bounds[n + 1]` for each n of `numbers`."""
    starts, lengths = bounds[numbers], bounds[numbers + 1] - bounds[numbers]
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())
