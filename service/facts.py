"""The facts of a text that can be looked up word for word: numbers, months, codes, addresses, names.

Numbers are compared as written with digits or as words of the language, whatever parts thousands.
A code is what mixes letters and digits, joins words with `_`, `@` or dots, is an abbreviation in
capitals or has a capital inside; an address or a piece of markup counts as one too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.language_words import LanguageWords

_NUMBER = re.compile(r"(?<![\d.,])\d+(?:[.,'’\u00a0\u202f\u2009 ]\d+)*(?:\s?%)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,'’\u00a0\u202f\u2009 ])\d{3})(?:\1\d{3})*")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_CURRENCY = re.compile(r"[$€£¥₩₽₹]")
_RUN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:/\\@+#&=?%~-]*[A-Za-z0-9_])?")
# No match begins inside a word: else a long word would take the square of its length.
_ADDRESS = re.compile(
    r"(?<![\w.+-])(?:[\w.+-]+@[\w.-]+|\w+://[!-~]+|(?:[a-z0-9-]{2,}\.)+[a-z]{2,}(?:/[!-~]*)?)",
    re.ASCII | re.IGNORECASE,
)
_NUMBER_WITH_UNIT = re.compile(r"\d+(?:[.,]\d+)*(?:[a-z]{1,3}|[A-Z]?B)")
_MARKUP = re.compile(r"<[A-Za-z!/?][^<>]*>?|\]\([^)]*\)?|!\[")
_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TEN, _TWENTY = 10, 20
# Digits of Chinese and Japanese, and what they count; one is left out, for it is in many words.
_HAN_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"兩": 2, "两": 2}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}
_HAN_NUMBER = re.compile(r"[〇一二三四五六七八九十百千兩两]+")
_HAN_COUNTED = re.compile(
    r"[〇一二三四五六七八九十百千兩两]+(?=[日月年件個个人回時时分秒週周円元天名台位割歳倍]|か月|ヶ月|カ月|つの)"
)
_HAN_IDIOMS = re.compile(r"十分(?!間|鐘|钟|以|前|後)|一[日月年件個个人回時时分秒週周名台位]|百分|千人")
_NUMERIC_DATE = re.compile(r"\b(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[./](\d{1,2})[./](\d{2,4}))\b")
_WIDE_MONTH = re.compile(r"(?<!\d)(\d{1,2})\s*[月월]")
_HAN_MONTH = re.compile(r"[〇一二三四五六七八九十]+(?=月)")
_MONTHS = range(1, 13)
# A month's name is one only near a number: English "may" and "march" are words too.
_NEAR = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence claims. Each number has its readings: "1 000" is 1000, or 1 and 0."""

    numbers: tuple[tuple[frozenset[str], ...], ...]
    months: frozenset[int]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stated:
    """What texts hold, to look facts up in; `text` is folded."""

    text: str
    numbers: frozenset[str]
    months: frozenset[int]
    tokens: frozenset[str]

    def lacks(self, facts: Facts) -> bool:
        """Whether any of the facts stands in none of the texts."""
        numbers = all(any(reading <= self.numbers for reading in readings) for readings in facts.numbers)
        return not (numbers and facts.months <= self.months and all(map(self._holds, facts.codes)))

    def _holds(self, code: str) -> bool:
        if code in self.tokens or code.removesuffix("s") in self.tokens:
            return True
        # What isn't one token has signs inside that keep it from being part of a word by chance.
        return not code.isalnum() and code in self.text


def join_stated(stated: Sequence[Stated]) -> Stated:
    """What several texts hold together."""
    none: frozenset[str] = frozenset()
    return Stated(
        "\n".join(each.text for each in stated),
        none.union(*(each.numbers for each in stated)),
        frozenset[int]().union(*(each.months for each in stated)),
        none.union(*(each.tokens for each in stated)),
    )


def read_facts(text: str, words: LanguageWords) -> Facts:
    """The facts that a sentence of this language claims."""
    text = unicodedata.normalize("NFKC", text)
    rest, codes = _take_codes(text)
    numbers = [_readings(match[0]) for match in _NUMBER.finditer(rest)]
    numbers += [(frozenset({str(number)}),) for number in _number_words(text, words)]
    counted = _HAN_COUNTED.findall(_HAN_IDIOMS.sub(" ", text))
    numbers += [(frozenset({str(_han_value(found))}),) for found in counted if _han_value(found) > 1]
    # 一月 is January, or the end of a word: "in the same month".
    months = {*_named_months(text, words, near_number=True), *_wide_months(text, han_from=2)}
    return Facts(tuple(numbers), frozenset(months), frozenset(codes))


