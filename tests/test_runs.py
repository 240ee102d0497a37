"""Runs: asked, kept in a folder, reported, and compared question by question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer import Index, IndexerError, Question
from indexer.evaluation import NO_PASSAGE, search_with
from indexer.evaluation_report import (
    ANSWER_FIGURES,
    FIGURES,
    compare_runs,
    make_report,
    report_as_json,
    report_refusal,
)
from indexer.fusion import FusionWeights
from indexer.refusal import calibrate, trace_risk
from indexer.runs import Answering, Run, ask_questions, make_run_folder, read_run, write_run
from indexer.trec import JudgedRun
from tests.fake_answerers import TableAnswerer, answered, quote
from tests.small_corpus import MAIL, SEATS, TAXES, SmallIndex

EVIDENCE = "Steuern stehen auf der Rechnung."


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    small = SmallIndex(tmp_path_factory.mktemp("small"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    small.build()
    return small.open()


def asked(name: str, *articles: str, near_miss: bool = False) -> Question:
    kind = "natural" if articles else "unanswerable"
    return Question(name, "de-de", EVIDENCE, "de", kind, (), articles, (EVIDENCE,), near_miss)


TAX, PRICE = asked("tax", "help/taxes"), asked("price", near_miss=True)


def run(*ranks: int, confidences: tuple[float, ...] = (), generation: str = "now") -> Run:
    """Questions "0", "1" ... whose right article stands at these ranks, answered with confidences."""
    names = [str(number) for number in range(len(ranks))]
    level = JudgedRun(
        {name: ["right"] for name in names},
        {
            name: [*["wrong", "worse", "worst"][: rank - 1], "right"]
            for name, rank in zip(names, ranks, strict=True)
        },
    )
    answers = {
        name: answered(name, confidence, *([quote(EVIDENCE)] if confidence >= 0.5 else []))
        for name, confidence in zip(names, confidences, strict=False)
    }
    return Run(
        generation, {"article": level, "evidence": level}, Answering(0.5, answers) if answers else None
    )


class Watched:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int | None]] = []
        self.done = 0

    def stage(self, name: str, total: int | None) -> None:
        self.stages.append((name, total))

    def advance(self, count: int) -> None:
        self.done += count


def test_questions_are_searched_judged_and_answered(index: Index) -> None:
    watched = Watched()
    answerer = TableAnswerer({"tax": answered("tax", 0.75, quote(EVIDENCE))})
    made = ask_questions(index, [TAX, PRICE], answerer=answerer, progress=watched)
    assert made.generation == index.generation
    assert made.levels["article"].qrels == {"tax": ["help/taxes"]}
    assert made.levels["article"].run["tax"][0] == "help/taxes"
    assert made.levels["evidence"].run["price"][0] == "de-de/help/taxes#top.0"
    assert made.answering == Answering(0.5, {"tax": answerer.table["tax"], "price": answered("price", 0.0)})
    assert watched.stages == [("searching", 2), ("judging", None), ("answering", 2)]
    assert watched.done == 4


def test_a_run_may_have_no_answers_and_another_search(index: Index) -> None:
    made = ask_questions(index, [TAX], answerer=None, search=search_with(FusionWeights(0, 0, 0)))
    assert made.answering is None
    # Only words count.
    assert made.levels["article"].run["tax"][0] == "help/taxes"


@pytest.mark.parametrize("confidences", [(), (0.9, 0.1)], ids=["unanswered", "answered"])
def test_a_run_is_read_back_as_it_was_saved(tmp_path: Path, confidences: tuple[float, ...]) -> None:
    saved = run(1, 3, confidences=confidences)
    write_run(tmp_path / "deep" / "run", saved)
    assert read_run(tmp_path / "deep" / "run") == saved
    files = {"run.json", "article.qrels", "article.run", "evidence.qrels", "evidence.run"}
    files |= {"answers.jsonl"} if confidences else set()
    assert {file.name for file in (tmp_path / "deep" / "run").iterdir()} == files


def test_answers_of_an_older_run_do_not_stay_behind(tmp_path: Path) -> None:
    write_run(tmp_path, run(1, confidences=(0.9,)))
    write_run(tmp_path, run(2))
    assert read_run(tmp_path) == run(2)
    assert not (tmp_path / "answers.jsonl").exists()


def test_a_folder_without_a_whole_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match=r"run\.json: no run: .*--save wrote"):
        read_run(tmp_path)
    write_run(tmp_path, run(1, confidences=(0.9,)))
    (tmp_path / "answers.jsonl").unlink()
    with pytest.raises(IndexerError, match=r"answers\.jsonl can't be read"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("[]", "utf-8")
    with pytest.raises(IndexerError, match=r"run\.json: no run"):
        read_run(tmp_path)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(IndexerError, match=r"file/run can't be made: .*name another folder"):
        make_run_folder(tmp_path / "file" / "run")
    (tmp_path / "run" / "run.json").mkdir(parents=True)
    with pytest.raises(IndexerError, match="the run can't be saved in"):
        write_run(tmp_path / "run", run(1))


def test_a_report_has_every_figure(index: Index) -> None:
    off = asked("off")
    answers = {
        "tax": answered("tax", 0.75, quote(EVIDENCE)),
        "price": answered("price", 0.5, quote("x")),
        "off": answered("off", 0.25),
    }
    questions = [TAX, PRICE, off]
    report = make_report(questions, ask_questions(index, questions, answerer=TableAnswerer(answers)))
    whole = report.rows[0]
    assert (whole.group, whole.questions) == ("all", 3)
    assert set(whole.figures) == set(FIGURES)
    assert whole.figures["evidence:Success@1"].value == 1
    assert whole.figures["refusal:AUROC"].value == 1
    assert report.refusal is not None
    # From .5 on two of three are answered, one of them wrongly.
    assert (report.refusal.threshold, report.refusal.coverage, report.refusal.risk) == (0.5, 2 / 3, 0.5)
    assert report.refusal.curve == trace_risk([0.75, 0.5, 0.25], [True, False, False])
    assert report.refusal.calibration == calibrate([0.75, 0.5, 0.25], [True, False, False])
    assert report.against is None


def test_without_answers_a_report_has_retrieval_figures_alone(index: Index) -> None:
    report = make_report([TAX], ask_questions(index, [TAX], answerer=None))
    assert report.refusal is None
    assert set(report.rows[0].figures) == set(FIGURES) - set(ANSWER_FIGURES)


def test_a_report_for_machines_is_rounded_and_the_same_at_every_run(index: Index) -> None:
    answerer = TableAnswerer({"tax": answered("tax", 1 / 3, quote(EVIDENCE))})

    def printed() -> str:
        made = ask_questions(index, [TAX, PRICE], answerer=answerer)
        return json.dumps(report_as_json(make_report([TAX, PRICE], made, against=made)))

    assert printed() == printed()
    given = json.loads(printed())
    assert list(given) == ["generation", "rows", "refusal", "against"]
    assert given["refusal"]["curve"]["thresholds"] == [0.333333, 0.0]
    assert given["rows"][0]["figures"]["article:RR@10"] == {"value": 1, "low": 1, "high": 1, "questions": 1}
    assert "-0.0" not in printed()


QUESTIONS = [asked(str(number), "right") for number in range(4)]


def test_runs_are_compared_question_by_question() -> None:
    compared = compare_runs(QUESTIONS, run(1, 1, 1, 2), run(2, 2, 2, 4, generation="then"))
    assert (compared.generation, compared.unpaired) == ("then", 0)
    difference = compared.rows[0].figures["evidence:RR@10"]
    # 1 - 1/2 three times, 1/2 - 1/4 once; drawn again, all four may be of either sort (.4 % for the latter).
    assert difference.value == pytest.approx((3 * 0.5 + 0.25) / 4)
    assert difference.high == pytest.approx(0.5)
    assert compared.rows[0].figures["evidence:Success@1"].value == 0.75
    assert [row.group for row in compared.rows] == ["all", "de-de", "natural"]


def test_only_what_both_runs_were_asked_is_compared() -> None:
    compared = compare_runs(QUESTIONS, run(1, 1, 1, 1), run(2, 1))
    assert compared.unpaired == 2
    assert compared.rows[0].questions == 2
    assert compared.rows[0].figures["article:Success@1"].value == 0.5
    nothing = compare_runs([asked("other", "right")], run(1), run(1))
    assert (nothing.unpaired, nothing.rows[0].figures) == (1, {})


def test_answers_are_compared_where_both_runs_have_them() -> None:
    questions = [*QUESTIONS[:3], asked("3")]
    now = run(1, 1, 1, 1, confidences=(0.9, 0.8, 0.7, 0.6))
    then = run(1, 1, 1, 1, confidences=(0.9, 0.4, 0.7, 0.8))
    figures = compare_runs(questions, now, then).rows[0].figures
    assert figures["refusal:answered"].value == pytest.approx(1 / 3)
    assert figures["refusal:refused"].value == 0
    # 3 of 3 pairs now; .9 alone beat .8 then.
    assert figures["refusal:AUROC"].value == pytest.approx(2 / 3)
    assert figures["citations:single"].questions == 2
    assert "refusal:precision" not in figures
    without = compare_runs(questions, now, run(1, 1, 1, 1)).rows[0].figures
    assert set(without) == {name for name in FIGURES if not name.startswith(("refusal:", "citations:"))}


def test_each_run_is_judged_by_its_own_judgements() -> None:
    # Cut anew, the evidence lies in another passage, or in none.
    then = JudgedRun({"0": ["old"]}, {"0": ["old", "new"]})
    now = JudgedRun({"0": ["new"]}, {"0": ["new"]})
    lost = JudgedRun({"0": [NO_PASSAGE]}, {"0": ["new"]})
    for level, difference in ((now, 0), (lost, -1)):
        compared = compare_runs(
            QUESTIONS[:1], Run("b", {"evidence": level}, None), Run("a", {"evidence": then}, None)
        )
        assert compared.rows[0].figures["evidence:Success@1"].value == difference


def test_the_refusal_report_of_a_notebook_needs_questions_and_answers_alone() -> None:
    answering = Answering(0.5, {"0": answered("0", 0.9), "none": answered("none", 0.2)})
    report = report_refusal([asked("0", "right"), asked("none")], answering)
    assert (report.coverage, report.risk, report.curve.area) == (0.5, 0.0, 0.25)
