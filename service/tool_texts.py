"""What tools answer, as text that a language model reads; the same in fields goes beside it."""

from __future__ import annotations

from service.articles import ArticleReply
from service.schemas import (
    AskReply,
    CitationReply,
    DriftReply,
    HitReply,
    LocaleReply,
    PlaceReply,
    SearchReply,
    TranslationReply,
)
from service.source_list import list_nearest


def describe_answer(reply: AskReply) -> str:
    """The answer, then each quote with its source; a refusal with the articles nearest to it.

    Above it stands where its locale was guessed, or is another than the asked one.
    """
    note = _locale_note(reply.locale)
    if reply.abstain_reason is not None:
        return note + reply.answer + list_nearest(reply)
    return note + "\n\n".join([reply.answer, *(_citation(citation) for citation in reply.citations)])


def describe_hits(reply: SearchReply) -> str:
    """The passages in their order."""
    if not reply.hits:
        return f"No passage in {reply.locale.answered} matches."
    return "\n\n".join(_hit(hit) for hit in reply.hits)


def describe_article(reply: ArticleReply) -> str:
    """The article, a line of headings before each section's text."""
    lines = [f"# {reply.title}", f"{reply.url} ({_origin(reply.translation)})"]
    headings: list[str] = []
    for passage in reply.passages:
        if passage.headings != headings:
            headings = passage.headings
            lines.append(f"## {' > '.join(headings)}")
        lines.append(passage.text)
    return "\n\n".join(lines)


def _citation(citation: CitationReply) -> str:
    lines = [f"[{citation.number}] {_place(citation)}", f'"{citation.quote}"']
    if citation.source_quote is not None:
        lines.append(f'English original: "{citation.source_quote}"')
    if citation.drift is not None:
        lines += _newer(citation.drift)
    return "\n".join(lines)


def _newer(drift: DriftReply) -> list[str]:
    newer = f"newer version ({drift.newest_locale}, {drift.newest_handed_over})"
    if drift.sentence_changed is None:
        return [f"There is a {newer}; whether it says the same is not known."]
    if not drift.sentence_changed:
        return []
    if drift.newest_source_quote is None:
        return [f"A {newer} no longer says this."]
    return [f'A {newer} says: "{drift.newest_source_quote}"']


def _locale_note(locale: LocaleReply) -> str:
    if locale.fallback:
        return f"Answered from the articles in {locale.answered}: the asked locale has no answer.\n\n"
    return f"Language guessed from the question: {locale.answered}.\n\n" if locale.guessed else ""


def _hit(hit: HitReply) -> str:
    lines = [f"{hit.rank}. {_place(hit)}", f"article: {hit.article}", hit.text]
    if hit.source_text is not None:
        lines.append(f"English original: {hit.source_text}")
    return "\n".join(lines)


def _place(place: PlaceReply) -> str:
    return f"{' > '.join([place.title, *place.headings])} ({_origin(place.translation)})\n{place.url}"


def _origin(translation: TranslationReply) -> str:
    kind = "source" if translation.type == "source" else f"{translation.type} translation"
    return kind if translation.handed_over is None else f"{kind}, {translation.handed_over}"
