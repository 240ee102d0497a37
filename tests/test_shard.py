"""A locale's rows: which texts they stand for, and that a misaligned file is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer import Block, BlockKind, Edition, IndexCorrupt, Passage, Sentence, Translation, TranslationType
from indexer.row_texts import RowText, shorten_heads
from indexer.shard import Shard
from indexer.shard_files import KEY_BYTES, StoredRows, row_keys, shard_rows, write_shard
from indexer.vectors import write_vectors
from tests.fakes import HashEmbedder

EDITION = Edition(
    "help/cancel-seats", "de-de", "Plätze", "Seats", "", "https://example.org/de-de/help/seats", None,
    Translation(TranslationType.MACHINE, None, None),
)  # fmt: skip
PASSAGE = Passage(
    "de-de/help/seats#end.0", EDITION, "end", EDITION.url, ("Ende",), ("End",), 0,
    "Es geht so.\nget-seats\nWeiter: Hilfe.", "It works like this.", "Schritte:", "Steps:",
    (Block(BlockKind.PARAGRAPH, 0, 11), Block(BlockKind.CODE, 12, 21), Block(BlockKind.FOLDED, 22, 36)),
    (Sentence(0, 11, "It works like this."), Sentence(12, 21), Sentence(22, 36)),
)  # fmt: skip
PLAIN = replace(
    PASSAGE, id="de-de/help/seats#end.1", source_text=None, context="", source_context="",
    text="Sieben Tage.", blocks=(Block(BlockKind.PARAGRAPH, 0, 12),), sentences=(Sentence(0, 12),),
)  # fmt: skip


def test_a_passage_has_a_row_for_each_side_with_its_sentences_that_may_answer() -> None:
    shard = shard_rows([PASSAGE, PLAIN])
    assert [text.text for text in shard.texts] == [
        "Plätze > Ende\nSchritte:\nEs geht so.\nget-seats\nWeiter: Hilfe.",
        "Seats > End\nSteps:\nIt works like this.",
        "Plätze > Ende\nSieben Tage.",
    ]
    assert shard.rows == ((0, 0), (0, 1), (1, 0))
    assert shard.sentence_rows() == [(0, 0, 0), (0, 1, 0), (1, 0, 0)]
    assert [row.text[start:end] for row in shard.texts for start, end in row.spans] == [
        "Es geht so.",
        "It works like this.",
        "Sieben Tage.",
    ]
    assert shard.sentence_count() == 2


def test_a_row_that_is_too_long_loses_the_end_of_its_head() -> None:
    count = HashEmbedder().count_tokens
    texts = shard_rows([PASSAGE, PLAIN]).texts
    # A token is a word: 2 of the headings, 1 of the context, then the passage's own.
    assert count([text.text for text in texts]) == [3 + 7, 3 + 4, 2 + 2]
    assert shorten_heads(texts, count, row_tokens=10, window_tokens=7) == texts
    shortened = shorten_heads(texts, count, row_tokens=8, window_tokens=7)
    assert [text.text for text in shortened] == [
        "Plätze >\nEs geht so.\nget-seats\nWeiter: Hilfe.",
        *(text.text for text in texts[1:]),
    ]
    assert [row.text[start:end] for row in shortened for start, end in row.spans] == [
        "Es geht so.",
        "It works like this.",
        "Sieben Tage.",
    ]
    bare = shorten_heads(texts, count, row_tokens=7, window_tokens=7)
    assert bare[0].text == PASSAGE.text
    assert bare[0].spans == ((0, 11),)


def test_an_article_has_a_row_of_its_paths_words_and_one_with_its_titles() -> None:
    assert [text.text for text in shard_rows([PASSAGE, PLAIN]).article_texts] == [
        "cancel seats",
        "cancel seats\nSeats\nPlätze",
    ]


def test_a_key_stands_for_a_text_with_its_spans_and_its_model() -> None:
    keys = row_keys([RowText("a"), RowText("b"), RowText("a"), RowText("a", ((0, 0, 1),))], "01")
    assert keys.shape == (4, KEY_BYTES)
    assert keys[0].tolist() == keys[2].tolist()
    assert len({key.tobytes() for key in keys}) == 3
    assert keys[0].tolist() != row_keys([RowText("a")], "02")[0].tolist()
    # A sentence's number in its passage makes no other vector.
    assert row_keys([RowText("a", ((7, 0, 1),))], "01")[0].tolist() == keys[3].tolist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shard, embedder = shard_rows([PASSAGE, PLAIN]), HashEmbedder()
    rows = embedder.embed_spans([text.text for text in shard.texts], [text.spans for text in shard.texts])
    write_shard(
        tmp_path / "de-de", "de-de", shard,
        vectors=np.concatenate([row[:1] for row in rows]),
        sentences=np.concatenate([row[1:] for row in rows]),
        articles=embedder.embed_passages([text.text for text in shard.article_texts]),
        fingerprint=embedder.fingerprint,
    )  # fmt: skip
    return tmp_path / "de-de"


def test_what_was_written_is_loaded(folder: Path) -> None:
    shard = Shard(folder, "de-de")
    assert [shard.passages[row] for row in range(2)] == [PASSAGE, PLAIN]
    assert dict(shard.editions) == {EDITION.path: EDITION}


def test_stored_rows_are_copied_with_their_sentences(folder: Path) -> None:
    embed, stored = HashEmbedder().embed_question, StoredRows(folder, "vectors")
    english = ("Seats > End\nSteps:\nIt works like this.", "It works like this.")
    assert len(stored) == 3
    assert stored.row(1) == pytest.approx(np.stack([embed(text) for text in english]), abs=1e-3)
    assert stored.row(2).shape == (2, 64)
    articles = StoredRows(folder, "articles")
    assert [articles.row(number).shape for number in range(len(articles))] == [(1, 64), (1, 64)]


def rewrite(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / name, change(np.load(folder / name)))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (rewrite("vectors.rows.npy", lambda rows: rows[:-1]), ": 2 rows stand beside 3 vectors"),
        (rewrite("sentences.rows.npy", lambda rows: rows[::-1]), "sentences.rows.npy names passages that"),
        (rewrite("vectors.rows.npy", lambda rows: rows + 1), "vectors.rows.npy names passages that"),
        (lambda folder: (folder / "vectors.rows.npy").write_bytes(b""), "vectors.rows.npy can't be read"),
        (
            lambda folder: write_vectors(folder / "articles.faiss", np.eye(3, 64, dtype=np.float32)),
            "articles and their vectors differ in number",
        ),
        (lambda folder: (folder / "sentences.rows.npy").unlink(), "sentences.rows.npy can't be read"),
        (
            lambda folder: (folder / "lexical/target/size.json").write_text('{"rows": 1, "terms": 0}'),
            "terms and passages differ in number",
        ),
    ],
)  # fmt: skip
def test_rows_that_do_not_line_up_are_refused(
    folder: Path, harm: Callable[[Path], object], message: str
) -> None:
    harm(folder)
    with pytest.raises(IndexCorrupt, match=message.replace(".", r"\.")):
        Shard(folder, "de-de")


@pytest.mark.parametrize("kind", ["vectors", "articles"])
def test_keys_that_do_not_line_up_are_refused(folder: Path, kind: str) -> None:
    keys = np.load(folder / f"{kind}.keys.npy")
    np.save(folder / f"{kind}.keys.npy", keys[1:])
    with pytest.raises(IndexCorrupt, match=f"{len(keys) - 1} keys stand beside {len(keys)} {kind}"):
        StoredRows(folder, kind)
