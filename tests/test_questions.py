"""Question files, their groups, and whether a text holds the evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer import IndexerError, Turn
from indexer.questions import (
    HALF_EVIDENCE_CHARS,
    Question,
    bare,
    group_questions,
    holds_evidence,
    read_questions,
)

LINE = {"id": "q1", "locale": "de-de", "query": "Steuern?", "kind": "natural", "article": "help/taxes"}


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
    assert (asked.articles, asked.answerable, asked.near_miss) == ((), False, True)


def test_questions_are_grouped_as_a_whole_by_locale_and_by_kind() -> None:
    def asked(name: str, locale: str, kind: str) -> Question:
        return Question(name, locale, "?", "", kind, (), ("a/b",), ())

    one, two, three = asked("1", "ja-jp", "typo"), asked("2", "de-de", "natural"), asked("3", "de-de", "typo")
    assert group_questions([one, two, three]) == [
        ("all", [one, two, three]),
        ("de-de", [two, three]),
        ("ja-jp", [one]),
        ("natural", [two]),
        ("typo", [one, three]),
    ]
    assert group_questions([]) == [("all", [])]


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
