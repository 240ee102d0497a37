"""Which locale a question is asked in: the caller's field, else the header, else a guess.

1. The field: the locale itself, else the nearest one of the same language; a language that the
   index has not is refused with the list of those it has.
2. `Accept-Language`: its ranges by weight; the first that the index can serve. None: go on.
3. A guess from the words, among the index's languages only, and the answer says that it is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from indexer import SOURCE_LOCALE, UnknownLocale, nearest_locale, normalise_locale

# Far more than browsers send; keeps a hostile header cheap.
HEADER_RANGES_MAX = 50
# The end of the text is what was asked last; more of it costs time and hardly changes the guess.
GUESS_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class LocaleChoice:
    """The locale to search.

    `requested` is the normalised tag of the field or header, None where the locale was guessed;
    `nearest` is true where `served` is another locale of the requested language.
    """

    requested: str | None
    served: str
    guessed: bool

    @property
    def nearest(self) -> bool:
        """Whether another locale of the same language stands in for the requested one."""
        return self.requested is not None and self.requested != self.served


class LocaleGuesser(Protocol):
    """Guesses the locale of a text among those available (at least one)."""

    def __call__(self, text: str, available: Sequence[str], /) -> str:
        """One of `available`."""
        ...


def choose_locale(
    *,
    field: str | None,
    accept_language: str | None,
    text: str,
    available: Sequence[str],
    guess: LocaleGuesser,
) -> LocaleChoice:
    """The locale of `available` that serves the question.

    Raises:
        UnknownLocale: the field's language has no locale, or there is no locale at all.
        ValueError: the field is no language tag.
    """
    if field is not None:
        asked = normalise_locale(field)
        served = nearest_locale(asked, available)
        if served is None:
            raise UnknownLocale(asked, available)
        return LocaleChoice(asked, served, guessed=False)
    for asked in accepted_locales(accept_language or ""):
        served = nearest_locale(asked, available)
        if served is not None:
            return LocaleChoice(asked, served, guessed=False)
    if not available:
        raise UnknownLocale("any", available)
    return LocaleChoice(None, guess(text, available), guessed=True)


def accepted_locales(header: str) -> list[str]:
    """The tags of an `Accept-Language` header, most wanted first, equal weights in their order.

    Left out: `*`, weight 0, and what is no language tag or weight.
    Source: RFC 9110, sections 12.4.2 and 12.5.4.
    """
    weighted = sorted(_weighted_ranges(header), key=lambda pair: -pair[0])
    return [tag for weight, tag in weighted if weight > 0]


def _weighted_ranges(header: str) -> Iterator[tuple[float, str]]:
    for part in header.split(",", HEADER_RANGES_MAX)[:HEADER_RANGES_MAX]:
        tag, *parameters = (piece.strip() for piece in part.split(";"))
        try:
            yield _weight(parameters), normalise_locale(tag)
        except ValueError:
            continue


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            weight = float(value)
            if not 0 <= weight <= 1:
                raise ValueError(f"a weight lies in 0..1, not {value}")
            return weight
    return 1.0


class WordGuesser:
    """Guesses a locale from the words: py3langid for the language, the characters for Chinese."""

    def __init__(self) -> None:
        """Load the language model: .6 s, 40 MiB; make one and keep it."""
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def __call__(self, text: str, available: Sequence[str]) -> str:
        """The likeliest of `available`; a text without letters is taken for the source language."""
        languages = {locale.split("-")[0] for locale in available}
        ranked = self._identifier.rank(text[-GUESS_CHARS:])
        language = next((name for name, _ in ranked if name in languages), None)
        if language is None or SOURCE_LOCALE.startswith(f"{language}-") or not any(c.isalpha() for c in text):
            likely = SOURCE_LOCALE
        else:
            likely = chinese_locale(text) if language == "zh" else language
        return nearest_locale(likely, available) or min(available)


def chinese_locale(text: str) -> str:
    """zh-tw where more characters of the text stand in Big5 than in GB 2312, else zh-cn."""
    han = [c for c in text if "\u3400" <= c <= "\u9fff"]
    traditional = sum(_encodes(c, "big5") for c in han)
    return "zh-tw" if traditional > sum(_encodes(c, "gb2312") for c in han) else "zh-cn"


def _encodes(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
