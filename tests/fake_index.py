"""A small index in memory with the interface of `indexer.Index`, written for the service's tests.

The articles are made up. Its search is a pure function of the words: a sentence's likeness to
the question is the cosine of their term sets, laid into .75..1 as the real model's cosines are.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from indexer import (
    Block,
    BlockKind,
    Drift,
    Edition,
    Filters,
    Hit,
    IndexMissing,
    LocaleSummary,
    Passage,
    QuestionError,
    Ranking,
    Scores,
    Sentence,
    Translation,
    TranslationType,
    Turn,
    UnknownArticle,
    UnknownLocale,
    UnknownPassage,
)
from service.confidence import Judgement, abstain_reason

GENERATION = "20240601T080000Z-0123456789ab"
Pair = tuple[str, str | None]


@dataclass(frozen=True)
class FakeArticle:
    """One edition: sections of (anchor, heading, [(target, English)])."""

    path: str
    locale: str
    title: str
    sections: Sequence[tuple[str, str, Sequence[Pair]]]
    handed_over: date | None = date(2024, 5, 14)
    roles: tuple[str, ...] = ()


ARTICLES = (
    FakeArticle(
        "partner-help/mail",
        "en-us",
        "Mail to your customers",
        [
            ("when-we-write", "When we write to them", [
                ("The vendor may write to your customers about outages.", None),
                ("It never writes to them about prices.", None),
            ]),
            ("stop", "Stop the mail", [("You cannot stop mail about security.", None)]),
        ],
        roles=("Account admin",),
    ),
    FakeArticle(
        "partner-help/seats",
        "en-us",
        "Manage seats",
        [("cancel", "Cancel", [("A subscription can be cancelled within seven days.", None)])],
        date(2024, 5, 20),
        ("Billing admin",),
    ),
    FakeArticle(
        "partner-help/mail",
        "de-de",
        "E-Mails an Ihre Kunden",
        [
            ("when-we-write", "Wann wir schreiben", [
                ("Der Anbieter darf Ihren Kunden wegen Ausfällen schreiben.",
                 "The vendor may write to your customers about outages."),
                ("Wegen Preisen schreibt er ihnen nie.", "It never writes to them about prices."),
            ]),
        ],
        roles=("Account admin",),
    ),
    FakeArticle(
        "partner-help/mail",
        "ja-jp",
        "お客様へのメール",
        [
            ("when-we-write", "メールを送る場合", [
                ("ベンダーは障害についてお客様にメールを送ることがあります。",
                 "The vendor may write to your customers about outages."),
                ("価格についてお客様に書くことはありません。", "It never writes to them about prices."),
            ]),
        ],
        roles=("Account admin",),
    ),
    FakeArticle(
        "partner-help/seats",
        "ja-jp",
        "シートの管理",
        [("cancel", "取り消し", [("サブスクリプションは三日以内に取り消せます。",
                                 "A subscription can be cancelled within three days.")])],
        date(2023, 1, 10),
        ("Billing admin",),
    ),
    FakeArticle(
        "partner-help/mail",
        "zh-tw",
        "寄給客戶的郵件",
        [("when-we-write", "何時寄送", [("供應商可以因服務中斷寫信給您的客戶。",
                                         "The vendor may write to your customers about outages.")])],
        date(2021, 3, 1),
    ),
)  # fmt: skip


def build_passages(article: FakeArticle) -> list[Passage]:
    """One passage for each section, its sentences joined by blanks, one paragraph."""
    edition = Edition(
        path=article.path,
        locale=article.locale,
        title=article.title,
        source_title=None,
        description="",
        url=f"https://example.com/{article.locale}/{article.path}",
        updated=None,
        translation=Translation(
            TranslationType.SOURCE if article.locale == "en-us" else TranslationType.MACHINE,
            article.handed_over,
            "4f1c0a7",
        ),
        roles=article.roles,
    )
    return [_passage(edition, anchor, heading, pairs) for anchor, heading, pairs in article.sections]


def _passage(edition: Edition, anchor: str, heading: str, pairs: Sequence[Pair]) -> Passage:
    sentences: list[Sentence] = []
    text = ""
    for target, source in pairs:
        text += " " if text else ""
        sentences.append(Sentence(len(text), len(text) + len(target), source))
        text += target
    sources = [source for _, source in pairs if source is not None]
    return Passage(
        id=f"{edition.locale}/{edition.path}#{anchor}.0",
        edition=edition,
        anchor=anchor,
        url=f"{edition.url}#{anchor}",
        headings=(heading,),
        source_headings=(),
        start=0,
        text=text,
        source_text=" ".join(sources) or None,
        context="",
        source_context="",
        blocks=(Block(BlockKind.PARAGRAPH, 0, len(text)),),
        sentences=tuple(sentences),
    )


def terms(text: str) -> frozenset[str]:
    """Folded words; single characters of scripts without blanks."""
    found: set[str] = set()
    for word in "".join(
        c if c.isalnum() else " " for c in unicodedata.normalize("NFKC", text).casefold()
    ).split():
        wide = any(unicodedata.east_asian_width(c) == "W" for c in word)
        found.update(word if wide else [word])
    return frozenset(found)


def likeness(one: str, other: str) -> float:
    """The cosine of two texts' term sets, 0..1."""
    a, b = terms(one), terms(other)
    return len(a & b) / math.sqrt(len(a) * len(b)) if a and b else 0.0


