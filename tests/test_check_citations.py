"""Citations against the articles' files: the check finds what is wrong, and nothing is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from indexer import IndexFollower, Ranking
from indexer.build_report import BuildReport
from indexer.questions import Question, read_questions
from service.confidence import AbstainReason, Judgement
from tests.check_citations import (
    ENGLISH,
    ENGLISH_VERBATIM,
    LEAST,
    LINK,
    PROVENANCE,
    VERBATIM,
    Corpus,
    Shares,
    ask_all,
    check_reply,
    read_corpus_files,
)
from tests.conftest import PAIR_LOCALES, ROOT, SAMPLE_QUESTIONS, SAMPLES
from tests.fakes import HashEmbedder
from tests.service_app import build_app, guess_first

HEADER = "---\nms.translationtype: MT\nms.lasthandoff: 07/12/2021\nms.sourcegitcommit: abc\n---\n"


def span(target: str, source: str, number: int) -> str:
    return (
        f'<span data-ttu-id="aaaaa-{number}">{target}</span>'
        f'<span class="sxs-lookup"><span data-stu-id="aaaaa-{number}">{source}</span></span>'
    )


ARTICLE = (
    f'{HEADER}# <a name="seats"></a>{span("Plätze", "Seats", 101)}\n\n'
    f"{span('Ein **Platz** endet [nach Tagen](a_(b).md).', 'A seat ends [after days](a_(b).md).', 102)}\n\n"
    f"| {span('Tage &amp; Jahre', 'Days &amp; years', 103)} | 15 |\n\n"
    f"{span('Mehr zu [Rollen](roles or seats.md).', 'More on [roles](roles or seats.md).', 104)}\n"
)
FAQ = "### YamlMime:FAQ\nquestions:\n- question: Was kostet es?\n  answer: |\n    Es 'kostet' nichts.\n"
CITATION: dict[str, Any] = {
    "passage_id": "de-de/help/seats#seats.0",
    "article": "help/seats",
    "quote": "Ein Platz endet nach Tagen.",
    "source_quote": "A seat ends after days.",
    "url": "https://help.example/de-de/help/seats#seats",
    "translation": {"type": "machine", "handed_over": "2021-07-12", "source_commit": "abc"},
}
FAQ_CITATION: dict[str, Any] = {
    **CITATION,
    "passage_id": "de-de/help/faq#was-kostet-es.0",
    "article": "help/faq",
    "quote": "Es 'kostet' nichts.",
    "source_quote": None,
    "url": "https://help.example/de-de/help/faq#was-kostet-es",
    "translation": {"type": "human", "handed_over": None, "source_commit": None},
}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    folder = tmp_path / "docs.de-de" / "help"
    folder.mkdir(parents=True)
    (folder / "seats.md").write_text(ARTICLE, "utf-8")
    (folder / "faq.yml").write_text(FAQ, "utf-8")
    return read_corpus_files([tmp_path / "docs.de-de"])


def failing(corpus: Corpus, citation: dict[str, Any], locale: str = "de-de") -> set[str]:
    shares = Shares()
    check_reply(
        {"status": "answered", "locale": {"answered": locale}, "citations": [citation]}, corpus, shares
    )
    assert shares.kept == (not shares.failing)
    return {line for line, _, _ in shares.failing}


def english(**changes: object) -> dict[str, Any]:
    """The same sentence, cited in the English that is derived from the file."""
    translation = {**CITATION["translation"], "type": "source"}
    quote = "A seat ends after days."
    return {**CITATION, "quote": quote, "source_quote": None, "translation": translation, **changes}


def test_a_citation_that_the_file_bears_out_passes(corpus: Corpus) -> None:
    row = {"quote": "Tage & Jahre | 15", "source_quote": "Days & years | 15"}
    assert failing(corpus, CITATION) == failing(corpus, {**CITATION, **row}) == set()
    no_link = {  # white space in its target: Markdown reads no link
        "quote": "Mehr zu [Rollen](roles or seats.md).",
        "source_quote": "More on [roles](roles or seats.md).",
    }
    assert failing(corpus, {**CITATION, **no_link}) == set()
    assert failing(corpus, FAQ_CITATION) == failing(corpus, english(), "en-us") == set()


@pytest.mark.parametrize(
    ("citation", "locale", "lines"),
    [
        ({**CITATION, "quote": "Ein Platz endet nach Jahren."}, "de-de", {VERBATIM}),
        ({**CITATION, "quote": "A seat ends after days."}, "de-de", {VERBATIM}),
        ({**CITATION, "quote": " * "}, "de-de", {VERBATIM}),
        ({**CITATION, "quote": "abc"}, "de-de", {VERBATIM}),
        ({**CITATION, "source_quote": None}, "de-de", {ENGLISH}),
        ({**CITATION, "source_quote": "A seat ends after years."}, "de-de", {ENGLISH_VERBATIM}),
        ({**CITATION, "source_quote": CITATION["quote"]}, "de-de", {ENGLISH_VERBATIM}),
        ({**CITATION, "url": CITATION["url"] + "-1"}, "de-de", {LINK}),
        ({**CITATION, "translation": FAQ_CITATION["translation"]}, "de-de", {PROVENANCE}),
        ({**CITATION, "article": "help/none"}, "de-de", {VERBATIM, PROVENANCE, LINK}),
        (CITATION, "fr-fr", {VERBATIM, PROVENANCE, LINK}),
        ({**FAQ_CITATION, "quote": "Es kostet nicht."}, "de-de", {VERBATIM}),
        (english(quote=CITATION["quote"]), "en-us", {VERBATIM}),
        (english(translation=CITATION["translation"]), "en-us", {PROVENANCE}),
    ],
)
def test_what_the_file_does_not_say_fails(
    corpus: Corpus, citation: dict[str, Any], locale: str, lines: set[str]
) -> None:
    assert failing(corpus, deepcopy(citation), locale) == lines


def test_english_of_another_version_than_it_names_fails(corpus: Corpus) -> None:
    translation = {"type": "source", "handed_over": "2021-07-13", "source_commit": "abc"}
    assert failing(corpus, english(translation=translation), "en-us") == {VERBATIM, PROVENANCE, LINK}


def test_nothing_asked_is_nothing_broken() -> None:
    assert Shares().kept


def sure(ranking: Ranking) -> Judgement:
    """Answers whatever was found."""
    return Judgement(1.0, AbstainReason.NOT_STATED)


def check_all(
    index_dir: Path, folders: Sequence[Path], questions: Sequence[Question], **loads: Any
) -> Shares:
    """Every answer's citations, looked up in the files."""
    follower, shares = IndexFollower(index_dir, **loads), Shares()
    follower.refresh()
    assert follower.fault is None
    app, corpus = build_app(follower=follower, confidence=sure, guess=guess_first), read_corpus_files(folders)
    for reply in asyncio.run(ask_all(app, questions)):
        check_reply(reply, corpus, shares)
    return shares


@pytest.mark.model
def test_citations_of_the_samples_stand_in_their_files(sample_build: tuple[Path, BuildReport]) -> None:
    questions = read_questions(SAMPLE_QUESTIONS)
    shares = check_all(sample_build[0], SAMPLES, questions)
    assert shares.failing == []
    assert shares.answered == len(questions)


@pytest.mark.corpus
def test_citations_of_real_articles_stand_in_their_files(real_pair: Path, real_corpus: Path) -> None:
    """Whatever is found is cited, so that a stand-in for the model will do."""
    questions = [
        question
        for question in read_questions(ROOT.parent / "shared" / "questions")
        if question.locale in (*PAIR_LOCALES, "en-us")
    ]
    folders = [real_corpus / f"partner-center-pr.{locale}" for locale in PAIR_LOCALES]
    shares = check_all(real_pair, folders, questions, open_model=lambda _: HashEmbedder())
    assert shares.citations > len(questions)
    assert {line: shares.share(line) for line in LEAST} == dict.fromkeys(LEAST, 100.0), shares.failing[:5]
