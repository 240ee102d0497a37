"""A whole article, as a tool gives it: its passages in reading order."""

from __future__ import annotations

from pydantic import BaseModel, Field

from indexer import SOURCE_LOCALE, Index, UnknownArticle, UnknownLocale, nearest_locale
from service.replies import translation_reply
from service.schemas import TranslationReply


class ArticlePassage(BaseModel):
    """A stretch of an article under one heading."""

    passage_id: str = Field(examples=["de-de/partner-help/seats#cancel.0"])
    section: str = Field(description='Its section; "" above the first heading.', examples=["cancel"])
    headings: list[str] = Field(description="Below the title, outermost first.", examples=[["Kündigen"]])
    url: str = Field(examples=["https://example.com/de-de/partner-help/seats#cancel"])
    text: str = Field(examples=["Ein Abonnement kann in den ersten sieben Tagen gekündigt werden."])
    source_text: str | None = Field(
        description="The English that it was translated from.",
        examples=["A subscription can be cancelled in the first seven days."],
    )


class ArticleReply(BaseModel):
    """An article in one locale."""

    article: str = Field(description="`<docset>/<path>`", examples=["partner-help/seats"])
    locale: str = Field(examples=["de-de"])
    title: str = Field(examples=["Plätze verwalten"])
    url: str = Field(examples=["https://example.com/de-de/partner-help/seats"])
    translation: TranslationReply
    roles: list[str] = Field(description="Canonical English names.", examples=[["Billing admin"]])
    applies_to: list[str] = Field(examples=[["Partner portal"]])
    passages: list[ArticlePassage]
    generation: str = Field(examples=["20240601T080000Z-1f2e3d4c5b6a"])


def article_reply(index: Index, path: str, *, locale: str | None, section: str | None) -> ArticleReply:
    """An article, or one section of it, in the locale or the nearest of its language; None is English.

    Raises:
        UnknownLocale: the language has no articles.
        UnknownArticle: the locale has no such article, or the article no such section.
    """
    available = [summary.locale for summary in index.locales]
    served = nearest_locale(locale or SOURCE_LOCALE, available)
    if served is None:
        raise UnknownLocale(locale or SOURCE_LOCALE, available)
    passages = index.article(path, locale=served)
    wanted = [passage for passage in passages if section in (None, passage.anchor)]
    if not wanted:
        sections = ", ".join(dict.fromkeys(passage.anchor for passage in passages))
        raise UnknownArticle(f"{path} in {served} has no section {section!r}; it has: {sections}")
    edition = passages[0].edition
    return ArticleReply(
        article=edition.path,
        locale=served,
        title=edition.title,
        url=edition.url,
        translation=translation_reply(edition),
        roles=list(edition.roles),
        applies_to=list(edition.applies_to),
        passages=[
            ArticlePassage(
                passage_id=passage.id,
                section=passage.anchor,
                headings=list(passage.headings),
                url=passage.url,
                text=passage.text,
                source_text=passage.source_text,
            )
            for passage in wanted
        ],
        generation=index.generation,
    )
