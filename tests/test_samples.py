"""The sample articles from end to end: built with the real model, searched with their questions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer import Index
from indexer.build import build_index
from indexer.build_report import BuildReport
from indexer.evaluation import evaluate, run_questions
from indexer.model import PreparedModel
from indexer.questions import read_questions
from tests.conftest import SAMPLE_QUESTIONS, SAMPLES

pytestmark = pytest.mark.model

CUSTOMER_MAIL = "partner-help/customer-communication"
STATED = (
    "When a service incident or a security matter affects them, Microsoft may contact your customers "
    "directly, by email or by phone."
)


def test_every_sample_is_read(sample_build: tuple[Path, BuildReport]) -> None:
    report = sample_build[1]
    assert report.failed == []
    articles = {locale: entry.articles for locale, entry in report.locales.items()}
    assert articles == {"de-de": 17, "en-us": 16, "ja-jp": 16, "zh-tw": 16}
    assert {skipped.reason for skipped in report.skipped} == {"a table of contents"}


def test_a_second_build_embeds_nothing(
    sample_build: tuple[Path, BuildReport], prepared_model: PreparedModel
) -> None:
    index_dir, first = sample_build
    # In another order of the roots.
    again = build_index(SAMPLES[::-1], index_dir, model=prepared_model, now=datetime.now(UTC))
    assert (again.generation, again.published, again.embedded) == (first.generation, False, 0)
    assert again.copied == first.embedded + first.copied


def test_every_question_finds_its_article_among_the_first_five(sample_index: Index) -> None:
    questions = read_questions(SAMPLE_QUESTIONS)
    rows = {
        row.group: row for row in evaluate(sample_index, questions, run_questions(sample_index, questions))
    }
    assert rows["all"].questions == 24
    first_five = {name: row.figures["article:Success@5"].value for name, row in rows.items()}
    assert first_five == dict.fromkeys(rows, 1.0)
    assert rows["all"].figures["evidence:Success@10"].value == 1


@pytest.mark.parametrize(
    ("question", "locale"),
    [
        ("Can Microsoft email my customer?", "en-us"),
        ("うちの顧客に Microsoft がメールを送ってくることはありますか？", "ja-jp"),
        ("Microsoft 會不會自己寄信給我的客戶？", "zh-tw"),
        ("Can Microsoft email my customer?", "ja-jp"),
        ("Can Microsoft email my customer?", "zh-tw"),
    ],
)
def test_whether_microsoft_may_email_a_customer_is_found(
    sample_index: Index, question: str, locale: str
) -> None:
    hits = sample_index.search(question, locale=locale, k=3).hits
    assert hits[0].passage.edition.path == CUSTOMER_MAIL
    english = [
        hit.passage.text[sentence.start : sentence.end] if locale == "en-us" else sentence.source
        for hit in hits
        for sentence in hit.passage.sentences
    ]
    assert STATED in english
    url = f"https://learn.microsoft.com/{locale}/{CUSTOMER_MAIL}#what-microsoft-may-send"
    assert url in {hit.passage.url for hit in hits}


def test_english_is_the_newest_version_though_a_locale_lags_behind(sample_index: Index) -> None:
    article = "partner-help/cancel-and-refund"
    asked = "Within how many business days does the refund reach my bank account?"
    stated = {
        locale: sample_index.search(asked, locale=locale, k=1, among={article}).hits[0].passage
        for locale in ("en-us", "zh-tw")
    }
    assert "10 business days" in stated["en-us"].text
    assert "15 business days" in (stated["zh-tw"].source_text or "")
    dates = {locale: passage.edition.translation.handed_over for locale, passage in stated.items()}
    assert dates["en-us"] is not None
    assert dates["zh-tw"] is not None
    assert dates["en-us"] > dates["zh-tw"]


@pytest.mark.parametrize("locale", ["de-de", "en-us", "ja-jp", "zh-tw"])
def test_a_retired_article_names_the_one_that_replaced_it(sample_index: Index, locale: str) -> None:
    retired_to = sample_index.editions(locale)["partner-help/prepaid-credit"].retired_to
    assert retired_to is not None
    assert retired_to.endswith("/billing-cycles")
