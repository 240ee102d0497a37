"""What is wrong with a request, field by field, without its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.problems import FieldError

# A client may send any number of unknown keys of any length; what is said of them stays small.
FAULTS_MAX = 10
FIELD_MAX_CHARS = 100
# Which form a value of several forms was read in; no part of a place that the client knows.
STRING_FORM, LIST_FORM = "<string>", "<list>"


def read_faults(faults: Sequence[Mapping[str, Any]], *, skip: int = 0) -> list[FieldError]:
    """The first of pydantic's faults, without the `skip` outermost parts of their places."""
    return [
        FieldError(
            field=_place(fault["loc"][skip:])[:FIELD_MAX_CHARS],
            message=fault["msg"].removeprefix("Value error, "),
        )
        for fault in faults[:FAULTS_MAX]
    ]


def _place(parts: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in parts if part not in (STRING_FORM, LIST_FORM))


def sum_up(errors: Sequence[FieldError]) -> str:
    """`question: Field required; top_k: ...`; a fault of the whole is one of the body."""
    return "; ".join(f"{each.field or 'body'}: {each.message}" for each in errors)
