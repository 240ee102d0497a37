"""A prepared model's tokens: its tokenizer, loaded without the weights, and counting with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tokenizers import Tokenizer

from indexer.errors import ModelError
from indexer.model_description import PREPARE_ANEW

# Counts each text's tokens, without prompt and special tokens, never cut off.
CountTokens = Callable[[Sequence[str]], list[int]]

TOKENIZER_FILE = "tokenizer.json"
# Texts cut into tokens at a time: enough to fill batches, few enough for Ctrl-C to come through.
SLICE_TEXTS = 512


def load_tokenizer(model_dir: Path) -> Tokenizer:
    """Load the tokenizer of the prepared model in `model_dir`, without padding.

    Raises: ModelError where there is none, or it can't be read.
    """
    try:
        tokenizer = Tokenizer.from_file(str(model_dir / TOKENIZER_FILE))
    except Exception as error:  # the library raises bare exceptions of its native code
        raise ModelError(f"{model_dir}: the model can't be loaded ({error}); {PREPARE_ANEW}") from error
    tokenizer.no_padding()
    return tokenizer


def count_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Count each text's tokens, without special tokens, whatever the tokenizer cuts off."""
    counts = []
    for start in range(0, len(texts), SLICE_TEXTS):
        piece = list(texts[start : start + SLICE_TEXTS])
        for encoding in tokenizer.encode_batch_fast(piece, add_special_tokens=False):
            counts.append(len(encoding.ids) + sum(len(rest.ids) for rest in encoding.overflowing))
    return counts


@dataclass(frozen=True, slots=True)
class TokenCounterOf:
    """Opens the token counter of the prepared model in `model_dir`; small to send to another process."""

    model_dir: Path

    def __call__(self) -> CountTokens:
        """Load the tokenizer.

        Raises: ModelError.
        """
        return partial(count_tokens, load_tokenizer(self.model_dir))
