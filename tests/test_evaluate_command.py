"""`python -m indexer evaluate`: what it prints, what it saves and compares, and its exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from indexer.__main__ import app
from indexer.build import build_index
from indexer.evaluation_report import FIGURES
from indexer.model import PreparedModel
from indexer.runs import read_run
from tests.small_corpus import MAIL, NOON, SEATS, TAXES, SmallIndex

QUESTIONS = (
    {"id": "1", "locale": "de-de", "query": "Steuern?", "kind": "natural", "article": "help/taxes",
     "evidence": "Steuern stehen auf der Rechnung."},
    {"id": "2", "locale": "de-de", "query": "Steuern in Peru?", "kind": "unanswerable", "article": None,
     "near_miss": True},
    {"id": "3", "locale": "it-it", "query": "Tasse?", "kind": "natural", "article": "help/taxes"},
)  # fmt: skip
KNOWING, MISTAKEN = "tests.fake_answerers:knowing", "tests.fake_answerers:mistaken"


@pytest.fixture(scope="module")
def index_dir(tmp_path_factory: pytest.TempPathFactory, tiny_model: PreparedModel) -> Path:
    """The folder of an index that carries a real, tiny model."""
    small = SmallIndex(tmp_path_factory.mktemp("searchable"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    build_index([small.corpus_dir], small.index_dir, model=tiny_model, now=NOON)
    return small.index_dir


class Command:
    """Runs `evaluate` on the index and a file of questions, by default with an answerer that knows."""

    def __init__(self, index_dir: Path, file: Path) -> None:
        self.index_dir = index_dir
        self.file = file

    def run(self, *options: str | Path, answerer: str | None = KNOWING) -> Result:
        named = [] if answerer is None else ["--answerer", answerer]
        words = ["evaluate", self.file, "--index", self.index_dir, *named, *options]
        return CliRunner().invoke(app, [str(word) for word in words])

    def json(self, *options: str | Path, answerer: str | None = KNOWING) -> Any:
        result = self.run(*options, "--json", answerer=answerer)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def message(self, *options: str | Path, answerer: str | None = KNOWING) -> str:
        """The message of a fault on stderr, its line breaks removed; nothing is on stdout."""
        result = self.run(*options, answerer=answerer)
        assert (result.exit_code, result.stdout) == (1, "")
        return result.stderr.replace("\n", "").partition("error: ")[2]


@pytest.fixture
def command(index_dir: Path, tmp_path: Path) -> Command:
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(map(json.dumps, QUESTIONS)), "utf-8")
    return Command(index_dir, file)


def cells(text: str, group: str) -> list[list[str]]:
    """The cells of each row of this group, table after table."""
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines()]
    return [row[1:] for row in rows if row[0] == group]


def values(rows: list[Any], group: str = "all") -> dict[str, float]:
    (row,) = (row for row in rows if row["group"] == group)
    return {name: figure["value"] for name, figure in row["figures"].items()}


def test_the_questions_whose_locale_is_there_are_measured(command: Command) -> None:
    result = command.run()
    assert result.exit_code == 0
    sure = "1.000 [1.00 1.00]"
    assert cells(result.stdout, "de-de") == [
        ["1", "1.000", sure, "1.000", "1.000", sure, "1.000"],
        ["2", sure, "1.000", "1.000", "1.000", "1.000", "1.000", "1.000", ".000"],
        ["1", sure, "1.000", "1.000", ".000"],
    ]
    assert "left out, for the index doesn't hold them: it-it" in result.stdout
    assert "from confidence 0.5 on, 0.500 of the questions, of which 0.000 unanswerable" in result.stdout
    for stage in ("searching: 2", "judging", "answering: 2", "measuring"):
        assert stage in result.stderr


def test_the_figures_for_machines_are_one_json_object(command: Command) -> None:
    given = command.json()
    assert list(given) == ["generation", "rows", "refusal", "against", "left_out", "below"]
    assert (given["left_out"], given["below"], given["against"]) == ({"it-it": 1}, [], None)
    assert [(row["group"], row["questions"]) for row in given["rows"]] == [
        ("all", 2),
        ("de-de", 2),
        ("natural", 1),
        ("unanswerable", 1),
    ]
    assert set(values(given["rows"])) == set(FIGURES) - {
        "refusal:AUROC_off_topic",
        "refusal:refused_off_topic",
    }
    assert given["rows"][0]["figures"]["evidence:Success@5"] == {
        "value": 1, "low": 1, "high": 1, "questions": 1,
    }  # fmt: skip
    assert given["refusal"]["curve"]["thresholds"] == [0.75, 0.0]


def test_the_same_questions_print_the_same_bytes(command: Command) -> None:
    assert command.run("--json").stdout_bytes == command.run("--json").stdout_bytes
    assert command.run().stdout_bytes == command.run().stdout_bytes


def test_the_services_answers_are_measured_unless_others_are_named(command: Command) -> None:
    given = command.json(answerer=None)
    assert given["refusal"]["threshold"] == 0.267
    assert "refusal:AUROC" in values(given["rows"])


def test_where_the_service_is_not_installed_answers_are_left_out(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "service.evaluated", None)
    result = command.run("--json", answerer=None)
    assert result.exit_code == 0
    assert "refusals and citations are left out: 'service.evaluated:shipped_answerer'" in result.stderr
    given = json.loads(result.stdout)
    assert given["refusal"] is None
    assert not [name for name in values(given["rows"]) if name.startswith(("refusal:", "citations:"))]
    assert len(cells(command.run(answerer=None).stdout, "de-de")) == 1
    # What can't be measured can't be high enough either.
    assert "refusal:AUROC=0.8 can't be measured: 'service.evaluated" in command.message(
        "--fail-under", "refusal:AUROC=0.8", answerer=None
    )


@pytest.mark.parametrize("name", ["nowhere:answerer", "tests.fake_answerers:nobody", "tests.fake_answerers"])
def test_an_answerer_that_is_named_must_be_there(command: Command, name: str) -> None:
    assert command.message(answerer=name).startswith(f"'{name}' ")


def test_a_run_is_saved_and_another_one_compared_with_it(command: Command, tmp_path: Path) -> None:
    saved = tmp_path / "runs" / "first"
    command.json("--save", saved)
    assert read_run(saved).levels["article"].qrels == {"1": ["help/taxes"]}
    assert (saved / "evidence.qrels").read_text("utf-8") == "1 0 de-de/help/taxes#top.0 1\n"
    same = command.json("--against", saved)
    assert same["against"]["unpaired"] == 0
    assert set(values(same["against"]["rows"]).values()) == {0}

    worse = command.json("--against", saved, answerer=MISTAKEN)["against"]
    assert worse["generation"] == same["generation"]
    differences = values(worse["rows"])
    assert {name: differences[f"refusal:{name}"] for name in ("AUROC", "answered", "refused", "recall")} == {
        "AUROC": -1, "answered": -1, "refused": -1, "recall": -1,
    }  # fmt: skip
    assert differences["evidence:Success@5"] == 0
    assert [row["group"] for row in worse["rows"]] == ["all", "de-de", "natural", "unanswerable"]

    table = command.run("--against", saved, answerer=MISTAKEN).stdout
    nothing, lost = "+.000 [+.00 +.00]", "-1.000 [-1.00 -1.00]"
    assert f"difference to {same['generation']}" in table
    assert cells(table, "de-de")[-1] == ["2", nothing, nothing, nothing, lost, lost, lost]


def test_questions_that_the_other_run_was_not_asked_are_counted(command: Command, tmp_path: Path) -> None:
    whole = command.file.read_text("utf-8")
    command.file.write_text(whole.split("\n")[0], "utf-8")
    command.json("--save", tmp_path / "run")
    command.file.write_text(whole, "utf-8")
    assert command.json("--against", tmp_path / "run")["against"]["unpaired"] == 1
    printed = command.run("--against", tmp_path / "run").stdout
    assert "not compared, for the other run was not asked them: 1 questions" in printed


def test_a_run_may_be_compared_with_what_stood_in_the_folder_it_is_saved_in(
    command: Command, tmp_path: Path
) -> None:
    command.json("--save", tmp_path / "run")
    compared = command.json("--against", tmp_path / "run", "--save", tmp_path / "run", answerer=MISTAKEN)
    assert values(compared["against"]["rows"])["refusal:AUROC"] == -1
    answering = read_run(tmp_path / "run").answering
    assert answering is not None
    assert answering.answers["1"].confidence == 0.25


def test_it_fails_where_a_figure_is_below_what_is_asked(command: Command) -> None:
    reached = ["--fail-under", "evidence:Success@5=1", "--fail-under", "de-de/refusal:AUROC=1"]
    assert command.run(*reached).exit_code == 0
    missed = command.run(*reached, "--fail-under", "natural/article:RR@10=1.01")
    assert missed.exit_code == 3
    assert "below natural/article:RR@10=1.01" in missed.stderr
    assert cells(missed.stdout, "de-de")
    result = command.run(*reached, "--fail-under", "refusal:AUROC=1.5", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["below"] == ["refusal:AUROC=1.5"]


@pytest.mark.parametrize(
    ("floor", "message"),
    [
        ("Success@5=1", "there is no figure 'Success@5'; there are article:Success@1, "),
        ("1", "there is no figure '1'; there are article:Success@1, "),
        ("refusal:AUROC=high", "'refusal:AUROC=high' is not of the form refusal:AUROC=0.9"),
        ("ja-jp/refusal:AUROC=1", "no questions of 'ja-jp'; there are all, de-de, natural, unanswerable"),
        ("refusal:AUROC_off_topic=1", "can't be measured: no question of 'all' has this figure"),
    ],
)
def test_a_floor_that_can_not_be_looked_at_is_refused(command: Command, floor: str, message: str) -> None:
    assert message in command.message("--fail-under", floor)


def test_a_folder_that_holds_no_run_or_can_not_is_named(command: Command, tmp_path: Path) -> None:
    assert "nowhere/run.json: no run" in command.message("--against", tmp_path / "nowhere")
    assert "questions.jsonl/run can't be made" in command.message("--save", command.file / "run")


def test_a_broken_line_and_questions_of_other_locales_are_named(command: Command) -> None:
    command.file.write_text("{", "utf-8")
    assert "questions.jsonl:1: no question" in command.message()
    command.file.write_text(json.dumps(QUESTIONS[2]), "utf-8")
    assert "questions.jsonl has no question in de-de, en-us" in command.message()
