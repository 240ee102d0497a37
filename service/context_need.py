"""Whether a question can be understood without the turns before it, by its own vector.

"And for resellers?" says by its wording alone that it goes on from something; a question that names its
subject says that it doesn't. A logistic function of the question's unit vector tells them apart, fitted
on written examples (context_need_fitting.py) and shipped with its provenance as `context_need.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ContextNeed:
    """The chance that a question hangs on earlier turns: `1 / (1 + exp(-(intercept + weights . vector)))`."""

    intercept: float
    weights: tuple[float, ...]

    def __call__(self, vector: Sequence[float]) -> float | None:
        """The chance, from the vector of the question alone; None for a vector of another model."""
        if len(vector) != len(self.weights):
            return None
        evidence = self.intercept + sum(
            weight * component for weight, component in zip(self.weights, vector, strict=True)
        )
        return 1.0 / (1.0 + math.exp(-evidence)) if evidence > -700 else 0.0


def read_context_need() -> ContextNeed:
    """What the package ships."""
    fields = json.loads(files("service").joinpath("context_need.json").read_text("utf-8"))
    return ContextNeed(float(fields["intercept"]), tuple(fields["weights"]))
