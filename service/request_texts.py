"""The texts that a request may hold: lengths in characters, and what no text may hold."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from indexer import normalise_locale

QUESTION_MAX_CHARS = 2_000
TURN_MAX_CHARS = 4_000
NOTE_MAX_CHARS = 2_000
CONTACT_MAX_CHARS = 300
FILTER_NAMES_MAX = 100
FILTER_NAME_MAX_CHARS = 300
FILTER_GLOBS_MAX = 20
FILTER_GLOB_MAX_CHARS = 200


def _refuse_unpaired(value: object) -> object:
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError("holds half of a surrogate pair, which is no character")
    return value


def _refuse_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character")
    return value


def _refuse_blank(value: str) -> str:
    # Z: separators, C: controls and invisible format characters.
    if all(unicodedata.category(c)[0] in "ZC" for c in value):
        raise ValueError("holds no visible character")
    return value


def _without_prefix(value: str) -> str:
    return value.removeprefix("resp_").removeprefix("chatcmpl-")


# A surrogate is looked for first: the length check can't read it.
QuestionText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=QUESTION_MAX_CHARS),
    BeforeValidator(_refuse_unpaired),
    AfterValidator(_refuse_nul),
    AfterValidator(_refuse_blank),
]
TurnText = Annotated[
    str,
    StringConstraints(max_length=TURN_MAX_CHARS),
    BeforeValidator(_refuse_unpaired),
    AfterValidator(_refuse_nul),
]
# Of any length: for what is cut, or not read at all.
AnyText = Annotated[str, BeforeValidator(_refuse_unpaired), AfterValidator(_refuse_nul)]
LocaleTag = Annotated[
    str,
    StringConstraints(min_length=2, max_length=35),
    BeforeValidator(_refuse_unpaired),
    AfterValidator(normalise_locale),
]
NoteText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NOTE_MAX_CHARS),
    BeforeValidator(_refuse_unpaired),
    AfterValidator(_refuse_nul),
]
ContactText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=CONTACT_MAX_CHARS),
    BeforeValidator(_refuse_unpaired),
    AfterValidator(_refuse_nul),
]
# Of an answer or a conversation; other systems' ids fit, words of a person hardly.
Id = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"),
    BeforeValidator(_refuse_unpaired),
]
# As clients of OpenAI's API see it, too.
AnswerId = Annotated[Id, AfterValidator(_without_prefix)]
FilterName = Annotated[
    str,
    StringConstraints(max_length=FILTER_NAME_MAX_CHARS),
    BeforeValidator(_refuse_unpaired),
    AfterValidator(_refuse_nul),
]
FilterNames = Annotated[list[FilterName], Field(max_length=FILTER_NAMES_MAX)]
# Each is tried on each article.
FilterGlob = Annotated[FilterName, Field(max_length=FILTER_GLOB_MAX_CHARS)]
FilterGlobs = Annotated[list[FilterGlob], Field(max_length=FILTER_GLOBS_MAX)]
