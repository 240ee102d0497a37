"""Where a row's vector comes from: a shard on disk that has it, or the model.

Shards of the last generation are added before a build and its own ones as they are written, so that
what is unchanged is copied and equal texts are embedded once over all locales.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from indexer.embedding import Embedder
from indexer.shard import ShardTexts, row_keys, stored_vectors
from indexer.vectors import FlatVectors, Vectors


class RowVectors:
    """Vectors of the texts of one kind of row, "vectors" (passages) or "sentences".

    The kinds are kept apart because they are stored at different precisions.
    """

    def __init__(self, kind: str, embedder: Embedder) -> None:
        self._kind = kind
        self._embedder = embedder
        self._files: list[FlatVectors] = []
        self._places: dict[bytes, tuple[int, int]] = {}

    def add_shard(self, folder: Path) -> None:
        """Copy from this shard too; its model must be the embedder's."""
        keys, vectors = stored_vectors(folder, self._kind)
        for row, key in enumerate(keys):
            self._places.setdefault(key.tobytes(), (len(self._files), row))
        self._files.append(vectors)

    def count_new(self, shards: Iterable[ShardTexts]) -> int:
        """How many texts of these shards must be embedded, equal ones counted once."""
        keys = {key for shard in shards for key in self._keys(self._column(shard))}
        return len(keys - self._places.keys())

    def of(self, shard: ShardTexts, progress: Callable[[int], None]) -> tuple[Vectors, int]:
        """The vectors of a shard's rows, `(n, d)`, and how many of them were embedded now."""
        texts = self._column(shard)
        keys = self._keys(texts)
        matrix = np.empty((len(texts), self._embedder.dimension), dtype=np.float32)
        new: dict[bytes, list[int]] = {}
        stored: dict[int, list[tuple[int, int]]] = {}
        for row, key in enumerate(keys):
            if (place := self._places.get(key)) is None:
                new.setdefault(key, []).append(row)
            else:
                stored.setdefault(place[0], []).append((row, place[1]))
        for file, pairs in stored.items():
            rows, numbers = zip(*pairs, strict=True)
            matrix[list(rows)] = self._files[file].rows(numbers)
        found = self._embedder.embed_passages([texts[rows[0]] for rows in new.values()], progress)
        for rows_of_text, vector in zip(new.values(), found, strict=True):
            matrix[rows_of_text] = vector
        return matrix, len(new)

    def _column(self, shard: ShardTexts) -> Sequence[str]:
        return shard.texts if self._kind == "vectors" else shard.sentence_texts

    def _keys(self, texts: Sequence[str]) -> list[bytes]:
        return [key.tobytes() for key in row_keys(texts, self._embedder.fingerprint)]
