"""Text to index terms, for every script of the articles, without a dictionary.

- Wide scripts (Han, kana, Hangul): single characters and pairs of neighbours.
- Alphabets: Snowball stems and 4-grams of the word, without accents.
- Names with digits, hyphens or dots ("P2", "a8fba59e-1fc2", "node.js") also whole; letters set apart
  by dots or hyphens ("U.S.", "D-U-N-S") are one word.
Compatibility forms are folded first (NFKC, case, full and half width, spaces that machine
translation leaves between wide characters, a dash typed for the long vowel mark; in Chinese locales
Traditional characters to Simplified ones).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache, partial

import Stemmer

from indexer.scripts import simplify

GRAM = 4
# Terms that stand for themselves, and the grams of one word.
Group = tuple[tuple[str, ...], tuple[str, ...]]
_WIDE = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_ALNUM, _LETTER = rf"[^\W_{_WIDE}]", rf"[^\W\d_{_WIDE}]"
_RUN = re.compile(rf"([{_WIDE}]+)|({_ALNUM}+)")
_WIDE_RUN = re.compile(rf"[{_WIDE}]+")
# What may carry an accent in folded text; kana keep their voicing marks.
_ACCENTED = re.compile(rf"[^\W_0-9a-z{_WIDE}]+")
# Not inside a longer name ("sect. 2.b.c", "e-mail-a-b-c", "y-a-t-il"), but before a word ("D-U-N-S-Nummer").
_INITIALS = re.compile(
    rf"(?<!{_ALNUM})(?<!{_ALNUM}[-‐.])(?:"
    rf"(?:{_LETTER}\.)+{_LETTER}\b\.?(?![-‐.]?{_ALNUM})|"
    rf"(?:{_LETTER}[-‐]){{2,}}{_LETTER}(?!{_ALNUM}|[-‐.]{_ALNUM}{{1,2}}(?!{_ALNUM})))"
)
_CODE = re.compile(rf"{_ALNUM}+(?:[-._/+&']{_ALNUM}+)+")
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
    text = _WIDE_GAP.sub("", _LONG_VOWEL.sub("ー", text))
    return _INITIALS.sub(lambda initials: re.sub("[-‐.]", "", initials[0]), text)


class Terms:
    """Takes the terms of one language's texts; English stems serve a language without a stemmer."""

    def __init__(self, locale: str) -> None:
        self._chinese = locale.startswith("zh")
        stemmer = Stemmer.Stemmer(_STEMMERS.get(locale.split("-")[0], "english"))
        self._word = lru_cache(maxsize=100_000)(lambda word: _word_terms(word, stemmer.stemWord(word)))
        # The sentences of often found passages, some megabytes.
        self._bare = lru_cache(maxsize=20_000)(partial(_bare, chinese=self._chinese))

    def __call__(self, text: str) -> list[str]:
        """The terms of `text` in order, with repetitions."""
        return [term for whole, grams in self._groups(text) for term in (*whole, *grams)]

    def weights(self, text: str) -> dict[str, float]:
        """The distinct terms of `text` in order, with what each counts in a question.

        The n grams of a word count as much as sqrt(n) terms, one that several words share as in the
        shortest of them: a German compound with twenty would else be all that its question asks for.
        """
        found: dict[str, float] = {}
        for whole, grams in self._groups(text):
            for term in whole:
                found[term] = 1.0
            for term in grams:
                found[term] = max(len(grams) ** -0.5, found.get(term, 0.0))
        return found

    def _groups(self, text: str) -> Iterator[Group]:
        """The terms of each run of wide characters and each word, then of each name."""
        folded = simplify(fold(text)) if self._chinese else fold(text)
        for run in _RUN.finditer(folded):
            yield _wide_terms(run[1]) if run[1] else self._word(run[2])
        for code in _CODE.finditer(folded):
            yield (f"={code[0]}",), ()

    def bare(self, text: str) -> str:
        """`text` as the characters of its terms stand in it (`characters_of`)."""
        return self._bare(text)


def _bare(text: str, *, chinese: bool) -> str:
    folded = simplify(fold(text)) if chinese else fold(text)
    return _ACCENTED.sub(lambda run: _without_accents(run[0]), folded)


def characters_of(term: str) -> str:
    """The characters that a text with this term holds; a stem may stand inside a longer word."""
    characters = term[1:] if term[0] in "_=" else term
    return _ACCENTED.sub(lambda run: _without_accents(run[0]), characters)


def is_word(term: str) -> bool:
    """Whether a term is a whole word's stem or a pair of wide characters: what tells languages apart."""
    return term[0] == "_" or (len(term) == 2 and _WIDE_RUN.fullmatch(term) is not None)


def _wide_terms(run: str) -> Group:
    return (*run, *(run[i : i + 2] for i in range(len(run) - 1))), ()


def _word_terms(word: str, stem: str) -> Group:
    bare = _without_accents(word)
    stem = _without_accents(stem)
    if any(map(str.isdigit, bare)):
        # Part of a number is another number: no grams.
        return (f"_{bare}",), ()
    grams = tuple(bare[i : i + GRAM] for i in range(len(bare) - GRAM + 1))
    return (f"_{stem}",), grams


@lru_cache(maxsize=10_000)
def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(char for char in parts if unicodedata.category(char) != "Mn"))
