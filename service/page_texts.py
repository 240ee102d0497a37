"""What the service's pages say, in the reader's language: the texts of page_texts.json."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from indexer import SOURCE_LOCALE, nearest_locale, normalise_locale
from service.asking import accepted_locales
from service.markup import Markup, element, joined

PAGE_TEXTS_FILE = Path(__file__).with_name("page_texts.json")

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class PageTexts:
    """The texts of one locale; `names` are what the languages call themselves, by locale."""

    locale: str
    texts: Mapping[str, str]
    names: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.texts[key]

    def fill(self, key: str, values: Mapping[str, str]) -> Markup:
        """A text with its placeholders filled in, each value kept in its own direction."""
        pieces = _PLACEHOLDER.split(self.texts[key])
        # Every second piece is the name of a placeholder.
        return joined(
            element("bdi", None, values[piece]) if n % 2 else piece for n, piece in enumerate(pieces)
        )

    def plain(self, key: str, values: Mapping[str, str]) -> str:
        """The same as plain text, for attributes."""
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.texts[key])

    def day(self, day: date) -> Markup:
        """A date as the locale writes it."""
        return element("time", {"datetime": day.isoformat()}, self.plain_day(day))

    def plain_day(self, day: date) -> str:
        """The same as plain text."""
        values = {"day": f"{day:%d}", "month": f"{day:%m}", "year": f"{day:%Y}"}
        return self.plain("date", values)

    def language(self, locale: str) -> str:
        """What a language calls itself, with its tag; the bare tag where the texts don't have it."""
        return f"{self.names[locale]} ({locale})" if locale in self.names else locale


class PageLanguages:
    """The languages that the pages can be read in."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        """Check that each locale has the same texts with the same placeholders.

        Raises:
            ValueError: naming the locale and the text.
        """
        if SOURCE_LOCALE not in texts:
            raise ValueError(f"no texts in locale {SOURCE_LOCALE}")
        for locale, by_key in texts.items():
            _check(locale, by_key, texts[SOURCE_LOCALE])
        self.names = {locale: by_key["name"] for locale, by_key in texts.items()}
        self._texts = {
            locale: PageTexts(locale, by_key, self.names) for locale, by_key in sorted(texts.items())
        }

    @property
    def locales(self) -> Sequence[str]:
        """Those that can be chosen, in order."""
        return list(self._texts)

    def choose(self, asked: str | None, accept_language: str | None) -> PageTexts:
        """The texts in the language asked for, else in the most wanted one, else in English."""
        for locale in [*_tags(asked), *accepted_locales(accept_language or "")]:
            found = nearest_locale(locale, self.locales)
            if found is not None:
                return self._texts[found]
        return self._texts[SOURCE_LOCALE]


def read_languages(file: Path = PAGE_TEXTS_FILE) -> PageLanguages:
    """The languages that come with the service."""
    return PageLanguages(TypeAdapter(dict[str, dict[str, str]]).validate_json(file.read_bytes()))


def _tags(asked: str | None) -> list[str]:
    try:
        return [normalise_locale(asked)] if asked else []
    except ValueError:
        return []


def _check(locale: str, texts: Mapping[str, str], english: Mapping[str, str]) -> None:
    differing = sorted(set(texts) ^ set(english))
    if differing:
        raise ValueError(f"locale {locale} and {SOURCE_LOCALE} have other texts: {', '.join(differing)}")
    for key, text in texts.items():
        if not text.strip() or sorted(_PLACEHOLDER.findall(text)) != sorted(
            _PLACEHOLDER.findall(english[key])
        ):
            raise ValueError(f"the text {key!r} in locale {locale} is empty or has other placeholders")
