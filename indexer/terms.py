"""Text to index terms, for every script of the articles, without a dictionary.

- Wide scripts (Han, kana, Hangul): single characters and pairs of neighbours.
- Alphabets: Snowball stems and 4-grams of the word, without accents.
- Names with digits, hyphens or dots ("P2", "a8fba59e-1fc2", "node.js") also whole.
Compatibility forms are folded first (NFKC, case, full and half width, spaces that machine
translation leaves between wide characters, a dash typed for the long vowel mark; in Chinese locales
Traditional characters to Simplified ones).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

from indexer.scripts import simplify

GRAM = 4
_WIDE = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"([{_WIDE}]+)|([^\W_{_WIDE}]+)")
_WIDE_RUN = re.compile(rf"[{_WIDE}]+")
_CODE = re.compile(rf"[^\W_{_WIDE}]+(?:[-._/+&'][^\W_{_WIDE}]+)+")
_WIDE_GAP = re.compile(rf"(?<=[{_WIDE}])\s+(?=[{_WIDE}])")
_LONG_VOWEL = re.compile(r"(?<=[\u30a1-\u30fa])[-‐‑–—―−~](?![0-9a-z])")
_STEMMERS = {
    "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian", "nl": "dutch",
    "pt": "portuguese", "ru": "russian", "sv": "swedish", "da": "danish", "fi": "finnish",
    "hu": "hungarian", "ro": "romanian", "tr": "turkish", "no": "norwegian",
}  # fmt: skip


def fold(text: str) -> str:
    """`text` in the one form that terms are taken from."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return _WIDE_GAP.sub("", _LONG_VOWEL.sub("ー", text))


class Terms:
    """Takes the terms of one language's texts; English stems serve a language without a stemmer."""

    def __init__(self, locale: str) -> None:
        self._chinese = locale.startswith("zh")
        stemmer = Stemmer.Stemmer(_STEMMERS.get(locale.split("-")[0], "english"))
        self._word = lru_cache(maxsize=100_000)(lambda word: _word_terms(word, stemmer.stemWord(word)))

    def __call__(self, text: str) -> list[str]:
        """The terms of `text` in order, with repetitions."""
        folded = simplify(fold(text)) if self._chinese else fold(text)
        found: list[str] = []
        for run in _RUN.finditer(folded):
            if run[1]:
                found += run[1]
                found += (run[1][i : i + 2] for i in range(len(run[1]) - 1))
            else:
                found += self._word(run[2])
        found += (f"={code[0]}" for code in _CODE.finditer(folded))
        return found

    def bare(self, text: str) -> str:
        """`text` as the characters of its terms stand in it (`characters_of`)."""
        return _without_accents(simplify(fold(text)) if self._chinese else fold(text))


def characters_of(term: str) -> str:
    """The characters that a text with this term holds; a stem may stand inside a longer word."""
    return _without_accents(term[1:] if term[0] in "_=" else term)


def is_word(term: str) -> bool:
    """Whether a term is a whole word's stem or a pair of wide characters: what tells languages apart."""
    return term[0] == "_" or (len(term) == 2 and _WIDE_RUN.fullmatch(term) is not None)


def _word_terms(word: str, stem: str) -> tuple[str, ...]:
    bare = _without_accents(word)
    stem = _without_accents(stem)
    if any(map(str.isdigit, bare)):
        # Part of a number is another number: no grams.
        return (f"_{bare}",)
    grams = tuple(bare[i : i + GRAM] for i in range(len(bare) - GRAM + 1))
    return (f"_{stem}", *grams)


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(char for char in parts if unicodedata.category(char) != "Mn"))
