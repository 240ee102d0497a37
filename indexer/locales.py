"""Locales: lower-case BCP 47 tags, and which of the available ones serves the one asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

SOURCE_LOCALE = "en-us"
_FOLDER = re.compile(r"[A-Za-z]{2}(?:-[A-Za-z]{4})?-(?:[A-Za-z]{2}|[0-9]{3})")
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
# Regions that write Chinese in Traditional characters (CLDR likely subtags).
_TRADITIONAL = frozenset({"tw", "hk", "mo", "hant"})


def normalise_locale(tag: str) -> str:
    """`tag` as lower-case BCP 47 with hyphens.

    Raises: ValueError where it can't be a language tag.
    """
    normal = tag.strip().replace("_", "-").lower()
    if len(normal) > 35 or _TAG.fullmatch(normal) is None:
        raise ValueError(f"{tag!r} is no language tag such as ja-jp or de")
    return normal


def is_locale(tag: str) -> bool:
    """Whether a folder's name reads as a language with a region, such as ja-jp or zh-hant-tw.

    Languages of three letters are left out: `how-to` and `opt-in` are no locales.
    """
    return _FOLDER.fullmatch(tag) is not None


def nearest_locale(asked: str, available: Sequence[str]) -> str | None:
    """The available locale that serves `asked`: itself, else one of the same language, else None.

    Chinese is matched by script: zh-hk reads zh-tw, zh-sg and bare zh read zh-cn; where only the
    other script is there, that one.
    """
    if asked in available:
        return asked
    language = asked.split("-")[0]
    same = sorted(locale for locale in available if locale.split("-")[0] == language)
    if not same:
        return None
    if language == "zh":
        script = writes_traditional(asked)
        return next((locale for locale in same if writes_traditional(locale) == script), same[0])
    # en means en-us, de means de-de, pt means pt-br where there is no pt-pt.
    preferred = (SOURCE_LOCALE, f"{language}-{language}")
    return next((locale for locale in preferred if locale in same), same[0])


def writes_traditional(locale: str) -> bool:
    """Whether a Chinese locale writes Traditional characters."""
    subtags = locale.split("-")[1:]
    return "hans" not in subtags and not _TRADITIONAL.isdisjoint(subtags)
