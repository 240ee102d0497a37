"""Question files, and the measures worked by hand over rankings made by hand."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest

from indexer import Hit, Index, IndexerError, Ranking, Scores, Turn, UnknownLocale
from indexer.evaluation import (
    HALF_EVIDENCE_CHARS,
    Question,
    bare,
    evaluate,
    holds_evidence,
    read_questions,
    run_questions,
)
from tests.small_corpus import FRENCH_MAIL, MAIL, SEATS, TAXES, SmallIndex

LINE = {"id": "q1", "locale": "de-de", "query": "Steuern?", "kind": "natural", "article": "help/taxes"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    small = SmallIndex(tmp_path_factory.mktemp("small"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES, more=TAXES)
    small.write("fr-fr", mail=FRENCH_MAIL)
    small.build()
    return small.open()


def question(
    name: str, *articles: str, locale: str = "de-de", kind: str = "natural", evidence: str = "Steuern"
) -> Question:
    return Question(name, locale, "Steuern?", "de", kind, (), articles, (evidence,))


def ranking(index: Index, *names: str, locale: str = "de-de") -> Ranking:
    """The passages of these articles in this order."""
    passages = [index.passage(f"{locale}/help/{name}#top.0") for name in names]
    hits = [Hit(passage, rank, 1 / rank, Scores(0, 0, 0), ()) for rank, passage in enumerate(passages, 1)]
    return Ranking("Steuern?", locale, index.generation, tuple(hits))


def test_the_measures_are_means_over_the_questions_and_no_answer_is_a_miss(index: Index) -> None:
    questions = [question(name, "help/taxes") for name in ("first", "second", "unanswered")]
    rankings = {
        "first": ranking(index, "taxes", "mail"),
        "second": ranking(index, "mail", "taxes", "seats"),
        "unanswered": ranking(index),
    }
    row = evaluate(index, questions, rankings)[0]
    expected = {
        "Success@1": 1 / 3,
        "Success@3": 2 / 3,
        "Success@5": 2 / 3,
        "Success@10": 2 / 3,
        "RR@10": (1 + 1 / 2 + 0) / 3,
        "nDCG@10": (1 + 1 / log2(3) + 0) / 3,
    }
    assert (row.group, row.questions) == ("all", 3)
    assert row.article == pytest.approx(expected, abs=1e-4)
    assert row.evidence == pytest.approx(expected, abs=1e-4)


def test_the_right_article_without_its_evidence_is_a_miss_of_evidence(index: Index) -> None:
    asked = question("q", "help/mail", evidence="Über Preise schreibt er jeden Tag.")
    row = evaluate(index, [asked], {"q": ranking(index, "mail")})[0]
    assert (row.article["Success@1"], row.evidence["Success@5"]) == (1, 0)


def test_evidence_counts_in_the_articles_that_answer_only(index: Index) -> None:
    rankings = {"q": ranking(index, "more", "taxes")}
    one = evaluate(index, [question("q", "help/taxes")], rankings)[0]
    assert (one.article["RR@10"], one.evidence["RR@10"]) == (0.5, 0.5)
    also = evaluate(index, [question("q", "help/taxes", "help/more")], rankings)[0]
    assert (also.article["RR@10"], also.evidence["RR@10"]) == (1, 1)


def test_repeated_articles_take_one_place(index: Index) -> None:
    hits = ranking(index, "mail", "mail", "taxes")
    row = evaluate(index, [question("q", "help/taxes", evidence="Steuern")], {"q": hits})[0]
    assert row.article["RR@10"] == 0.5


def test_there_is_a_row_for_each_locale_and_each_kind_without_the_unanswerable(index: Index) -> None:
    questions = [
        question("a", "help/taxes", kind="typo"),
        question("b", "help/mail", locale="fr-fr", evidence="clients"),
        question("c", kind="unanswerable"),
    ]
    rankings = {
        "a": ranking(index, "taxes"),
        "b": ranking(index, locale="fr-fr"),
        "c": ranking(index, "mail"),
    }
    rows = evaluate(index, questions, rankings)
    assert [(row.group, row.questions, row.article["Success@5"]) for row in rows] == [
        ("all", 2, 0.5),
        ("de-de", 1, 1),
        ("fr-fr", 1, 0),
        ("natural", 1, 0),
        ("typo", 1, 1),
    ]


def test_without_answerable_questions_all_is_nothing(index: Index) -> None:
    rows = evaluate(index, [question("c", kind="unanswerable")], {"c": ranking(index)})
    assert [(row.group, row.questions, row.article["RR@10"]) for row in rows] == [("all", 0, 0)]


def test_questions_are_asked_with_their_history(index: Index) -> None:
    told: list[int] = []
    asked = Question("q", "de-de", "Und dann?", "de", "followup", (Turn("user", "Steuern"),), (), ())
    rankings = run_questions(index, [asked], told.append)
    assert rankings["q"] == index.search("Und dann?", locale="de-de", k=50, history=asked.history)
    assert told == [1]


def test_a_locale_that_the_index_does_not_hold_is_refused(index: Index) -> None:
    asked = question("q", "help/mail", locale="it-it")
    with pytest.raises(UnknownLocale, match="it-it"):
        run_questions(index, [asked])
    with pytest.raises(UnknownLocale, match="it-it"):
        evaluate(index, [asked], {"q": ranking(index)})


@pytest.mark.parametrize(
    ("text", "evidence", "expected"),
    [
        ("Steuern stehen auf der **Rechnung**.", "stehen auf der Rechnung", True),
        ("Steuern stehen\n auf  der Rechnung", "stehen auf der Rechnung", True),
        ("価格は １，４５０ ドル です", "1,450ドル", True),
        ("Steuern stehen auf der Rechnung.", "stehen auf dem Angebot", False),
        ("anything", "| ** |", False),
        ("anything", "", False),
    ],
)
def test_evidence_is_compared_without_white_space_markup_and_width(
    text: str, evidence: str, expected: bool
) -> None:
    assert holds_evidence(bare(text), [evidence]) is expected


def test_half_of_a_long_evidence_is_enough_for_a_passage_may_be_cut_inside_it() -> None:
    left, right = "a" * (HALF_EVIDENCE_CHARS // 2), "b" * (HALF_EVIDENCE_CHARS // 2)
    assert holds_evidence(f"x{left}", [left + right])
    assert holds_evidence(f"{right}x", [left + right])
    assert not holds_evidence(f"x{left[1:]}", [left + right])
    assert not holds_evidence(f"x{left}", [left + right[1:]])  # 39 characters


def test_one_of_several_pieces_of_evidence_is_enough() -> None:
    assert holds_evidence("bc", ["a", "b"])


def write(file: Path, *lines: object) -> Path:
    file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), "utf-8")
    return file


def test_a_question_has_all_articles_and_evidence_that_count(tmp_path: Path) -> None:
    full = LINE | {
        "query_lang": "de", "also": ["help/more"], "evidence": "auf der Rechnung", "near_miss": False,
        "evidence_also": ["im Vertrag", {"article": "help/more", "evidence": "im Angebot"}, ""],
        "history": [{"role": "user", "content": "Hallo"}, {"role": "assistant", "content": "Ja?"}],
    }  # fmt: skip
    assert read_questions(write(tmp_path / "a.jsonl", full)) == [
        Question(
            "q1", "de-de", "Steuern?", "de", "natural", (Turn("user", "Hallo"), Turn("assistant", "Ja?")),
            ("help/taxes", "help/more"), ("auf der Rechnung", "im Vertrag", "im Angebot"),
        )
    ]  # fmt: skip


def test_nulls_are_as_good_as_missing(tmp_path: Path) -> None:
    sparse = LINE | {"also": None, "evidence": None, "evidence_also": None, "history": None}
    assert read_questions(write(tmp_path / "a.jsonl", sparse)) == [
        Question("q1", "de-de", "Steuern?", "", "natural", (), ("help/taxes",), ())
    ]


def test_an_unanswerable_question_has_no_article(tmp_path: Path) -> None:
    line: dict[str, object] = LINE | {"article": None, "near_miss": True}
    (asked,) = read_questions(write(tmp_path / "a.jsonl", line))
    assert (asked.articles, asked.near_miss) == ((), True)


def test_a_folder_gives_its_files_in_order_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", LINE | {"id": "3"})
    (tmp_path / "a.jsonl").write_text(
        f"{json.dumps(LINE | {'id': '1'})}\r\n\r\n"
        + json.dumps(LINE | {"id": "2", "query": "a\u2028b"}, ensure_ascii=False),
        "utf-8",
    )
    (tmp_path / "notes.txt").write_text("no question", "utf-8")
    assert [(asked.id, asked.query) for asked in read_questions(tmp_path)] == [
        ("1", "Steuern?"),
        ("2", "a\u2028b"),
        ("3", "Steuern?"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '"text"',
        "{}",
        json.dumps(LINE | {"history": ["text"]}),
        json.dumps(LINE | {"history": [{"role": "user"}]}),
        json.dumps(LINE | {"query": " "}),
        json.dumps(LINE | {"query": 7}),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f"{json.dumps(LINE)}\n{line}\n", "utf-8")
    with pytest.raises(IndexerError, match=r"a\.jsonl:2: no question"):
        read_questions(file)


def test_an_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", LINE)
    write(tmp_path / "b.jsonl", LINE)
    with pytest.raises(IndexerError, match=r"b\.jsonl:1: the id 'q1' stands twice"):
        read_questions(tmp_path)


def test_no_file_and_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match=r"nowhere\.jsonl can't be read"):
        read_questions(tmp_path / "nowhere.jsonl")
    with pytest.raises(IndexerError, match=r"holds no \.jsonl file of questions"):
        read_questions(tmp_path)
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    with pytest.raises(IndexerError, match=r"latin\.jsonl can't be read"):
        read_questions(tmp_path)