@dataclass
class FakeIndex:
    """`indexer.Index` over a few articles.

    `calls` keeps the locales searched, in order; `drifts` is what a newer version says of every
    quote of an edition, by locale and path.
    """

    articles: Sequence[FakeArticle] = ARTICLES
    generation: str = GENERATION
    created: datetime = datetime(2024, 6, 1, 8, tzinfo=UTC)
    calls: list[str] = field(default_factory=list)
    drifts: Mapping[tuple[str, str], Drift] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._passages = {p.id: p for article in self.articles for p in build_passages(article)}

    @property
    def locales(self) -> tuple[LocaleSummary, ...]:
        return tuple(self._summary(locale) for locale in sorted({a.locale for a in self.articles}))

    def _summary(self, locale: str) -> LocaleSummary:
        passages = [p for p in self._passages.values() if p.edition.locale == locale]
        dates = [a.handed_over for a in self.articles if a.locale == locale and a.handed_over]
        return LocaleSummary(
            locale=locale,
            articles=len(self.editions(locale)),
            passages=len(passages),
            sentences=sum(len(p.sentences) for p in passages),
            newest_hand_over=max(dates, default=None),
        )

    def editions(self, locale: str) -> Mapping[str, Edition]:
        return {p.edition.path: p.edition for p in self._passages.values() if p.edition.locale == locale}

    def drift_of(self, passage: Passage, *, start: int, end: int) -> Drift | None:
        return self.drifts.get((passage.edition.locale, passage.edition.path))

    def article(self, path: str, *, locale: str) -> tuple[Passage, ...]:
        passages = [
            p for p in self._passages.values() if (p.edition.locale, p.edition.path) == (locale, path)
        ]
        if not passages:
            raise UnknownArticle(f"generation {self.generation} has no article {path!r} in {locale}")
        return tuple(passages)

    def passage(self, passage_id: str) -> Passage:
        if passage_id not in self._passages:
            raise UnknownPassage(f"no passage {passage_id!r} in generation {self.generation}")
        return self._passages[passage_id]

    def sentence_cosines(self, text: str, passage_id: str) -> tuple[float, ...]:
        passage = self.passage(passage_id)
        return tuple(_sentence_score(text, passage, sentence) for sentence in passage.sentences)

    def search(
        self,
        question: str,
        *,
        locale: str,
        k: int = 10,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        among: Collection[str] | None = None,
    ) -> Ranking:
        self.calls.append(locale)
        available = [summary.locale for summary in self.locales]
        if locale not in available:
            raise UnknownLocale(locale, available)
        if not question.strip():
            raise QuestionError("the question is empty")
        asked = " ".join([turn.content for turn in history if turn.role == "user"] + [question])
        passages = [
            p
            for p in self._passages.values()
            if p.edition.locale == locale
            and (among is None or p.edition.path in among)
            and (filters is None or filters.roles is None or set(filters.roles) & set(p.edition.roles))
            and (filters is None or filters.docset is None or p.edition.path.split("/")[0] in filters.docset)
        ]
        return Ranking(question, locale, self.generation, tuple(rank_passages(asked, passages, k=k)))


def rank_passages(question: str, passages: Iterable[Passage], *, k: int) -> list[Hit]:
    """The k passages most like the question, best first, ties by id."""
    scored = sorted(((_scores(question, p), p) for p in passages), key=lambda s: (-_total(s[0]), s[1].id))
    return [
        Hit(
            passage=passage,
            rank=rank,
            score=_total(scores),
            scores=scores,
            sentence_scores=tuple(_sentence_score(question, passage, s) for s in passage.sentences),
            sentence_words=(0.0,) * len(passage.sentences),
        )
        for rank, (scores, passage) in enumerate(scored[:k], start=1)
    ]


def _sentence_score(question: str, passage: Passage, sentence: Sentence) -> float:
    target = likeness(question, passage.text[sentence.start : sentence.end])
    return 0.75 + 0.25 * max(target, likeness(question, sentence.source or ""))


def _scores(question: str, passage: Passage) -> Scores:
    both = f"{passage.text} {passage.source_text or ''}"
    return Scores(
        dense=0.75
        + 0.25 * max(likeness(question, passage.text), likeness(question, passage.source_text or "")),
        sentence=max((_sentence_score(question, passage, s) for s in passage.sentences), default=0.75),
        lexical=len(terms(question) & terms(both)) / max(1, len(terms(question))),
    )


def _total(scores: Scores) -> float:
    return 0.5 * scores.sentence + 0.5 * scores.lexical


def judge(ranking: Ranking) -> Judgement:
    """A `Confidence` for the fakes' scores: sure of a hit that shares most of the question's words.

    Squared, so that the threshold of the settings parts what shares three words of four from the rest.
    """
    best = max((0.3 * hit.scores.sentence + 0.7 * hit.scores.lexical for hit in ranking.hits), default=0.0)
    return Judgement(best * best, abstain_reason(ranking))


@dataclass
class FakeFollower:
    """`indexer.IndexFollower` without a folder: `index` is what it gives."""

    index: FakeIndex | None
    fault: str | None = None

    def current(self) -> FakeIndex:
        if self.index is None:
            raise IndexMissing("no index in index: make one with python -m indexer build")
        return self.index
