"""One locale's part of a generation: its passages, their vectors and their terms, aligned by row.

    editions.jsonl  passages.jsonl  passages.rows.json
    vectors.faiss    row -> vectors.rows.npy    (passage, side)
    sentences.faiss  row -> sentences.rows.npy  (passage, side, sentence)
    *.keys.npy       16 bytes a row: what its text and model were, for the next build
    lexical/target/  lexical/source/            row i is passage i

Side 0 is the locale's own language, side 1 the English source. Alignment is checked on loading.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexCorrupt
from indexer.fusion import FusionWeights, fuse
from indexer.lexical import LexicalIndex, write_lexical
from indexer.passage_file import PassageFile, write_passages
from indexer.records import BlockKind, Edition, Hit, Passage, Scores
from indexer.row_texts import source_row_text, target_text
from indexer.vectors import FlatVectors, Vectors, write_vectors

TARGET, SOURCE = 0, 1
KEY_BYTES = 16
# Candidates of each leg: the fused first 50 did not change beyond (docs/measurements.md).
DENSE_ROWS = 300
LEXICAL_ROWS = 150
# (passage, side) or (passage, side, sentence) of each row.
RowTable = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ShardTexts:
    """All that is embedded for a locale, by row, with the row tables."""

    passages: tuple[Passage, ...]
    texts: tuple[str, ...]
    rows: tuple[tuple[int, int], ...]
    sentence_texts: tuple[str, ...]
    sentence_rows: tuple[tuple[int, int, int], ...]


def shard_texts(passages: Sequence[Passage]) -> ShardTexts:
    """Lay out a locale's rows: passages in order, target before source."""
    texts: list[str] = []
    rows: list[tuple[int, int]] = []
    sentence_texts: list[str] = []
    sentence_rows: list[tuple[int, int, int]] = []
    for number, passage in enumerate(passages):
        for side, text in ((TARGET, target_text(passage)), (SOURCE, source_row_text(passage))):
            if text is not None:
                texts.append(text)
                rows.append((number, side))
        for sentence, side, text in _sentence_texts(passage):
            sentence_texts.append(text)
            sentence_rows.append((number, side, sentence))
    return ShardTexts(tuple(passages), tuple(texts), tuple(rows), tuple(sentence_texts), tuple(sentence_rows))


def quotable(passage: Passage) -> Iterator[int]:
    """The numbers of the sentences that may answer: not code, not folded links."""
    closed = [b for b in passage.blocks if b.kind in (BlockKind.CODE, BlockKind.FOLDED, BlockKind.IMAGE)]
    for number, sentence in enumerate(passage.sentences):
        if not any(block.start <= sentence.start < block.end for block in closed):
            yield number


def _sentence_texts(passage: Passage) -> Iterator[tuple[int, int, str]]:
    for number in quotable(passage):
        sentence = passage.sentences[number]
        yield number, TARGET, passage.text[sentence.start : sentence.end]
        if sentence.source:
            yield number, SOURCE, sentence.source


def row_keys(texts: Sequence[str], fingerprint: str) -> NDArray[np.uint8]:
    """A key per text, `(n, 16)`: equal keys have equal vectors."""
    prefix = hashlib.sha256(fingerprint.encode())
    keys = np.empty((len(texts), KEY_BYTES), dtype=np.uint8)
    for number, text in enumerate(texts):
        digest = prefix.copy()
        digest.update(text.encode())
        keys[number] = np.frombuffer(digest.digest()[:KEY_BYTES], dtype=np.uint8)
    return keys


def write_shard(
    folder: Path, locale: str, texts: ShardTexts, *, vectors: Vectors, sentences: Vectors, fingerprint: str
) -> None:
    """Write a locale's files into `folder` (made here)."""
    folder.mkdir(parents=True)
    write_passages(folder, texts.passages)
    for name, rows, keyed, matrix, width in (
        ("vectors", texts.rows, texts.texts, vectors, 2),
        ("sentences", texts.sentence_rows, texts.sentence_texts, sentences, 3),
    ):
        write_vectors(folder / f"{name}.faiss", matrix, half=name == "sentences")
        np.save(folder / f"{name}.rows.npy", np.array(rows, dtype=np.int32).reshape(-1, width))
        np.save(folder / f"{name}.keys.npy", row_keys(keyed, fingerprint))
    sides: Mapping[str, list[str]] = {
        "target": [target_text(passage) for passage in texts.passages],
        "source": [source_row_text(passage) or "" for passage in texts.passages],
    }
    for side, documents in sides.items():
        if side == "target" or any(documents):
            write_lexical(folder / "lexical" / side, documents, locale if side == "target" else "en-us")


