"""One locale's files in a generation, and how their rows are aligned.

    editions.jsonl  passages.jsonl  passages.rows.json
    vectors.faiss    row -> vectors.rows.npy    (passage, side)
    sentences.faiss  row -> sentences.rows.npy  (passage, side, sentence), in the order of vectors' rows
    articles.faiss   rows 2e and 2e + 1 are edition e: the words of its path, and those with its titles
    vectors.keys.npy  articles.keys.npy         16 bytes a row: what its text and model were
    lexical/target/  lexical/source/            row i is passage i

Side 0 is the locale's own language, side 1 the English source. Alignment is checked on loading.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexCorrupt
from indexer.lexical import write_lexical
from indexer.locales import SOURCE_LOCALE
from indexer.passage_file import write_passages
from indexer.records import Edition, Passage
from indexer.row_texts import RowText, edition_rows, source_row, target_row
from indexer.vectors import FlatVectors, Vectors, write_vectors

TARGET, SOURCE = 0, 1
KEY_BYTES = 16
# (passage, side) or (passage, side, sentence) of each row.
RowTable = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ShardRows:
    """All that is embedded for a locale: its passages' rows in order, then its articles'."""

    passages: tuple[Passage, ...]
    rows: tuple[tuple[int, int], ...]
    texts: tuple[RowText, ...]
    article_texts: tuple[RowText, ...]

    def sentence_rows(self) -> list[tuple[int, int, int]]:
        """(passage, side, sentence) of each sentence vector, in the order of the rows."""
        return [
            (passage, side, sentence)
            for (passage, side), text in zip(self.rows, self.texts, strict=True)
            for sentence, _, _ in text.sentences
        ]

    def sentence_count(self) -> int:
        """How many sentences of the locale's own language have a vector."""
        sides = zip(self.rows, self.texts, strict=True)
        return sum(len(text.sentences) for (_, side), text in sides if side == TARGET)


def shard_rows(passages: Sequence[Passage]) -> ShardRows:
    """Lay out a locale's rows: passages in order, target before source."""
    rows: list[tuple[int, int]] = []
    texts: list[RowText] = []
    for number, passage in enumerate(passages):
        for side, text in ((TARGET, target_row(passage)), (SOURCE, source_row(passage))):
            if text is not None:
                rows.append((number, side))
                texts.append(text)
    articles = [text for edition in _editions(passages) for text in edition_rows(edition)]
    return ShardRows(tuple(passages), tuple(rows), tuple(texts), tuple(articles))


def _editions(passages: Sequence[Passage]) -> list[Edition]:
    """The passages' editions in order of appearance: the order of the passage file."""
    return list(dict.fromkeys(passage.edition for passage in passages))


def row_keys(texts: Sequence[RowText], fingerprint: str) -> NDArray[np.uint8]:
    """A key per row, `(n, 16)`: equal keys have equal vectors, sentences' included."""
    prefix = hashlib.sha256(fingerprint.encode())
    keys = np.empty((len(texts), KEY_BYTES), dtype=np.uint8)
    for number, row in enumerate(texts):
        digest = prefix.copy()
        digest.update(row.text.encode())
        digest.update(repr(row.spans).encode())
        keys[number] = np.frombuffer(digest.digest()[:KEY_BYTES], dtype=np.uint8)
    return keys


def write_shard(
    folder: Path,
    locale: str,
    shard: ShardRows,
    *,
    vectors: Vectors,
    sentences: Vectors,
    articles: Vectors,
    fingerprint: str,
) -> None:
    """Write a locale's files into `folder` (made here)."""
    folder.mkdir(parents=True)
    write_passages(folder, shard.passages)
    write_vectors(folder / "vectors.faiss", vectors)
    write_vectors(folder / "sentences.faiss", sentences, half=True)
    write_vectors(folder / "articles.faiss", articles)
    np.save(folder / "vectors.rows.npy", np.array(shard.rows, dtype=np.int32).reshape(-1, 2))
    np.save(folder / "sentences.rows.npy", np.array(shard.sentence_rows(), dtype=np.int32).reshape(-1, 3))
    np.save(folder / "vectors.keys.npy", row_keys(shard.texts, fingerprint))
    np.save(folder / "articles.keys.npy", row_keys(shard.article_texts, fingerprint))
    documents: Mapping[int, list[str]] = {side: [""] * len(shard.passages) for side in (TARGET, SOURCE)}
    for (passage, side), text in zip(shard.rows, shard.texts, strict=True):
        documents[side][passage] = text.text
    write_lexical(folder / "lexical" / "target", documents[TARGET], locale)
    if any(documents[SOURCE]):
        write_lexical(folder / "lexical" / "source", documents[SOURCE], SOURCE_LOCALE)


class StoredRows:
    """The vectors of a shard on disk, for copying into the next generation."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Map the files of `kind`, "vectors" (with their sentences) or "articles"."""
        self.keys = load_array(folder / f"{kind}.keys.npy")
        self._vectors = FlatVectors(folder / f"{kind}.faiss", mapped=True)
        if len(self.keys) != len(self._vectors):
            raise IndexCorrupt(f"{folder}: {len(self.keys)} keys stand beside {len(self._vectors)} {kind}")
        self._sentences: FlatVectors | None = None
        self._bounds = np.zeros(len(self.keys) + 1, dtype=np.int64)
        if kind == "vectors":
            self._sentences = FlatVectors(folder / "sentences.faiss", mapped=True)
            rows, sentences = (
                load_array(folder / "vectors.rows.npy"),
                load_array(folder / "sentences.rows.npy"),
            )
            # Both tables are sorted by passage and side.
            places = np.searchsorted(_order(sentences), _order(rows))
            self._bounds = np.append(places, len(sentences)).astype(np.int64)

    def __len__(self) -> int:
        return len(self.keys)

    def row(self, number: int) -> Vectors:
        """The vector of a row, then those of its sentences: `(1 + sentences, d)`."""
        vector = self._vectors.rows([number])
        if self._sentences is None:
            return vector
        inside = np.arange(self._bounds[number], self._bounds[number + 1])
        return np.concatenate([vector, self._sentences.rows(inside)])


def _order(table: NDArray[np.int32]) -> NDArray[np.int64]:
    return table[:, 0].astype(np.int64) * 2 + table[:, 1]


def load_array(file: Path) -> NDArray[np.int32]:
    """An array of numbers.

    Raises: IndexCorrupt.
    """
    try:
        loaded: NDArray[np.int32] = np.load(file, allow_pickle=False)
        return loaded
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorrupt(f"{file} can't be read: {error}") from error


def load_row_table(file: Path, rows: int, passages: int) -> RowTable:
    """A row table, checked against the number of rows and of passages.

    Raises: IndexCorrupt.
    """
    table: RowTable = load_array(file).astype(np.int32)
    if len(table) != rows:
        raise IndexCorrupt(f"{file}: {len(table)} rows stand beside {rows} vectors")
    if rows and (table[:, 0].min() < 0 or table[:, 0].max() >= passages or (np.diff(table[:, 0]) < 0).any()):
        raise IndexCorrupt(f"{file} names passages that are not there, or out of order")
    return table
