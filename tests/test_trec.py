"""Runs and judgements as TREC text: written, read back, and read by another tool."""

from __future__ import annotations

from pathlib import Path

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import IndexerError
from indexer.evaluation import measure
from indexer.trec import JudgedRun, read_judged_run, write_judged_run

JUDGED = JudgedRun(
    {"q 1": ["help/taxes", "help/50%#a b.0"], "q2": ["none"]},
    {"q 1": ["help/mail", "help/50%#a b.0", "help/taxes"], "q3": ["help/税金#top.0"]},
)

name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
names = st.lists(name, min_size=1, max_size=4, unique=True)


def test_a_run_and_its_judgements_are_written_line_by_line(tmp_path: Path) -> None:
    write_judged_run(tmp_path, "article", JUDGED, tag="20240514-abc")
    assert (tmp_path / "article.qrels").read_text("utf-8") == (
        "q%201 0 help/taxes 1\nq%201 0 help/50%25#a%20b.0 1\nq2 0 none 1\n"
    )
    assert (tmp_path / "article.run").read_text("utf-8") == (
        "q%201 Q0 help/mail 1 -1 20240514-abc\n"
        "q%201 Q0 help/50%25#a%20b.0 2 -2 20240514-abc\n"
        "q%201 Q0 help/taxes 3 -3 20240514-abc\n"
        "q3 Q0 help/税金#top.0 1 -1 20240514-abc\n"
    )


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_judged_run(tmp_path, "article", JUDGED, tag="t")
    assert read_judged_run(tmp_path, "article") == JUDGED


@given(qrels=st.dictionaries(name, names, max_size=4), run=st.dictionaries(name, names, max_size=4))
def test_any_names_survive(
    tmp_path_factory: pytest.TempPathFactory, qrels: dict[str, list[str]], run: dict[str, list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("trec", numbered=True)
    write_judged_run(folder, "evidence", JudgedRun(qrels, run), tag="t")
    assert read_judged_run(folder, "evidence") == JudgedRun(qrels, run)


def test_another_tool_reads_the_same_measures_from_the_files(tmp_path: Path) -> None:
    write_judged_run(tmp_path, "article", JUDGED, tag="t")
    # As text: given a Path these readers yield nothing.
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "article.qrels")))
    run = list(ir_measures.read_trec_run(str(tmp_path / "article.run")))
    rr = ir_measures.RR @ 10
    by_question = {found.query_id: found.value for found in ir_measures.iter_calc([rr], qrels, run)}
    assert by_question == {"q%201": 0.5, "q2": 0.0}
    ours = measure({"article": JUDGED})
    assert {question: figures["article:RR@10"] for question, figures in ours.items()} == {
        "q 1": 0.5,
        "q2": 0.0,
    }


def test_rankings_of_other_tools_are_ordered_by_their_scores(tmp_path: Path) -> None:
    (tmp_path / "x.qrels").write_text("q 0 a 1\nq 0 b 0\n\n", "utf-8")
    (tmp_path / "x.run").write_text("q Q0 b 0 0.25 t\nq\tQ0\ta 0 7.5 t\r\nq Q0 c 0 0.25 t\n", "utf-8")
    assert read_judged_run(tmp_path, "x") == JudgedRun({"q": ["a"]}, {"q": ["a", "b", "c"]})


def test_a_broken_or_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match=r"x\.qrels can't be read"):
        read_judged_run(tmp_path, "x")
    (tmp_path / "x.qrels").write_text("q 0 a 1\nq 0 a\n", "utf-8")
    with pytest.raises(IndexerError, match=r"x\.qrels:2: 3 fields in place of the 4 of qrels"):
        read_judged_run(tmp_path, "x")
    (tmp_path / "x.qrels").write_text("", "utf-8")
    (tmp_path / "x.run").write_text("q Q0 a 1 high t\n", "utf-8")
    with pytest.raises(IndexerError, match=r"x\.run:1: the score 'high' is no number"):
        read_judged_run(tmp_path, "x")