def stored_vectors(folder: Path, name: str) -> tuple[NDArray[np.uint8], FlatVectors]:
    """The keys and vectors of a shard on disk, for copying; `name` is "vectors" or "sentences"."""
    keys, vectors = _load(folder / f"{name}.keys.npy"), FlatVectors(folder / f"{name}.faiss", mapped=True)
    if len(keys) != len(vectors):
        raise IndexCorrupt(f"{folder}: {len(keys)} keys stand beside {len(vectors)} {name}")
    return keys, vectors


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready: unit vectors and texts, each with its weight (the weights sum to 1)."""

    vector: Vectors
    texts: tuple[tuple[str, float], ...]


class Shard:
    """One locale, loaded."""

    def __init__(self, folder: Path, locale: str) -> None:
        self.locale = locale
        self.passages = PassageFile(folder)
        self._vectors = FlatVectors(folder / "vectors.faiss")
        self._rows = _row_table(folder / "vectors.rows.npy", len(self._vectors), len(self.passages))
        self._sentences = FlatVectors(folder / "sentences.faiss")
        self._sentence_rows = _row_table(
            folder / "sentences.rows.npy", len(self._sentences), len(self.passages)
        )
        # Rows stand in passage order, so a passage's sentences are one slice.
        bounds = np.searchsorted(self._sentence_rows[:, 0], np.arange(len(self.passages) + 1))
        self._sentence_bounds: NDArray[np.int64] = bounds.astype(np.int64)
        row_bounds = np.searchsorted(self._rows[:, 0], np.arange(len(self.passages) + 1))
        self._row_bounds: NDArray[np.int64] = row_bounds.astype(np.int64)
        self._lexical = [LexicalIndex(folder / "lexical" / "target", locale)]
        if (folder / "lexical" / "source").is_dir():
            self._lexical.append(LexicalIndex(folder / "lexical" / "source", "en-us"))
        if any(len(index) != len(self.passages) for index in self._lexical):
            raise IndexCorrupt(f"{folder}: terms and passages differ in number")
        self.editions: Mapping[str, Edition] = {edition.path: edition for edition in self.passages.editions}
        self._edition_of = np.array(self.passages.edition_numbers, dtype=np.int64)

    def search(
        self, query: Query, k: int, *, among: Collection[str] | None, weights: FusionWeights
    ) -> tuple[Hit, ...]:
        """The `k` best passages, best first; `among` restricts to editions of these paths."""
        allowed = None if among is None else self._passages_of(among)
        if allowed is not None and not len(allowed):
            return ()
        lexical = self._lexical_scores(query)
        candidates = self._candidates(query, lexical, allowed)
        passage_scores = self._best_row(query, candidates)
        rows = _slices(self._sentence_bounds, candidates)
        row_scores = self._sentences.rows(rows) @ query.vector
        best = self._best(self._sentence_rows[rows, 0], row_scores, candidates)
        # A passage without sentence vectors (code alone) is its own best sentence.
        best = np.where(best < -1, passage_scores, best)
        fused = fuse(passage_scores, best, lexical[candidates], weights)
        hits: list[Hit] = []
        seen: set[str] = set()
        for at in np.lexsort((candidates, -fused)).tolist():
            number = int(candidates[at])
            passage = self.passages[number]
            likeness = "".join(passage.text.split())
            if likeness in seen:
                continue
            seen.add(likeness)
            scores = Scores(float(passage_scores[at]), float(best[at]), float(lexical[number]))
            first, last = np.searchsorted(rows, self._sentence_bounds[number : number + 2])
            by_sentence = self._by_sentence(passage, rows[first:last], row_scores[first:last])
            hits.append(Hit(passage, len(hits) + 1, float(fused[at]), scores, by_sentence))
            if len(hits) == k:
                break
        return tuple(hits)

    def _passages_of(self, paths: Collection[str]) -> NDArray[np.int64]:
        wanted = [i for i, edition in enumerate(self.passages.editions) if edition.path in paths]
        return np.flatnonzero(np.isin(self._edition_of, wanted)).astype(np.int64)

    def _lexical_scores(self, query: Query) -> Vectors:
        total = np.zeros(len(self.passages), dtype=np.float32)
        for text, weight in query.texts:
            sides = [index.scores(text) for index in self._lexical]
            total += np.float32(weight) * np.maximum.reduce(sides)
        return total

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


def _slices(bounds: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The concatenated ranges `bounds[n]:bounds[n + 1]` for each n of `numbers`."""
    starts, lengths = bounds[numbers], bounds[numbers + 1] - bounds[numbers]
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


def _load(file: Path) -> NDArray[np.uint8]:
    try:
        loaded: NDArray[np.uint8] = np.load(file, allow_pickle=False)
        return loaded
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorrupt(f"{file} can't be read: {error}") from error


def _row_table(file: Path, rows: int, passages: int) -> RowTable:
    table: RowTable = _load(file).astype(np.int32)
    if len(table) != rows:
        raise IndexCorrupt(f"{file}: {len(table)} rows stand beside {rows} vectors")
    if rows and (table[:, 0].min() < 0 or table[:, 0].max() >= passages or (np.diff(table[:, 0]) < 0).any()):
        raise IndexCorrupt(f"{file} names passages that are not there, or out of order")
    return table
