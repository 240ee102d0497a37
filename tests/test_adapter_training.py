"""Learning the adapter, on a tiny model: what is learnt is what is served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer import Question
from indexer.model import PreparedModel
from indexer.row_texts import RowText
from tests.small_corpus import MAIL, SEATS, TAXES, SmallIndex

if TYPE_CHECKING:
    from indexer.adapter_examples import Example, Hidden
    from indexer.adapter_layers import UpperLayers

pytestmark = pytest.mark.model

# Two questions, and for each the text that answers it and one that does not, which is nearer at first.
TEXTS = ("mail?", "customer?", "the customer pays", "to send by mail", "a mail, a mail", "customer, customer")
TOKENS = 64


@pytest.fixture(scope="module")
def folder(tiny_model: PreparedModel) -> Path:
    assert tiny_model.sentence_transformers_folder is not None
    return tiny_model.sentence_transformers_folder


@pytest.fixture(scope="module")
def hidden(folder: Path) -> list[Hidden]:
    from indexer.adapter_examples import LowerLayers, Texts

    rows = [RowText(text, ((0, 0, 8),)) for text in TEXTS]
    return LowerLayers(folder, kept=0).run(Texts(rows, questions={0, 1}))


@pytest.fixture
def layers(folder: Path) -> UpperLayers:
    import torch

    from indexer.adapter_layers import UpperLayers

    torch.manual_seed(0)
    return UpperLayers(folder, kept=0)


@pytest.fixture
def examples() -> list[Example]:
    from indexer.adapter_examples import Example

    beside = np.zeros(2, np.float32)
    return [
        Example(0, "en-us", ("help/mail", "help/seats"), ((3,), (4,)), 1, beside, 5.0, 0.3),
        Example(1, "en-us", ("help/customers", "help/seats"), ((2,), (5,)), 1, beside, 5.0, 0.3),
    ]


def encode(folder: Path, prompt: str, texts: tuple[str, ...]) -> NDArray[np.float32]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    vectors: NDArray[np.float32] = model.encode(
        list(texts), prompt=prompt, normalize_embeddings=True, show_progress_bar=False
    )
    return vectors


def test_lower_and_upper_layers_together_are_the_model(
    folder: Path, layers: UpperLayers, hidden: list[Hidden]
) -> None:
    vectors, sentences = layers.embed(hidden, TOKENS)
    found = vectors.detach().numpy()
    np.testing.assert_allclose(found[:2], encode(folder, "query: ", TEXTS[:2]), atol=2e-3)
    np.testing.assert_allclose(found[2:], encode(folder, "passage: ", TEXTS[2:]), atol=2e-3)
    assert [tuple(own.shape) for own in sentences] == [(1, 32)] * len(TEXTS)


def test_training_lifts_what_answers_and_what_is_saved_serves_the_same(
    tmp_path: Path, folder: Path, layers: UpperLayers, hidden: list[Hidden], examples: list[Example]
) -> None:
    from safetensors.numpy import load_file, save_file

    from indexer.adapter import adapt, read_adapter
    from indexer.adapter_training import judge, train

    before = judge(layers, examples, hidden)
    train(layers, examples, hidden, epochs=120)
    after = judge(layers, examples, hidden)
    assert before["fused Success@1"] < after["fused Success@1"] == 1.0
    assert after == judge(layers, examples, hidden)

    layers.save(tmp_path / "adapter.safetensors")
    served = tmp_path / "served"
    served.mkdir()
    for file in folder.rglob("*"):
        if file.is_file():
            target = served / file.relative_to(folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
    tensors = load_file(folder / "model.safetensors")
    changed = adapt(tensors, read_adapter(tmp_path / "adapter.safetensors"))
    save_file(changed, served / "model.safetensors", metadata={"format": "pt"})
    learnt = layers.embed(hidden, TOKENS)[0].detach().numpy()
    np.testing.assert_allclose(learnt[2:], encode(served, "passage: ", TEXTS[2:]), atol=5e-3)


def test_unchanged_the_layers_give_what_they_gave(
    layers: UpperLayers, hidden: list[Hidden], examples: list[Example]
) -> None:
    from indexer.adapter_training import train

    before = layers.embed(hidden, TOKENS)[0].detach().numpy()
    train(layers, examples, hidden, epochs=10)
    with layers.unchanged():
        same = layers.embed(hidden, TOKENS)[0].detach().numpy()
    np.testing.assert_array_equal(before, same)
    assert not np.array_equal(before, layers.embed(hidden, TOKENS)[0].detach().numpy())


def test_the_passages_of_a_questions_section_are_right_and_other_hits_wrong(tmp_path: Path) -> None:
    from indexer.adapter_examples import Texts, find_examples

    small = SmallIndex(tmp_path)
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    small.build()
    taxes = Question("t", "de-de", "Steuern?", "de", "natural", (), ("help/taxes",), (), section="top")
    asked = [taxes, replace(taxes, id="elsewhere", section="no-such-section")]
    texts = Texts()
    (example,) = find_examples(small.open(), asked, texts, judged=True)
    assert texts.rows[example.question].text == "Steuern?"
    sides = [[texts.rows[row].text for row in passage] for passage in example.passages]
    assert [["Steuern" in text, "Taxes" in text] for text in sides[0]] == [[True, False], [False, True]]
    assert not any("Steuern" in text for passage in sides[1:] for text in passage)
    assert (example.articles[0], example.locale, example.beside.shape) == ("help/taxes", "de-de", (3,))
    assert example.beside[0] == example.beside.max()


def test_what_is_learnt_from_shows_wrong_passages_from_one_side_in_turn(tmp_path: Path) -> None:
    from indexer.adapter_examples import Texts, find_examples

    small = SmallIndex(tmp_path)
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    small.build()
    taxes = Question("t", "de-de", "Steuern?", "de", "natural", (), ("help/taxes",), (), section="top")
    texts = Texts()
    (example,) = find_examples(small.open(), [taxes], texts)
    assert [len(passage) for passage in example.passages] == [2, 1, 1]
    english = [
        "It never writes" in texts.rows[row].text or "Seats" in texts.rows[row].text
        for (row,) in example.passages[1:]
    ]
    assert sorted(english) == [False, True]
    assert (texts.questions, texts.judged) == ({example.question}, set())


def test_only_what_is_judged_by_is_read_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from indexer.adapter_examples import LowerLayers, Texts

    for name, tokens in (("QUESTION_TOKENS", 20), ("LEARNT_TOKENS", 30), ("PASSAGE_TOKENS", 40)):
        monkeypatch.setattr(f"indexer.adapter_examples.{name}", tokens)  # a tiny model reads 256
    long = " ".join(["customer"] * 500)
    rows = [RowText(long), RowText(long + "."), RowText(long + "!")]
    hidden = LowerLayers(folder, kept=0).run(Texts(rows, questions={0}, judged={2}))
    assert [len(text.states) for text in hidden] == [20, 30, 40]


def test_another_article_that_answers_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    from indexer.adapter_examples import Texts, find_examples

    small = SmallIndex(tmp_path)
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    small.build()
    articles = ("help/taxes", "help/seats")
    asked = Question("t", "de-de", "Steuern?", "de", "natural", (), articles, (), section="top")
    (example,) = find_examples(small.open(), [asked], Texts())
    assert (example.articles, example.right) == (("help/taxes", "help/mail"), 1)
