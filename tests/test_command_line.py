"""The command line: what each command prints, for eyes and for machines, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from indexer.__main__ import app
from indexer.build import build_index
from indexer.model import PreparedModel
from tests.conftest import MODELS_DIR
from tests.small_corpus import FRENCH_MAIL, MAIL, NOON, SEATS, TAXES, SmallIndex


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def told(result: Result) -> str:
    """The one message on stderr, its line breaks removed; nothing is on stdout."""
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr.replace("\n", "")


@pytest.fixture
def small(memory_dir: Path) -> SmallIndex:
    """An index of two generations that needs no model: the second adds the taxes."""
    small = SmallIndex(memory_dir)
    small.write("de-de", mail=MAIL, seats=SEATS)
    small.write("fr-fr", mail=FRENCH_MAIL)
    small.build()
    small.write("de-de", taxes=TAXES)
    small.build()
    return small


@pytest.fixture(scope="module")
def searchable(tmp_path_factory: pytest.TempPathFactory, tiny_model: PreparedModel) -> Path:
    """The folder of an index that carries a real, tiny model."""
    small = SmallIndex(tmp_path_factory.mktemp("searchable"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    build_index([small.corpus_dir], small.index_dir, model=tiny_model, now=NOON)
    return small.index_dir


def test_verify_counts_the_files(small: SmallIndex) -> None:
    result = run("verify", "--index", small.index_dir)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{small.generation.name}: ")
    assert result.stdout.endswith("MB, whole\n")
    given = json.loads(run("verify", "--index", small.index_dir, "--json").stdout)
    files = [file for file in small.generation.rglob("*") if file.is_file() and file.name != "manifest.json"]
    assert given == {
        "generation": small.generation.name,
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "whole": True,
    }


def test_show_says_what_the_index_holds(small: SmallIndex) -> None:
    result = run("show", "--index", small.index_dir)
    assert result.exit_code == 0
    assert f"generation {small.generation.name}, made 2024-05-14 12:00 UTC" in result.stdout
    assert "model hash (ctranslate2, 64 dimensions)" in result.stdout
    assert [line.split() for line in result.stdout.splitlines() if "fr-fr" in line] == [
        ["│", "fr-fr", "│", "1", "│", "1", "│", "2", "│"]
    ]
    given = json.loads(run("show", "--index", small.index_dir, "--json").stdout)
    assert given["created"] == "2024-05-14T12:00:00+00:00"
    assert given["locales"]["de-de"]["articles"] == 3
    assert given["generations"][-1] == given["generation"] == small.generation.name


def test_rollback_serves_the_generation_before(small: SmallIndex) -> None:
    first = json.loads(run("show", "--index", small.index_dir, "--json").stdout)["generations"][0]
    assert json.loads(run("rollback", "--index", small.index_dir, "--json").stdout) == {"generation": first}
    assert small.generation.name == first
    assert "no older generation is whole" in told(run("rollback", "--index", small.index_dir))


def test_search_prints_hits_with_their_scores(searchable: Path) -> None:
    result = run(
        "search", "Steuern stehen auf der Rechnung.", "--index", searchable, "--locale", "de-de", "-k", "1"
    )
    assert result.exit_code == 0
    first, title, url, text, *_ = result.stdout.splitlines()
    assert first.startswith("1. ")
    assert "words" in first
    assert (title, text) == ("Steuern", "Steuern stehen auf der Rechnung.")
    assert url == "https://learn.microsoft.com/de-de/help/taxes#top"


def test_search_prints_one_json_object_and_takes_the_nearest_locale(searchable: Path) -> None:
    result = run("search", "Steuern", "--index", searchable, "--locale", "de_AT", "--json")
    given = json.loads(result.stdout)
    assert (given["locale"], given["question"], len(given["hits"])) == ("de-de", "Steuern", 3)
    assert given["hits"][0]["passage"]["edition"]["translation"]["handed_over"] == "2021-05-07"


@pytest.mark.parametrize(
    ("locale", "message"),
    [
        ("ja-jp", "no articles in locale 'ja-jp'; there are: de-de, en-us"),
        ("deutsch!", "--locale: 'deutsch!' is no language tag such as ja-jp or de; there are de-de, en-us"),
    ],
)
def test_a_locale_without_articles_is_answered_with_the_list(
    searchable: Path, locale: str, message: str
) -> None:
    assert message in told(run("search", "Steuern", "--index", searchable, "--locale", locale))


def test_a_blank_question_is_refused(searchable: Path) -> None:
    assert "the question is empty" in told(run("search", " ", "--index", searchable, "--locale", "de-de"))


@pytest.mark.parametrize(
    "command",
    [
        ["verify"],
        ["show"],
        ["rollback"],
        ["search", "x", "--locale", "de-de"],
        ["evaluate", "questions.jsonl"],
    ],
    ids=lambda command: command[0],
)
def test_a_missing_index_is_named_with_the_way_out(tmp_path: Path, command: list[str]) -> None:
    message = told(run(*command, "--index", tmp_path / "nowhere"))
    assert message.startswith("error: ")
    assert f"{tmp_path / 'nowhere'}" in message
    assert "python -m indexer build" in message


@pytest.mark.parametrize(
    "command", [["verify"], ["search", "x", "--locale", "de-de"]], ids=lambda command: command[0]
)
def test_a_corrupt_index_is_named_by_file_with_the_way_out(small: SmallIndex, command: list[str]) -> None:
    file = small.generation / "de-de" / "vectors.faiss"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    message = told(run(*command, "--index", small.index_dir))
    assert f"{file}: has another SHA-256" in message
    assert "rollback" in message


def test_with_json_an_error_is_one_json_object_too(tmp_path: Path) -> None:
    result = run("show", "--index", tmp_path / "nowhere", "--json")
    given = json.loads(result.stdout)
    assert (result.exit_code, given["error"]) == (1, "IndexMissing")
    assert given["message"] in result.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--locales", "ja-jp,!", "--locales: '!' is no language tag"),
        ("--locales", "ja-jp,", "--locales: '' is no language tag"),
        ("--base-path", "help", "--base-path 'help' is not of the form DOCSET=PATH"),
    ],
)
def test_a_bad_option_is_named_before_anything_is_done(
    tmp_path: Path, option: str, value: str, message: str
) -> None:
    assert message in told(run("build", tmp_path, "--index", tmp_path / "index", option, value))
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    "arguments", [["build", "corpus"], ["search", "--index", "x"], ["show", "--loud"], ["nothing"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def build(small: SmallIndex, *arguments: str | Path) -> Result:
    return run("build", small.corpus_dir, "--index", small.index_dir, "--cache", MODELS_DIR, *arguments)


@pytest.fixture
def unbuilt(tmp_path: Path) -> SmallIndex:
    """A corpus for builds with the real model, which is too large for the memory folder of a container."""
    unbuilt = SmallIndex(tmp_path)
    unbuilt.write("de-de", mail=MAIL, seats=SEATS, TOC="- no article")
    unbuilt.write("fr-fr", mail=FRENCH_MAIL, broken="---\n")
    return unbuilt


@pytest.mark.model
@pytest.mark.usefixtures("prepared_model")
def test_build_reports_for_eyes_and_for_machines(unbuilt: SmallIndex) -> None:
    first = build(unbuilt)
    assert first.exit_code == 0
    assert [line.split() for line in first.stdout.splitlines() if "│ fr-fr" in line] == [
        ["│", "fr-fr", "│", "1", "│", "1", "│", "2", "│", "2", "│", "2", "│", "│"]
    ]
    assert "skipped 1: a table of contents (--json names each)" in first.stdout
    assert f"not read: {unbuilt.file('fr-fr', 'broken')}:1: the front matter is not closed" in first.stdout
    assert f"published {unbuilt.generation.name} in" in first.stdout
    for stage in ("preparing model", "reading files", "verifying index", "reading articles: 4", "publishing"):
        assert stage in first.stderr

    second = json.loads(build(unbuilt, "--json").stdout)
    assert (second["published"], second["embedded"], second["copied"]) == (False, 0, 18)
    assert second["failed"][0]["line"] == 1
    assert second["generation"] == unbuilt.generation.name
    assert "nothing had changed, still" in build(unbuilt).stdout


@pytest.mark.model
@pytest.mark.usefixtures("prepared_model")
def test_build_names_what_it_can_not_use(unbuilt: SmallIndex, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    unbuilt.corpus_dir = tmp_path / "empty"
    assert f"no article in {tmp_path / 'empty'}: name a checkout" in told_last(build(unbuilt))
    unbuilt.corpus_dir = tmp_path / "nowhere"
    assert f"{tmp_path / 'nowhere'} is no folder" in told_last(build(unbuilt))
    assert not unbuilt.index_dir.exists()


@pytest.mark.model
@pytest.mark.usefixtures("prepared_model")
def test_build_passes_its_options_on(unbuilt: SmallIndex) -> None:
    assert "no articles in ja-jp; of the locales asked for, the corpus holds: de-de" in told_last(
        build(unbuilt, "--locales", "ja-jp,de-de")
    )
    assert "--strict stops here" in told_last(build(unbuilt, "--strict"))
    assert (
        build(
            unbuilt, "--locales", "fr-FR", "--base-path", "help=partners", "--host", "https://e.org"
        ).exit_code
        == 0
    )
    found = run("search", "pannes", "--index", unbuilt.index_dir, "--locale", "fr", "--json").stdout
    assert json.loads(found)["hits"][0]["passage"]["url"] == "https://e.org/fr-fr/partners/mail#top"


def told_last(result: Result) -> str:
    """The message after the progress."""
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr.replace("\n", "").partition("error: ")[2]
