"""What stands in a Chatwoot conversation: answers with their sources as text, and fixed sentences.

Chatwoot reads messages as Markdown. What comes from articles may not become a link there that
the article doesn't make: the only links are the addresses of the cited places, written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from indexer import SOURCE_LOCALE, TranslationType, nearest_locale
from service.schemas import AskReply, CitationReply, DriftReply
from service.source_list import list_nearest

TEXTS_FILE = Path(__file__).with_name("chatwoot_texts.json")

Name = Literal["failed", "handed_over", "machine", "newer_english", "removed", "undelivered"]

# Ends a label: an address, or a label's definition, would follow.
_LABEL_END = re.compile(r"\](?=[(:])")


class ChatwootTexts:
    """The sentences of chatwoot_texts.json, and answers put into text."""

    def __init__(self, sentences: Mapping[str, Mapping[Name, str]]) -> None:
        """Keep the sentences by locale; English is among them."""
        self._sentences = sentences

    @property
    def locales(self) -> list[str]:
        """The locales that have sentences."""
        return list(self._sentences)

    def sentence(self, name: Name, locale: str) -> str:
        """The sentence in `locale`, else in the nearest one of its language, else in English."""
        return self._sentences[nearest_locale(locale, self.locales) or SOURCE_LOCALE][name]

    def answer(self, reply: AskReply) -> str:
        """The answer, and below it each source: title, quote where it isn't the answer itself, link."""
        sources = ("\n".join(self._source(reply, citation)) for citation in reply.citations)
        return "\n\n".join([_without_labels(reply.answer), *sources])

    def note(self, reply: AskReply) -> str:
        """For the people of the desk: why nothing was answered, and the nearest articles."""
        return _without_labels(reply.answer) + list_nearest(reply)

    def _source(self, reply: AskReply, citation: CitationReply) -> Iterator[str]:
        name = " ".join(" > ".join([citation.title, *citation.headings]).split())
        origin = self._origin(citation, reply.locale.answered)
        yield f"[{citation.number}] {_without_labels(name)}{origin}"
        if citation.quote not in reply.answer:
            yield f"“{_without_labels(' '.join(citation.quote.split()))}”"
        if citation.drift is not None and citation.drift.sentence_changed:
            yield self._change(citation.drift, reply.locale.answered)
        yield citation.url

    def _origin(self, citation: CitationReply, locale: str) -> str:
        told = citation.translation
        parts = [self.sentence("machine", locale)] if told.type is TranslationType.MACHINE else []
        parts += [] if told.handed_over is None else [told.handed_over.isoformat()]
        return f" ({', '.join(parts)})" if parts else ""

    def _change(self, drift: DriftReply, locale: str) -> str:
        if drift.newest_source_quote is None:
            return self.sentence("removed", locale)
        quote = f"“{_without_labels(drift.newest_source_quote)}”"
        return self.sentence("newer_english", locale).format(quote=quote)


def read_texts(file: Path = TEXTS_FILE) -> ChatwootTexts:
    """The sentences that come with the service."""
    return ChatwootTexts(TypeAdapter(dict[str, dict[Name, str]]).validate_json(file.read_bytes()))


def _without_labels(text: str) -> str:
    return _LABEL_END.sub("] ", text)
