"""Exact vector search: unit rows in a FAISS file, inner product as score. The only user of faiss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexCorrupt

Vectors = NDArray[np.float32]


def write_vectors(file: Path, rows: Vectors, *, half: bool = False) -> None:
    """Write unit rows `(n, d)` as an exact index; `half` stores 16-bit floats (error below .001)."""
    count, dimension = rows.shape
    index = (
        faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        if half
        else faiss.IndexFlatIP(dimension)
    )
    if count:
        index.add(np.ascontiguousarray(rows, dtype=np.float32))
    faiss.write_index(index, str(file))


class FlatVectors:
    """Rows of one FAISS file, searched exhaustively on one thread.

    One OpenMP thread a question: 40,000 rows take 2.3 ms on one thread and 6.2 on two.
    """

    def __init__(self, file: Path, *, mapped: bool = False) -> None:
        """Load a file, or map it where its rows are only copied from (`mapped`)."""
        try:
            self._index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        except RuntimeError as error:
            raise IndexCorrupt(f"{file} can't be read: {error}") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of a row."""
        return int(self._index.d)

    def rows(self, numbers: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """The rows of these numbers, `(len(numbers), d)`, in their order."""
        keys = np.asarray(numbers, dtype=np.int64)
        if not len(keys):
            return np.empty((0, self.dimension), dtype=np.float32)
        _use_one_thread()
        found: Vectors = self._index.reconstruct_batch(keys)
        return found

    def search(
        self, query: Vectors, k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], Vectors]:
        """The `k` best rows of a unit query `(d,)` and their scores, best first; ties by row.

        `allowed` restricts the search to these rows before it runs. Fewer than `k` rows come back
        where there are fewer.
        """
        parameters = None
        if allowed is not None:
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(allowed))
            k = min(k, len(allowed))
        k = min(k, len(self))
        if k == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        _use_one_thread()
        one = query.reshape(1, -1)
        (scores,), (numbers,) = self._index.search(one, min(k + 1, len(self)), params=parameters)
        if len(scores) > k and scores[k] == scores[k - 1]:
            # FAISS keeps any of the rows that tie at the cut: take them all, the sort cuts by row.
            below = float(np.nextafter(scores[k], np.float32(-np.inf)))
            _, scores, numbers = self._index.range_search(one, below, params=parameters)
        order = np.lexsort((numbers, -scores))
        order = order[numbers[order] >= 0][:k]  # FAISS pads with -1
        return numbers[order], scores[order]


def _use_one_thread() -> None:
    """Keep FAISS from starting threads: OpenMP keeps the number for each thread that asks."""
    faiss.omp_set_num_threads(1)
