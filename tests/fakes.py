"""Stand-ins for what is slow or large; each keeps the promises of what it stands for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

# Scripts written without spaces (kana, CJK, Hangul) give one token a character.
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)


class Clock:
    """A clock that is moved by hand, in seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class HashEmbedder:
    """An Embedder whose vector is a bag of its text's tokens: texts that share words are alike.

    Each token adds or subtracts 1 in one of `dimension` places, both decided by its hash; letter
    case is ignored. A text without tokens is the first unit vector.
    """

    def __init__(self, dimension: int = 64, max_tokens: int = 512) -> None:
        self._dimension = dimension
        self._max_tokens = max_tokens

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"HashEmbedder {self._dimension} {self._max_tokens}".encode()).hexdigest()

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    @property
    def passage_tokens(self) -> int:
        return self._max_tokens

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_question(text)
            if progress is not None:
                progress(1)
        return vectors

    def embed_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[tuple[int, int]]],
        progress: Callable[[int], None] | None = None,
    ) -> list[NDArray[np.float32]]:
        found = self.embed_passages(texts, progress)
        return [
            np.stack([vector, *(self.embed_question(text[start:end]) for start, end in inside)])
            for text, inside, vector in zip(texts, spans, found, strict=True)
        ]

    def embed_question(self, text: str) -> NDArray[np.float32]:
        bag = np.zeros(self._dimension, np.float32)
        for token in _tokens(text)[: self._max_tokens]:
            digest = hashlib.blake2b(token.encode(), digest_size=8).digest()
            bag[int.from_bytes(digest[:7]) % self._dimension] += 1 if digest[7] % 2 else -1
        length = float(np.linalg.norm(bag))
        if length == 0:
            bag[0] = length = 1
        return bag / np.float32(length)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_tokens(text)) for text in texts]


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.casefold())
