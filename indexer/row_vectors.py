"""Where a row's vectors come from: a shard on disk that has it, or the model.

Shards of the last generation are added before a build and its own ones as they are written, so that
what is unchanged is copied and equal texts are embedded once over all locales.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from indexer.embedding import Embedder
from indexer.row_texts import RowText
from indexer.shard_files import StoredRows, row_keys
from indexer.vectors import Vectors


class RowVectors:
    """Vectors of one kind of row: "vectors" (passages with their sentences) or "articles"."""

    def __init__(self, kind: str, embedder: Embedder) -> None:
        self._kind = kind
        self._embedder = embedder
        self._shards: list[StoredRows] = []
        self._places: dict[bytes, tuple[int, int]] = {}

    def add_shard(self, folder: Path) -> None:
        """Copy from this shard too; its model must be the embedder's."""
        stored = StoredRows(folder, self._kind)
        for row, key in enumerate(stored.keys):
            self._places.setdefault(key.tobytes(), (len(self._shards), row))
        self._shards.append(stored)

    def count_new(self, columns: Iterable[Sequence[RowText]]) -> int:
        """How many of these rows must be embedded, equal ones counted once."""
        keys = {key for texts in columns for key in self._keys(texts)}
        return len(keys - self._places.keys())

    def of(self, texts: Sequence[RowText], progress: Callable[[int], None]) -> tuple[Vectors, Vectors, int]:
        """The vectors `(n, d)` of rows, those of their sentences in order, and how many rows were new."""
        found: dict[bytes, Vectors] = {}
        new: dict[bytes, RowText] = {}
        keys = self._keys(texts)
        for key, text in zip(keys, texts, strict=True):
            if (place := self._places.get(key)) is None:
                new[key] = text
            elif key not in found:
                found[key] = self._shards[place[0]].row(place[1])
        embedded = self._embedder.embed_spans(
            [text.text for text in new.values()], [text.spans for text in new.values()], progress
        )
        found.update(zip(new, embedded, strict=True))
        rows = [found[key] for key in keys]
        nothing = np.empty((0, self._embedder.dimension), dtype=np.float32)
        vectors = np.concatenate([nothing, *(row[:1] for row in rows)])
        return vectors, np.concatenate([nothing, *(row[1:] for row in rows)]), len(new)

    def _keys(self, texts: Sequence[RowText]) -> list[bytes]:
        return [key.tobytes() for key in row_keys(texts, self._embedder.fingerprint)]
