"""What a refusal says, in the reader's language: the sentences of messages.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from indexer import SOURCE_LOCALE, nearest_locale
from service.confidence import AbstainReason

MESSAGES_FILE = Path(__file__).with_name("messages.json")


class Messages:
    """The sentences of a refusal by locale and reason."""

    def __init__(self, sentences: Mapping[str, Mapping[AbstainReason, str]]) -> None:
        """Check that each locale has a sentence for each reason, and that English is among them.

        Raises:
            ValueError: naming what is missing.
        """
        for locale, by_reason in sentences.items():
            missing = sorted(set(AbstainReason) - set(by_reason))
            if missing:
                raise ValueError(f"no sentence for {', '.join(missing)} in locale {locale}")
        if SOURCE_LOCALE not in sentences:
            raise ValueError(f"no sentences in locale {SOURCE_LOCALE}")
        self._sentences = sentences

    def refusal(self, reason: AbstainReason, locale: str) -> str:
        """The sentence in `locale`, else in the nearest one of its language, else in English."""
        return self._sentences[nearest_locale(locale, list(self._sentences)) or SOURCE_LOCALE][reason]


def read_messages(file: Path = MESSAGES_FILE) -> Messages:
    """The sentences that come with the service."""
    return Messages(TypeAdapter(dict[str, dict[AbstainReason, str]]).validate_json(file.read_bytes()))
