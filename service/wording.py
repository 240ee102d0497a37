"""The words of a text that carry its content, and how far one text's words stand in another.

Words of alphabets are compared by their stems, which here is a common beginning; scripts without
blanks by pairs of neighbouring characters. Common words, kana and digits carry no content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import takewhile

from service.language_words import LanguageWords

_KATAKANA = re.compile(r"[\u30a1-\u30ff]+$")
_RUN = re.compile(
    r"(?P<wide>[\u3400-\u9fff]+)|(?P<katakana>[\u30a1-\u30ff]+)|(?P<hangul>[\uac00-\ud7af]+)"
    r"|(?P<kana>[\u3040-\u309f]+)|(?P<word>[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+)"
)
# Shorter words are compared whole; longer ones may differ in so many letters at the end.
STEM_CHARS, ENDING_CHARS = 4, 2
# A name may have an ending from so many letters on, and be part of a longer word from so many.
NAME_CHARS, LONG_CHARS = 3, 6
# A name of foreign make in Japanese; shorter runs of katakana are parts of other words.
KATAKANA_NAME_CHARS = 3


def content_terms(text: str, words: LanguageWords) -> frozenset[str]:
    """The terms that carry content; words as they stand, folded."""
    terms: set[str] = set()
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        run = match[0]
        if match.lastgroup in ("wide", "katakana"):
            terms.update(_pairs(run))
        elif match.lastgroup == "hangul":
            # The last syllable is mostly a particle.
            terms.update(_pairs(run[:-1] if len(run) > 2 else run))
        elif match.lastgroup == "word" and len(run) > 1 and run not in words.common:
            terms.add(run)
    return frozenset(terms)


def capitalised_names(text: str, words: LanguageWords) -> frozenset[str]:
    """Words, folded, that are written as names are; a common word is none, wherever it stands.

    German writes every noun like that, and a sentence its first word: those count as well.
    In Japanese, runs of katakana.
    """
    text = unicodedata.normalize("NFKC", text)
    names: set[str] = set()
    for match in _RUN.finditer(text):
        run = match[0]
        if match.lastgroup == "katakana" and len(run.rstrip("ー")) >= KATAKANA_NAME_CHARS:
            names.add(run.rstrip("ー"))
        elif match.lastgroup == "word" and run[0].isupper() and run.casefold() not in words.common:
            names.add(run.casefold())
    return frozenset(name for name in names if len(name) > 1)


def first_word(text: str) -> str:
    """The word that has its capital from beginning the sentence, folded; "" where there is none.

    In a text of scripts without capitals, a capital is always a name's.
    """
    runs = list(_RUN.finditer(unicodedata.normalize("NFKC", text)))
    if not runs or any(run.lastgroup != "word" for run in runs):
        return ""
    return runs[0][0].casefold()


def same_stem(one: str, other: str) -> bool:
    """Whether two folded words begin so much alike that they are forms of one."""
    if one == other:
        return True
    if one[:1] != other[:1]:
        return False
    shorter = min(len(one), len(other))
    needed = max(STEM_CHARS, shorter - ENDING_CHARS)
    return shorter >= needed and one[:needed] == other[:needed]


def matched(terms: Iterable[str], among: frozenset[str]) -> frozenset[str]:
    """Those of `terms` that stand in `among`, as they are or by their stem."""
    return frozenset(
        term
        for term in terms
        if term in among or (len(term) >= STEM_CHARS and any(same_stem(term, other) for other in among))
    )


def same_name(one: str, other: str) -> bool:
    """Whether two folded words can be forms of one name; stems are shared by chance too often for that."""
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    shorter, differing = min(len(one), len(other)), len(one) + len(other) - 2 * common
    if common < shorter:
        return common >= LONG_CHARS - 1 and differing <= (common + 1) // 2
    return differing == 0 or shorter >= LONG_CHARS or (shorter >= NAME_CHARS and differing <= ENDING_CHARS)


def holds_names(names: frozenset[str], *, terms: frozenset[str], text: str) -> bool:
    """Whether all names stand among the terms, those in katakana in the folded text."""
    return all(
        any(same_name(name, term) for term in terms) or (_KATAKANA.match(name) is not None and name in text)
        for name in names
    )


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]