def read_stated(texts: Sequence[str], languages: Sequence[LanguageWords]) -> Stated:
    """Everything that the texts may be said to hold, read in each of the languages."""
    text = unicodedata.normalize("NFKC", "\n".join(texts))
    rest, _ = _take_codes(text)
    numbers = {
        part for match in _NUMBER.finditer(rest) for reading in _readings(match[0]) for part in reading
    }
    numbers |= {number.rstrip("%") for number in numbers}
    numbers |= {str(_han_value(found)) for found in _HAN_NUMBER.findall(text)}
    months = {*_wide_months(text, han_from=1), *_numeric_months(text)}
    for words in languages:
        numbers |= {str(number) for number in _number_words(text, words)}
        months |= set(_named_months(text, words, near_number=False))
    # "14 May" may be said as 5月14日, and the other way round.
    numbers |= {str(month) for month in months}
    runs = [run.casefold() for run in _RUN.findall(text)]
    tokens = {part for run in runs for part in [run, *_parts(run)]}
    tokens |= {token.removesuffix("s") for token in tokens}
    return Stated(text.casefold(), frozenset(numbers), frozenset(months), frozenset(tokens))


def _take_codes(text: str) -> tuple[str, set[str]]:
    """The text with its codes blanked out, and the codes, folded."""
    codes: set[str] = set()

    def take(match: re.Match[str]) -> str:
        codes.add(match[0].casefold().rstrip(".,;:"))
        return " "

    def take_parts(match: re.Match[str]) -> str:
        kept = []
        for part in re.split(r"([^A-Za-z0-9_.]+)", match[0]):
            if _is_code(part):
                codes.add(part.casefold())
                kept.append(" ")
            else:
                kept.append(part)
        return "".join(kept)

    for pattern in (_MARKUP, _ADDRESS):
        text = pattern.sub(take, text)
    codes |= set(_CURRENCY.findall(text))
    return _RUN.sub(take_parts, text), codes


def _is_code(part: str) -> bool:
    if not any(c.isalpha() for c in part) or _NUMBER_WITH_UNIT.fullmatch(part):
        return False
    if any(c.isdigit() or c == "_" for c in part):
        return True
    letters = part.rstrip("s") if part.rstrip("s").isupper() else part
    return (len(letters) > 1 and letters.isupper()) or re.search(r"[a-z][A-Z]", part) is not None


def _parts(run: str) -> list[str]:
    return [part for part in re.split(r"[^a-z0-9_]+", run) if part]


def _readings(run: str) -> tuple[frozenset[str], ...]:
    percent = "%" if run.endswith("%") else ""
    run = run.rstrip("% \u00a0\u202f")
    groups = [group.lstrip("0") or "0" for group in re.findall(r"\d+", run)]
    apart = frozenset({*groups[:-1], groups[-1] + percent})
    if _THOUSANDS.fullmatch(run):
        whole = frozenset({"".join(re.findall(r"\d+", run)).lstrip("0") + percent})
        return (whole, apart) if " " in run else (whole,)
    if _DECIMAL.fullmatch(run):
        return (frozenset({re.sub(r"[.,]", ".", run).rstrip("0").rstrip(".") + percent}),)
    return (apart,)


def _number_words(text: str, words: LanguageWords) -> Iterator[int]:
    for match in _HYPHENATED.finditer(text.casefold()):
        parts = match[0].split("-")
        values = [words.numbers[part] for part in parts if part in words.numbers]
        if words.numbers.get(match[0], 1) > 1:
            yield words.numbers[match[0]]
        elif len(values) == len(parts) == 2 and values[0] >= _TWENTY > _TEN > values[1]:
            yield sum(values)  # "thirty-one"
        else:
            # By itself, one is an article or a pronoun.
            yield from (value for value in values if value > 1)


def _named_months(text: str, words: LanguageWords, *, near_number: bool) -> Iterator[int]:
    tokens = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    for place, token in enumerate(tokens):
        if token in words.months:
            around = tokens[max(0, place - _NEAR) : place + _NEAR + 1]
            if not near_number or any(other.isdigit() for other in around):
                yield words.months[token]


def _wide_months(text: str, *, han_from: int) -> Iterator[int]:
    """Months of Chinese, Japanese and Korean: 9月, 9월, and 九月 where it is no less than `han_from`."""
    yield from (int(number) for number in _WIDE_MONTH.findall(text) if int(number) in _MONTHS)
    values = (_han_value(number) for number in _HAN_MONTH.findall(text))
    yield from (value for value in values if han_from <= value <= _MONTHS[-1])


def _numeric_months(text: str) -> Iterator[int]:
    for match in _NUMERIC_DATE.finditer(text):
        # Day first or month first can't be told: both count as stated.
        candidates = [match[2]] if match[1] else [match[4], match[5]]
        yield from (int(number) for number in candidates if number and int(number) in _MONTHS)


def _han_value(number: str) -> int:
    total, digit = 0, 0
    for character in number:
        if character in _HAN_TENS:
            total += (digit or 1) * _HAN_TENS[character]
            digit = 0
        else:
            digit = 10 * digit + _HAN_DIGITS[character]
    return total + digit
