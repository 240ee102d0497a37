"""What is known of each language's words: names of numbers and months, negations, common words.

The tables of language_words.json are small on purpose. They serve to notice that a sentence says
another number, another month or the opposite of its source, or speaks another language; what they
don't hold can't be told, and is then not held against a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from service.asking import chinese_locale

WORDS_FILE = Path(__file__).with_name("language_words.json")

# Runs of letters; apostrophes and hyphens part words ("n'est", "30-day").
WORD = re.compile(r"[^\W\d_]+")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
# The scripts that a language is written in; all others here are written in Latin letters.
_SCRIPTS = {"ja": (_KANA, _HAN), "zh": (_HAN,), "ko": (_HANGUL, _HAN), "ru": (_CYRILLIC,)}
_TRADITIONAL = frozenset({"tw", "hk", "mo", "hant"})
# Product names stand in Latin letters in every language, so a small share of its own letters will do.
OWN_LETTERS = 0.1
# So many characters of Han and no kana are Chinese, so many kana are no Chinese.
HAN_ALONE, KANA_ANY = 8, 2
# So many more common words than those of the expected language make it another one.
COMMON_WORDS_MORE = 2


@dataclass(frozen=True, slots=True)
class LanguageWords:
    """One language. `negation_parts` are looked for inside words, after `affirming` was taken out."""

    language: str
    name: str
    negations: frozenset[str]
    negation_parts: tuple[str, ...]
    affirming: tuple[str, ...]
    numbers: Mapping[str, int]
    months: Mapping[str, int]
    common: frozenset[str]

    def denies(self, text: str) -> bool:
        """Whether a negation stands in the text."""
        folded = text.casefold()
        for phrase in self.affirming:
            folded = folded.replace(phrase, " ")
        if any(part in folded for part in self.negation_parts):
            return True
        return not self.negations.isdisjoint(WORD.findall(folded))

    @property
    def can_tell_denial(self) -> bool:
        """Whether any negation of this language is known."""
        return bool(self.negations or self.negation_parts)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    negations: str
    negation_parts: str
    affirming: tuple[str, ...]
    numbers: dict[str, int]
    months: dict[str, int]
    common: str


class Languages:
    """The languages by their code; one that isn't known has no words."""

    def __init__(self, words: Mapping[str, LanguageWords]) -> None:
        """Take the tables by language code."""
        self._words = words

    def of(self, locale: str) -> LanguageWords:
        """The words of the locale's language; Chinese is named with its characters."""
        language = locale.split("-")[0]
        empty: frozenset[str] = frozenset()
        words = self._words.get(language) or LanguageWords(language, "", empty, (), (), {}, {}, empty)
        if language == "zh":
            kind = "Simplified" if _TRADITIONAL.isdisjoint(locale.split("-")) else "Traditional"
            return replace(words, name=f"{kind} {words.name}")
        return words

    def reader_locale(self, question: str, locale: str) -> str:
        """Where to answer: `locale`, or the language of the question where that clearly is another.

        A question of names alone tells nothing.
        """
        expected = locale.split("-")[0]
        language = self._language_of(question, expected)
        if language == expected:
            return locale
        return chinese_locale(question) if language == "zh" else language

    def _language_of(self, question: str, expected: str) -> str:
        if _KANA.search(question):
            return "ja"
        if _HANGUL.search(question):
            return "ko"
        if len(_CYRILLIC.findall(question)) > len(_LATIN.findall(question)):
            return expected if expected not in self._words or expected == "ru" else "ru"
        if _HAN.search(question):
            return expected if expected in ("ja", "ko", "zh") else "zh"
        return self._common_language(question, expected) or expected

    def speaks(self, sentence: str, language: str) -> bool:
        """Whether the sentence can be one of this language; a language not known can be any."""
        if language not in self._words:
            return True
        letters = sum(c.isalpha() for c in sentence)
        own = sum(len(script.findall(sentence)) for script in _SCRIPTS.get(language, (_LATIN,)))
        if language not in _SCRIPTS:
            return 2 * own >= letters and self._common_language(sentence, language) is None
        kana, han = len(_KANA.findall(sentence)), len(_HAN.findall(sentence))
        if language == "ja" and kana == 0 and han >= HAN_ALONE:
            return False
        if language == "zh" and kana >= KANA_ANY:
            return False
        return own >= OWN_LETTERS * letters

    def _common_language(self, text: str, expected: str) -> str | None:
        """The language that has clearly more of the text's words among its common ones."""
        words = WORD.findall(text.casefold())
        counts = {
            code: sum(word in entry.common for word in words)
            for code, entry in self._words.items()
            if entry.common
        }
        best = max(counts, key=lambda code: (counts[code], code == expected), default=expected)
        return best if counts.get(best, 0) >= counts.get(expected, 0) + COMMON_WORDS_MORE else None


def read_languages(file: Path = WORDS_FILE) -> Languages:
    """The languages that come with the service."""
    entries = TypeAdapter(dict[str, _Entry]).validate_json(file.read_bytes())
    return Languages({language: _words(language, entry) for language, entry in entries.items()})


def _words(language: str, entry: _Entry) -> LanguageWords:
    return LanguageWords(
        language=language,
        name=entry.name,
        negations=frozenset(entry.negations.split()),
        negation_parts=tuple(entry.negation_parts.split()),
        affirming=entry.affirming,
        numbers=entry.numbers,
        months=entry.months,
        common=frozenset(entry.common.split()),
    )
