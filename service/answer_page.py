"""An answer or a refusal as HTML: sentences with numbered links to their sources below.

The quote is in the article's language, its English behind a further choice of the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from indexer import SOURCE_LOCALE, TranslationType
from service.confidence import AbstainReason
from service.markup import Markup, element, in_locale, joined, link
from service.page_texts import PageTexts
from service.schemas import AskReply, CitationReply, DriftReply, HitReply, LocaleReply, PlaceReply
from service.source_list import NEAREST_MAX

_MARK = re.compile(r"(\[\d+\])")
_ORIGINS = {
    TranslationType.MACHINE: "machine",
    TranslationType.HUMAN: "human",
    TranslationType.SOURCE: "original",
}


def answer_section(reply: AskReply, texts: PageTexts) -> Markup:
    """The answer with its sources, or the refusal with the nearest articles, where any is near."""
    parts = [
        _heading(reply, texts),
        _said(reply, texts),
        _locale_note(reply.locale, texts),
        _writer_note(reply, texts),
    ]
    if reply.abstain_reason is None:
        parts.append(_sources(reply, texts))
    elif reply.hits and reply.abstain_reason is not AbstainReason.OFF_TOPIC:
        parts.append(_nearest(reply, texts))
    name = "answer" if reply.abstain_reason is None else "answer refused"
    return element("section", {"class": name, "aria-labelledby": "answer"}, *parts)


def _heading(reply: AskReply, texts: PageTexts) -> Markup:
    return element(
        "h2", {"id": "answer"}, texts["answer" if reply.abstain_reason is None else reply.abstain_reason]
    )


def _said(reply: AskReply, texts: PageTexts) -> Markup:
    names = {
        citation.number: texts.plain("source", {"number": str(citation.number)})
        for citation in reply.citations
    }
    said = _marked(_MARK.split(reply.answer), names)
    return element("p", {"class": "said", **in_locale(reply.locale.answered)}, *said)


def _marked(pieces: Sequence[str], names: Mapping[int, str]) -> Iterator[str]:
    # A number in brackets is a mark only where the answer has a citation of this number that is due.
    seen = 0
    for piece in pieces:
        number = int(piece[1:-1]) if _MARK.fullmatch(piece) and len(piece) < 6 else 0
        if number in names and number <= seen + 1:
            seen = max(seen, number)
            attributes = {"class": "mark", "href": f"#source-{number}", "aria-label": names[number]}
            yield element("a", attributes, piece)
        else:
            yield piece


def _locale_note(locale: LocaleReply, texts: PageTexts) -> Markup:
    answered = {"locale": texts.language(locale.answered)}
    if locale.fallback:
        return _note(texts.fill("answered_from", answered))
    if locale.guessed:
        return _note(texts.fill("guessed", answered))
    if locale.nearest and locale.requested is not None:
        return _note(
            texts.fill("nearest_locale", {**answered, "requested": texts.language(locale.requested)})
        )
    return Markup()


def _writer_note(reply: AskReply, texts: PageTexts) -> Markup:
    if reply.abstain_reason is not None:
        return Markup()
    if reply.writer == "chat":
        return _note(texts["writer_chat"])
    return _note(texts["writer_replaced"]) if reply.writer_fault is not None else Markup()


def _sources(reply: AskReply, texts: PageTexts) -> Markup:
    items = (_source(citation, reply.locale.answered, texts) for citation in reply.citations)
    return joined([element("h3", None, texts["sources"]), element("ol", {"class": "sources"}, *items)])


def _source(citation: CitationReply, locale: str, texts: PageTexts) -> Markup:
    here = in_locale(locale)
    # One source is focused by its mark, so that a reader's next step goes on from there.
    attributes = {"id": f"source-{citation.number}", "value": str(citation.number), "tabindex": "-1"}
    return element(
        "li",
        attributes,
        element("p", {"class": "note", **here}, citation.context) if citation.context else Markup(),
        element("blockquote", here, citation.quote),
        _english(citation, texts),
        element("p", None, _place_link(citation, locale)),
        _note(_origin(citation, texts), badge=True),
        _drift(citation.drift, texts) if citation.drift else Markup(),
        _scope("roles", citation.roles, texts),
        _scope("applies_to", citation.applies_to, texts),
    )


def _english(citation: CitationReply, texts: PageTexts) -> Markup:
    if citation.source_quote is None:
        return Markup()
    quote = element("blockquote", in_locale(SOURCE_LOCALE), citation.source_quote)
    return element("details", None, element("summary", None, texts["english"]), quote)


def _place_link(place: PlaceReply, locale: str) -> Markup:
    return link(place.url, " › ".join([place.title, *place.headings]), in_locale(locale))


def _origin(place: PlaceReply, texts: PageTexts) -> Markup:
    key, day = _ORIGINS[place.translation.type], place.translation.handed_over
    return texts.fill(key, {}) if day is None else texts.fill(f"{key}_of", {"date": texts.day(day)})


def _drift(drift: DriftReply, texts: PageTexts) -> Markup:
    values = {"date": texts.day(drift.newest_handed_over), "locale": texts.language(drift.newest_locale)}
    newer = texts.fill("drift_newer", values)
    if drift.sentence_changed is None:
        return element("div", {"class": "drift"}, _note(newer))
    if not drift.sentence_changed:
        return element("div", {"class": "drift"}, _note(newer, " ", texts["drift_same"]))
    if drift.newest_source_quote is None:
        return element("div", {"class": "drift"}, _note(newer, " ", texts["drift_removed"]))
    quote = element("blockquote", in_locale(SOURCE_LOCALE), drift.newest_source_quote)
    return element("div", {"class": "drift"}, _note(newer, " ", texts["drift_changed"]), quote)


def _scope(key: str, names: Sequence[str], texts: PageTexts) -> Markup:
    if not names:
        return Markup()
    return _note(f"{texts[key]}: ", element("span", in_locale(SOURCE_LOCALE), " · ".join(names)))


def _nearest(reply: AskReply, texts: PageTexts) -> Markup:
    first: dict[str, HitReply] = {}
    for hit in reply.hits:
        first.setdefault(hit.article, hit)
    items = (
        element("li", None, _place_link(hit, reply.locale.answered))
        for hit in list(first.values())[:NEAREST_MAX]
    )
    return joined([element("h3", None, texts["nearest_articles"]), element("ul", None, *items)])


def _note(*content: str, badge: bool = False) -> Markup:
    return element("p", {"class": "note badge" if badge else "note"}, *content)
