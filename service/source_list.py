"""The sources of an answer as lines of text, for clients that show nothing but text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from service.confidence import AbstainReason
from service.page_texts import PageTexts
from service.schemas import AskReply, CitationReply, PlaceReply

# As many as a reader looks at below a refusal.
NEAREST_MAX = 3

# Lines that a client sends back as part of an earlier reply.
_LISTED = re.compile(
    r"(?:\n\n\([^\n]+\))?(?:\s*\n- (?:\[\d+\] )?[^\n]*: https?://\S+(?:\n  \S[^\n]*)?)+\s*\Z"
)


def list_sources(reply: AskReply, texts: PageTexts) -> str:
    """A blank line and a line for each citation, "- [1] Title > Heading: URL"; "" without any.

    An indented line follows where a newer version of the article says something else. Above them
    stands, in parentheses, that another locale than the asked one answered. `texts` are the reader's.
    """
    sources = _lines(
        f"[{citation.number}] {_name(citation)}{_newer(citation, texts)}" for citation in reply.citations
    )
    if not sources or not reply.locale.fallback:
        return sources
    answered = {"locale": texts.language(reply.locale.answered)}
    return f"\n\n({texts.plain('answered_from', answered)}){sources}"


def list_nearest(reply: AskReply) -> str:
    """The same for the nearest articles of a refusal that points at them, unnumbered; else ""."""
    if reply.abstain_reason is None or reply.abstain_reason is AbstainReason.OFF_TOPIC:
        return ""
    by_article = {hit.article: _name(hit) for hit in reversed(reply.hits)}
    in_order = dict.fromkeys(hit.article for hit in reply.hits)
    return _lines(by_article[article] for article in list(in_order)[:NEAREST_MAX])


def without_list(text: str) -> str:
    """An earlier reply without the lines at its end that only name sources."""
    return _LISTED.sub("", text)


def _lines(entries: Iterable[str]) -> str:
    lines = [f"- {entry}" for entry in entries]
    return "\n\n" + "\n".join(lines) if lines else ""


def _newer(citation: CitationReply, texts: PageTexts) -> str:
    drift = citation.drift
    if drift is None or not drift.sentence_changed:
        return ""
    day, locale = texts.plain_day(drift.newest_handed_over), texts.language(drift.newest_locale)
    newer = texts.plain("drift_newer", {"date": day, "locale": locale})
    if drift.newest_source_quote is None:
        return f"\n  {newer} {texts['drift_removed']}"
    return f'\n  {newer} {texts["drift_changed"]} "{" ".join(drift.newest_source_quote.split())}"'


def _name(place: PlaceReply) -> str:
    # A title is one line, whatever its article makes of it.
    return " ".join(" > ".join([place.title, *place.headings]).split()) + f": {place.url}"
