"""The bodies of the HTTP interface: what is taken and what is given, with an example of each field.

Requests are strict: an unknown key, a number for a string or a NUL character is refused. Texts
are kept as asked, without normalisation.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from indexer import TranslationType
from service.citations import WriterFault, WriterName
from service.confidence import AbstainReason
from service.request_texts import FilterGlobs, FilterNames, Id, LocaleTag, QuestionText, TurnText

TURNS_MAX = 20
HITS_MAX = 50


class RequestBody(BaseModel):
    """What clients send."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TurnBody(RequestBody):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"] = Field(examples=["user"])
    content: TurnText = Field(examples=["How do I add a seat to a subscription?"])


class FiltersBody(RequestBody):
    """Which articles may answer: null is no filter, an empty list lets nothing through."""

    roles: FilterNames | None = Field(None, examples=[["Billing admin"]])
    applies_to: FilterNames | None = Field(None, examples=[["Partner portal"]])
    articles: FilterGlobs | None = Field(
        None, description="Globs over `<docset>/<path>`.", examples=[["partner-help/billing*"]]
    )
    docset: FilterNames | None = Field(
        None, description="What the article's path begins with.", examples=[["partner-help"]]
    )


class QuestionBody(RequestBody):
    """What a question and a search have in common."""

    locale: LocaleTag | None = Field(
        None,
        description="Locale of the articles, else `Accept-Language`, else guessed from the words.",
        examples=["ja-jp"],
    )
    history: Annotated[list[TurnBody], Field(max_length=TURNS_MAX)] = Field(
        default_factory=list,
        description="Earlier turns, oldest first.",
        examples=[[{"role": "user", "content": "How do I add a seat to a subscription?"}]],
    )
    filters: FiltersBody | None = Field(None, examples=[{"roles": ["Billing admin"]}])
    top_k: int | None = Field(None, ge=1, le=HITS_MAX, description="How many hits to give.", examples=[5])


class AskBody(QuestionBody):
    """A question that wants an answer."""

    question: QuestionText = Field(examples=["Who can cancel a subscription?"])
    conversation: Id | None = Field(
        None,
        description="That of an earlier answer, for a further question; a new one where absent.",
        examples=["0b9f6c0d2e1a4c3b8d7e6f5a4b3c2d1e"],
    )


class SearchBody(QuestionBody):
    """A query that wants passages."""

    query: QuestionText = Field(examples=["cancel subscription"])


class LocaleReply(BaseModel):
    """Which locale was asked for, and which one this is."""

    requested: str | None = Field(description="Null where it was guessed.", examples=["de-at"])
    answered: str = Field(examples=["de-de"])
    guessed: bool = Field(description="Guessed from the words of the question.", examples=[False])
    nearest: bool = Field(description="Another locale of the requested language.", examples=[True])
    fallback: bool = Field(
        description="Another locale than the asked one, which could not answer.", examples=[False]
    )


class TranslationReply(BaseModel):
    """Where the words of an article come from."""

    type: TranslationType = Field(examples=["machine"])
    handed_over: date | None = Field(examples=["2024-05-14"])
    source_commit: str | None = Field(examples=["4f1c0a7be2"])


class ScoresReply(BaseModel):
    """What the legs of the search said; higher is better."""

    dense: float = Field(description="Cosine of the passage.", examples=[0.88])
    sentence: float = Field(description="Cosine of its best sentence.", examples=[0.9])
    lexical: float = Field(description="BM25 by the question's weighted idf.", examples=[0.74])


class PlaceReply(BaseModel):
    """Which passage of which article, and who it is for."""

    passage_id: str = Field(examples=["de-de/partner-help/seats#cancel.0"])
    article: str = Field(description="`<docset>/<path>`", examples=["partner-help/seats"])
    title: str = Field(examples=["Plätze verwalten"])
    headings: list[str] = Field(description="Below the title, outermost first.", examples=[["Kündigen"]])
    url: str = Field(examples=["https://example.com/de-de/partner-help/seats#cancel"])
    translation: TranslationReply
    roles: list[str] = Field(description="Canonical English names.", examples=[["Billing admin"]])
    applies_to: list[str] = Field(examples=[["Partner portal"]])


class HitReply(PlaceReply):
    """A passage in a ranking."""

    rank: int = Field(description="From 1, best first.", examples=[1])
    text: str = Field(examples=["Ein Abonnement kann in den ersten sieben Tagen gekündigt werden."])
    source_text: str | None = Field(examples=["A subscription can be cancelled in the first seven days."])
    score: float = Field(examples=[0.81])
    scores: ScoresReply


