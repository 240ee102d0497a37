"""The upper layers of the model with low-rank changes that can be learnt, saved and switched off.

Importing this module imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import dropout, normalize
from transformers import AutoModel

from indexer.adapter import DOWN, UP
from indexer.adapter_examples import BATCH, KEPT_LAYERS, Hidden

RANK, DROPOUT = 8, 0.1


class Change:
    """A low-rank product added to what a matrix gives: a forward hook. It begins at zero."""

    def __init__(self, matrix: nn.Linear) -> None:
        self.down = nn.Parameter(torch.randn(RANK, matrix.in_features) / math.sqrt(matrix.in_features))
        self.up = nn.Parameter(torch.zeros(matrix.out_features, RANK))
        self.on, self.learning = True, False
        matrix.register_forward_hook(self)

    def __call__(
        self, matrix: nn.Linear, read: tuple[torch.Tensor, ...], given: torch.Tensor
    ) -> torch.Tensor | None:
        """What the matrix gives then, None for what it gave."""
        if not self.on:
            return None
        states = dropout(read[0], DROPOUT, training=self.learning)
        return given + (states @ self.down.T) @ self.up.T


class UpperLayers:
    """The layers above those that stay."""

    def __init__(self, model_dir: Path, *, kept: int = KEPT_LAYERS) -> None:
        """`model_dir` is a sentence-transformers folder of a BERT encoder; `kept` layers stay."""
        network = AutoModel.from_pretrained(model_dir, dtype=torch.float32)
        for parameter in network.parameters():
            parameter.requires_grad = False
        self._layers = network.encoder.layer[kept:].eval()
        self._changes = {
            f"encoder.layer.{place}.{path}.weight": Change(module)
            for place, layer in enumerate(self._layers, kept)
            for path, module in layer.named_modules()
            if isinstance(module, nn.Linear)
        }

    @property
    def factors(self) -> list[nn.Parameter]:
        """All that is learnt."""
        return [factor for change in self._changes.values() for factor in (change.down, change.up)]

    def learn(self, on: bool) -> None:
        """While on, a part of what the changes read is left out at random."""
        for change in self._changes.values():
            change.learning = on

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Inside, the layers are what they were."""
        for change in self._changes.values():
            change.on = False
        try:
            yield
        finally:
            for change in self._changes.values():
                change.on = True

    def embed(self, texts: Sequence[Hidden], tokens: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Unit vectors of each text's first `tokens` tokens, `(n, d)`, and of its sentences, `(m, d)`."""
        order = sorted(range(len(texts)), key=lambda number: len(texts[number].states))
        vectors: dict[int, torch.Tensor] = {}
        sentences: dict[int, torch.Tensor] = {}
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            for number, states in zip(batch, self._run([texts[each] for each in batch], tokens), strict=True):
                vectors[number] = normalize(states.mean(0), dim=-1)
                inside = [states[a:b].mean(0) for a, b in texts[number].sentences if b <= len(states)]
                sentences[number] = normalize(torch.stack(inside or [states.mean(0)]), dim=-1)
        places = range(len(texts))
        return torch.stack([vectors[each] for each in places]), [sentences[each] for each in places]

    def _run(self, texts: Sequence[Hidden], tokens: int) -> list[torch.Tensor]:
        cut = [torch.from_numpy(text.states[:tokens]).float() for text in texts]
        states = nn.utils.rnn.pad_sequence(cut, batch_first=True)
        read = torch.arange(states.shape[1])[None] < torch.tensor([len(each) for each in cut])[:, None]
        mask = ((~read).float() * -1e9)[:, None, None, :].expand(-1, 1, states.shape[1], -1)
        for layer in self._layers:
            states = layer(states, attention_mask=mask)
        return [state[: len(each)] for state, each in zip(states, cut, strict=True)]

    def save(self, file: Path) -> None:
        """Write the factors as float16, by the name of the matrix that they change; whole or not at all."""
        tensors = {}
        for name, change in self._changes.items():
            tensors[name + DOWN] = change.down.detach().half().contiguous()
            tensors[name + UP] = change.up.detach().half().contiguous()
        fresh = file.with_suffix(".new")
        save_file(tensors, fresh)
        fresh.replace(file)
