"""Answers for measuring: where the answerer comes from, and how its answers are kept."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import cast

import pytest

from indexer import Answered, AnswererMissing, Index, IndexerError, Question, Quote
from indexer.answers import answer_questions, load_answerer, read_answers, write_answers
from tests.fake_answerers import TableAnswerer, answered, knowing, quote

ANSWERS = {
    "1": answered("1", 0.75, Quote("税金\n。", "help/taxes", "ja-jp/help/taxes#top.0", "Taxes."), quote("b")),
    "2": answered("2", 0.1 + 0.2),
}


def asked(name: str) -> Question:
    return Question(name, "de-de", "?", "", "natural", (), (), ())


def test_an_answerer_is_made_by_the_callable_that_is_named() -> None:
    assert load_answerer("tests.fake_answerers:knowing") == knowing()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tests.fake_answerers", "is not of the form MODULE:NAME"),
        ("tests.fake_answerers:", "is not of the form MODULE:NAME"),
        (":knowing", "is not of the form MODULE:NAME"),
        ("tests.fake_answerers:nobody", "names no answerer: .*'nobody'"),
        ("tests fake:knowing", "names no answerer"),
        ("tests.fake_answerers:NOTHING", "names no callable that makes an answerer"),
    ],
)
def test_a_wrong_name_is_refused(name: str, message: str) -> None:
    with pytest.raises(IndexerError, match=f"^'{re.escape(name)}' {message}"):
        load_answerer(name)


def test_a_module_that_is_not_installed_is_named() -> None:
    with pytest.raises(AnswererMissing, match=r"'nowhere\.at_all:x' can't answer: the module 'nowhere'"):
        load_answerer("nowhere.at_all:x")


def test_what_the_answerers_module_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lacking.py").write_text("import nowhere_to_be_found\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lacking", raising=False)
    with pytest.raises(AnswererMissing, match="the module 'nowhere_to_be_found' is not installed"):
        load_answerer("lacking:answerer")


def test_questions_are_answered_in_their_order() -> None:
    told: list[int] = []
    answerer = TableAnswerer({"1": ANSWERS["1"]})
    given = answer_questions(cast(Index, None), [asked("2"), asked("1")], answerer, progress=told.append)
    assert list(given.items()) == [("2", answered("2", 0.0)), ("1", ANSWERS["1"])]
    assert told == [1, 1]


@pytest.mark.parametrize("confidence", [-0.01, 1.01, float("nan")])
def test_a_confidence_is_a_chance(confidence: float) -> None:
    with pytest.raises(ValueError, match=r"q: a confidence lies in 0\.\.1"):
        Answered("q", confidence, False, False, None, ())


def test_a_quote_knows_its_locale() -> None:
    assert quote("x", locale="zh-tw").locale == "zh-tw"


def test_answers_are_one_line_each_and_read_back_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    write_answers(file, ANSWERS)
    assert file.read_text("utf-8").count("\n") == 2
    assert "税金\\n。" in file.read_text("utf-8")
    assert read_answers(file) == ANSWERS


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", '{"quotes": [{"text": "x"}]}', '{"quotes": [], "colour": 1}']
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "answers.jsonl"
    write_answers(file, ANSWERS)
    file.write_text(file.read_text("utf-8") + line, "utf-8")
    with pytest.raises(IndexerError, match=r"answers\.jsonl:3: no answer"):
        read_answers(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match=r"answers\.jsonl can't be read"):
        read_answers(tmp_path / "answers.jsonl")