class DriftReply(BaseModel):
    """A newer version of the cited article, in another locale."""

    newest_locale: str = Field(examples=["ja-jp"])
    newest_handed_over: date = Field(examples=["2024-06-03"])
    sentence_changed: bool | None = Field(
        description="Whether the quote's English is another one there; null where either has none.",
        examples=[True],
    )
    newest_source_quote: str | None = Field(
        description="The newest English of a changed quote; null where it was removed.",
        examples=["A subscription can be cancelled in the first three days."],
    )


class CitationReply(PlaceReply):
    """A verbatim quote: `text[start:end]` of its passage, in code points."""

    number: int = Field(description="The [n] of the answer.", examples=[1])
    quote: str = Field(examples=["Ein Abonnement kann in den ersten sieben Tagen gekündigt werden."])
    source_quote: str | None = Field(
        description="The English that it was translated from.",
        examples=["A subscription can be cancelled in the first seven days."],
    )
    context: str | None = Field(
        description="Column names of a quoted row, lead-in of a quoted item.", examples=["Plan | Days"]
    )
    start: int = Field(examples=[0])
    end: int = Field(examples=[65])
    drift: DriftReply | None = Field(description="Null where no other locale has a newer version.")
    score: float = Field(description="Of the quoted passage.", examples=[0.81])


class AskReply(BaseModel):
    """An answer with its citations, or a refusal with its reason."""

    id: str = Field(examples=["6f1e0c7d3a5b4f0e9a1d2c3b4a5f6e7d"])
    conversation: str = Field(examples=["0b9f6c0d2e1a4c3b8d7e6f5a4b3c2d1e"])
    status: Literal["answered", "abstained"] = Field(examples=["answered"])
    abstain_reason: AbstainReason | None = Field(examples=[None])
    locale: LocaleReply
    answer: str = Field(examples=["Ein Abonnement kann in den ersten sieben Tagen gekündigt werden.[1]"])
    confidence: float = Field(ge=0, le=1, examples=[0.86])
    writer: WriterName = Field(examples=["extractive"])
    writer_fault: WriterFault | None = Field(
        None,
        description="Why the extractive writer wrote in the chat writer's place, or why that one broke off.",
        examples=[None],
    )
    understood_as: str | None = Field(
        None, description="The question that a follow-up was read as.", examples=[None]
    )
    citations: list[CitationReply]
    hits: list[HitReply]
    generation: str = Field(examples=["20240601T080000Z-1f2e3d4c5b6a"])
    timings_ms: dict[str, float] = Field(examples=[{"search": 14.2, "total": 15.1}])


class SearchReply(BaseModel):
    """The passages nearest to a query."""

    locale: LocaleReply
    hits: list[HitReply]
    generation: str = Field(examples=["20240601T080000Z-1f2e3d4c5b6a"])


class SentenceReply(BaseModel):
    """A sentence of a passage: `text[start:end]`, and its English."""

    start: int = Field(examples=[0])
    end: int = Field(examples=[65])
    source: str | None = Field(examples=["A subscription can be cancelled in the first seven days."])


class PassageReply(PlaceReply):
    """One passage, whole."""

    locale: str = Field(examples=["de-de"])
    text: str = Field(examples=["Ein Abonnement kann in den ersten sieben Tagen gekündigt werden."])
    source_text: str | None = Field(examples=["A subscription can be cancelled in the first seven days."])
    sentences: list[SentenceReply]
    generation: str = Field(examples=["20240601T080000Z-1f2e3d4c5b6a"])


class LocaleSummaryReply(BaseModel):
    """What the index holds in one locale."""

    locale: str = Field(examples=["de-de"])
    articles: int = Field(examples=[12])
    passages: int = Field(examples=[64])
    sentences: int = Field(examples=[311])
    newest_hand_over: date | None = Field(examples=["2024-05-14"])


class LocalesReply(BaseModel):
    """The locales that can be asked."""

    locales: list[LocaleSummaryReply]
    generation: str = Field(examples=["20240601T080000Z-1f2e3d4c5b6a"])


class LiveReply(BaseModel):
    """The process runs."""

    status: Literal["live"] = Field(examples=["live"])


class ReadyReply(BaseModel):
    """Questions can be answered; `fault` says why the newest generation was not taken."""

    status: Literal["ready"] = Field(examples=["ready"])
    generation: str = Field(examples=["20240601T080000Z-1f2e3d4c5b6a"])
    fault: str | None = Field(examples=[None])
    conversations: Literal["off", "stored", "down"] = Field(
        description="Whether they are stored now; answers go out in any case.", examples=["stored"]
    )
