"""A locale's rows: which texts they stand for, and that a misaligned file is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer import Block, BlockKind, Edition, IndexCorrupt, Passage, Sentence, Translation, TranslationType
from indexer.shard import KEY_BYTES, Shard, row_keys, shard_texts, stored_vectors, write_shard
from tests.fakes import HashEmbedder

EDITION = Edition(
    "help/seats", "de-de", "Plätze", "Seats", "", "https://example.org/de-de/help/seats", None,
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


def test_a_passage_has_a_row_for_each_side_and_each_sentence_that_may_answer() -> None:
    texts = shard_texts([PASSAGE, PLAIN])
    assert texts.texts == (
        "Plätze > Ende\nSchritte:\nEs geht so.\nget-seats\nWeiter: Hilfe.",
        "Seats > End\nSteps:\nIt works like this.",
        "Plätze > Ende\nSieben Tage.",
    )
    assert texts.rows == ((0, 0), (0, 1), (1, 0))
    assert texts.sentence_texts == ("Es geht so.", "It works like this.", "Sieben Tage.")
    assert texts.sentence_rows == ((0, 0, 0), (0, 1, 0), (1, 0, 0))


def test_a_key_stands_for_a_text_and_its_model() -> None:
    keys = row_keys(["a", "b", "a"], "01")
    assert keys.shape == (3, KEY_BYTES)
    assert keys[0].tolist() == keys[2].tolist() != keys[1].tolist()
    assert keys[0].tolist() != row_keys(["a"], "02")[0].tolist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts, embedder = shard_texts([PASSAGE, PLAIN]), HashEmbedder()
    write_shard(
        tmp_path / "de-de", "de-de", texts, vectors=embedder.embed_passages(texts.texts),
        sentences=embedder.embed_passages(texts.sentence_texts), fingerprint=embedder.fingerprint,
    )  # fmt: skip
    return tmp_path / "de-de"


def test_what_was_written_is_loaded(folder: Path) -> None:
    shard = Shard(folder, "de-de")
    assert [shard.passages[row] for row in range(2)] == [PASSAGE, PLAIN]
    assert dict(shard.editions) == {"help/seats": EDITION}
    keys, vectors = stored_vectors(folder, "sentences")
    assert (
        keys.tolist()
        == row_keys(
            ["Es geht so.", "It works like this.", "Sieben Tage."], HashEmbedder().fingerprint
        ).tolist()
    )
    assert len(vectors) == 3


def rewrite(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / name, change(np.load(folder / name)))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (rewrite("vectors.rows.npy", lambda rows: rows[:-1]), ": 2 rows stand beside 3 vectors"),
        (rewrite("sentences.rows.npy", lambda rows: rows[::-1]), "sentences.rows.npy names passages that"),
        (rewrite("vectors.rows.npy", lambda rows: rows + 1), "vectors.rows.npy names passages that"),
        (lambda folder: (folder / "vectors.rows.npy").write_bytes(b""), "vectors.rows.npy can't be read"),
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


def test_keys_that_do_not_line_up_are_refused(folder: Path) -> None:
    rewrite("vectors.keys.npy", lambda keys: keys[1:])(folder)
    with pytest.raises(IndexCorrupt, match="2 keys stand beside 3 vectors"):
        stored_vectors(folder, "vectors")
