"""The adapter that is learnt from questions and the passages that answer them: small changes of weights.

Each adapted matrix W becomes W + up @ down, of low rank, before the model is converted: an embedding costs
what it cost before. `indexer/adapter_training.py` learns it.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError

FILE = Path(__file__).with_name("adapter.safetensors")
DOWN, UP = ".down", ".up"
Tensors = dict[str, NDArray[np.float32]]


def read_adapter(file: Path = FILE) -> Tensors:
    """The changes by the name of the matrix that they change, `(out, in)` each, float32.

    Raises: ModelError where the file is missing, damaged, or a matrix has but one of its two factors.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        factors = load_file(file)
        names = sorted({name.removesuffix(DOWN).removesuffix(UP) for name in factors})
        return {
            name: factors[name + UP].astype(np.float32) @ factors[name + DOWN].astype(np.float32)
            for name in names
        }
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ModelError(
            f"{file}: no adapter of the embedded model ({error}); install citedesk anew"
        ) from error


def adapt(tensors: Mapping[str, NDArray[np.float32]], changes: Tensors) -> Tensors:
    """The model's tensors with the changes added.

    Raises: ModelError where a changed matrix is none of the model's, or of another shape.
    """
    for name, change in changes.items():
        shape = tensors[name].shape if name in tensors else None
        if shape != change.shape:
            raise ModelError(
                f"the adapter changes {name} of shape {change.shape}, and the model has "
                f"{shape or 'no such matrix'}: it was learnt on another model"
            )
    return {name: tensor + changes[name] if name in changes else tensor for name, tensor in tensors.items()}
