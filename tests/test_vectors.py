"""FlatVectors against plain numpy, and the promises that FAISS doesn't make by itself."""

from __future__ import annotations

import threading
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import IndexCorrupt
from indexer.vectors import FlatVectors, Vectors, write_vectors

# Whole numbers: their products are exact in float32, so that equal scores are equal bits.
matrices = st.integers(0, 40).flatmap(
    lambda rows: st.lists(
        st.lists(st.integers(-2, 2), min_size=4, max_size=4), min_size=rows, max_size=rows
    ).map(lambda values: np.array(values, dtype=np.float32).reshape(-1, 4))
)
queries = st.lists(st.integers(-2, 2), min_size=4, max_size=4).map(
    lambda values: np.array(values, dtype=np.float32)
)


def stored(folder: Path, rows: Vectors, *, half: bool = False, mapped: bool = False) -> FlatVectors:
    file = folder / "vectors.faiss"
    write_vectors(file, rows, half=half)
    return FlatVectors(file, mapped=mapped)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors")


@settings(max_examples=40, deadline=None)
@given(rows=matrices, query=queries, k=st.integers(0, 45), chosen=st.sets(st.integers(0, 39)))
def test_a_search_is_that_of_numpy(
    folder: Path, rows: Vectors, query: Vectors, k: int, chosen: set[int]
) -> None:
    vectors = stored(folder, rows)
    scores = rows @ query
    for allowed in (None, np.array(sorted(row for row in chosen if row < len(rows)), dtype=np.int64)):
        pool = np.arange(len(rows)) if allowed is None else allowed
        expected = pool[np.lexsort((pool, -scores[pool]))][:k]
        numbers, found = vectors.search(query, k, allowed=allowed)
        assert numbers.tolist() == expected.tolist()
        assert found.tolist() == scores[expected].tolist()


@pytest.mark.parametrize("k", [1, 2, 99, 150])
def test_rows_of_equal_score_come_in_order_of_their_row_even_at_the_cut(tmp_path: Path, k: int) -> None:
    # FAISS changes its algorithm at k = 100, and keeps any of the rows that tie at the cut.
    rows = np.tile(np.eye(4, dtype=np.float32), (50, 1))
    numbers, scores = stored(tmp_path, rows).search(np.array([1, 0, 0, 0], dtype=np.float32), k)
    ones, zeros = list(range(0, 200, 4)), [row for row in range(200) if row % 4]
    assert numbers.tolist() == (ones + zeros)[:k]
    assert scores.tolist() == ([1.0] * 50 + [0.0] * 150)[:k]


def test_fewer_rows_than_asked_for_come_back_without_padding(tmp_path: Path) -> None:
    vectors = stored(tmp_path, np.eye(4, dtype=np.float32))
    numbers, scores = vectors.search(np.array([0, 0, 1, 0], dtype=np.float32), 9)
    assert numbers.tolist() == [2, 0, 1, 3]
    assert scores.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_nothing_allowed_finds_nothing(tmp_path: Path) -> None:
    vectors = stored(tmp_path, np.eye(4, dtype=np.float32))
    numbers, scores = vectors.search(np.ones(4, dtype=np.float32), 3, allowed=np.array([], dtype=np.int64))
    assert (numbers.tolist(), scores.tolist()) == ([], [])


def test_rows_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    vectors = stored(tmp_path, np.eye(4, dtype=np.float32))
    assert vectors.rows([2, 0, 2]).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]]
    assert vectors.rows([]).shape == (0, 4)


@pytest.mark.parametrize("mapped", [False, True])
def test_half_floats_change_a_unit_row_by_less_than_a_thousandth(tmp_path: Path, mapped: bool) -> None:
    rows = np.random.default_rng(7).standard_normal((200, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = stored(tmp_path, rows, half=True, mapped=mapped)
    assert np.abs(vectors.rows(np.arange(len(vectors))) - rows).max() < 0.001


def test_half_floats_written_again_are_the_same_bytes(tmp_path: Path) -> None:
    rows = np.random.default_rng(7).standard_normal((20, 32)).astype(np.float32)
    copied = stored(tmp_path, rows, half=True).rows(range(20))
    write_vectors(tmp_path / "again.faiss", copied, half=True)
    assert (tmp_path / "again.faiss").read_bytes() == (tmp_path / "vectors.faiss").read_bytes()


@pytest.mark.parametrize("content", [b"", b"no index at all"])
def test_a_file_that_is_no_index_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vectors.faiss").write_bytes(content)
    with pytest.raises(IndexCorrupt, match=r"vectors\.faiss can't be read"):
        FlatVectors(tmp_path / "vectors.faiss")


def test_each_thread_that_asks_searches_on_one_thread(tmp_path: Path) -> None:
    # OpenMP keeps the number for each thread; two threads made a question four times slower.
    vectors = stored(tmp_path, np.eye(4, dtype=np.float32))
    seen: list[int] = []

    def ask() -> None:
        faiss.omp_set_num_threads(2)
        vectors.search(np.ones(4, dtype=np.float32), 1)
        seen.append(faiss.omp_get_max_threads())
        faiss.omp_set_num_threads(2)
        vectors.rows([0])
        seen.append(faiss.omp_get_max_threads())

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    assert seen == [1, 1]
