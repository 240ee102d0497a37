"""What tools answer, as text that a language model reads; the same in fields goes beside it."""

from __future__ import annotations

from service.articles import ArticleReply
from service.schemas import AskReply, CitationReply, HitReply, PlaceReply, SearchReply, TranslationReply
from service.source_list import list_nearest


def describe_answer(reply: AskReply) -> str:
    """The answer, then each quote with its source; a refusal with the articles nearest to it."""
    if reply.abstain_reason is not None:
        return reply.answer + list_nearest(reply)
    return "\n\n".join([reply.answer, *(_citation(citation) for citation in reply.citations)])


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
    return "\n".join(lines)


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
