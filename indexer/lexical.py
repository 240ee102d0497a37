"""BM25 over one side of a locale's passages. The only user of bm25s.

Scores are divided by the summed idf of the question's terms, so that they lie in 0..1, mean the
same for every question, and stay near 0 for a question in another language. A term that the index
has never seen counts with the idf of df = 0: otherwise one shared name would score in full.
Source: BM25 as in Lucene (Kamphuis et al. 2020), k1 = 1.5, b = .75.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexCorrupt
from indexer.terms import Terms

K1 = 1.5
B = 0.75
Scores = NDArray[np.float32]


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
        try:
            size = json.loads((folder / "size.json").read_text("utf-8"))
            self._rows = int(size["rows"])
            self._index = None
            self._idf = np.empty(0, dtype=np.float32)
            if size["terms"]:
                self._index = bm25s.BM25.load(str(folder), show_progress=False)
                frequency = np.diff(self._index.scores["indptr"]).astype(np.float32)
                self._idf = _idf(frequency, self._rows)
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise IndexCorrupt(f"{folder} can't be read: {error}") from error

    def __len__(self) -> int:
        return self._rows

    def scores(self, question: str) -> Scores:
        """BM25 of every row, `(rows,)`, divided by the question's summed idf: 0..1."""
        terms = list(dict.fromkeys(self._terms(question)))
        if self._index is None or not terms:
            return np.zeros(self._rows, dtype=np.float32)
        known = [number for term in terms if (number := self._index.vocab_dict.get(term)) is not None]
        total = float(self._idf[known].sum()) + (len(terms) - len(known)) * float(
            _idf(np.zeros(1), self._rows)[0]
        )
        if not known or total <= 0:
            return np.zeros(self._rows, dtype=np.float32)
        found: Scores = self._index.get_scores_from_ids(known)
        return found / np.float32(total)


def _idf(frequency: NDArray[np.floating], rows: int) -> NDArray[np.float32]:
    idf: NDArray[np.float32] = np.log1p((rows - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    return idf
