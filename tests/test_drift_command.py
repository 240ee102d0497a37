"""`python -m indexer drift`: lines for eyes, rows for a spreadsheet, one JSON object for machines."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from indexer.__main__ import app
from indexer.drift_report import CSV_COLUMNS
from tests.small_corpus import MAIL, SEATS, SmallArticle, SmallIndex

NEW_MAIL = SmallArticle(
    ("Courrier aux clients", "Mail to customers"),
    [
        ("Le vendeur écrit aux clients lors de pannes.", "The vendor writes to customers about outages."),
        ("Il écrit rarement sur les prix.", "It rarely writes about prices…"),
        ("=1+1", "=1+1"),
    ],
    handed_over="07/12/2021",
    roles=("**Rôles appropriés** : Agent d'aide", "**Appropriate roles**: Help agent"),
    commit="bbb",
)
BEHIND = ["help/mail", "de-de", "2021-05-07", "", "fr-fr", "2021-07-12", "bbb"]


@pytest.fixture(scope="module")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mail lags in German; seats lag with nothing changed, taxes where there is no English to compare."""
    small = SmallIndex(tmp_path_factory.mktemp("drift"))
    plain = "---\nms.lasthandoff: 07/12/2021\n---\n# Taxes\n\nSur la facture.\n"
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=replace(SEATS, title=("Steuern", "Taxes")))
    small.write("fr-fr", mail=NEW_MAIL, seats=replace(SEATS, handed_over="07/12/2021"), taxes=plain)
    small.build("de-de", "fr-fr")
    return small.index_dir


def run(index_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", "--index", str(index_dir), *arguments], env={"COLUMNS": "200"})


def rows(index_dir: Path, *arguments: str) -> list[list[str]]:
    result = run(index_dir, "--csv", *arguments)
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout)))


def test_a_line_says_of_each_lagging_edition_what_changed(index_dir: Path) -> None:
    result = run(index_dir)
    assert result.exit_code == 0
    behind = "of 2021-05-07 lags behind fr-fr of 2021-07-12"
    assert result.stdout.splitlines() == [
        f"help/mail: de-de {behind}: 1 added, 1 changed, other roles",
        f"help/seats: de-de {behind}: no sentence changed",
        f"help/taxes: de-de {behind}: no English to compare",
        f"help/taxes: en-us {behind}: no English to compare",
        "articles behind: de-de 3, en-us 1",
    ]


def test_naming_an_article_shows_its_sentences(index_dir: Path) -> None:
    printed = run(index_dir, "--article", "help/m*").stdout
    assert "  - It never writes about prices.\n  + It rarely writes about prices…\n" in printed
    assert "  - Admin agent\n  + Help agent\n" in printed
    assert "help/seats" not in printed


def test_a_spreadsheet_gets_a_row_for_each_change_and_no_formula(index_dir: Path) -> None:
    assert rows(index_dir, "--locale", "de-de") == [
        list(CSV_COLUMNS),
        [*BEHIND, "changed", "It never writes about prices.", "It rarely writes about prices…"],
        [*BEHIND, "added", "", "'=1+1"],
        [*BEHIND, "roles", "Admin agent", "Help agent"],
        ["help/seats", "de-de", "2021-05-07", "", "fr-fr", "2021-07-12", "", "none", "", ""],
        ["help/taxes", "de-de", "2021-05-07", "", "fr-fr", "2021-07-12", "", "not_compared", "", ""],
    ]


def test_a_machine_gets_one_object_with_the_generation(index_dir: Path) -> None:
    given = json.loads(run(index_dir, "--json", "--article", "help/mail").stdout)
    assert given == {
        "generation": (index_dir / "CURRENT").read_text("ascii").strip(),
        "editions": [
            {
                "path": "help/mail",
                "version": {"locale": "de-de", "handed_over": "2021-05-07", "source_commit": None},
                "newest": {"locale": "fr-fr", "handed_over": "2021-07-12", "source_commit": "bbb"},
                "changes": [
                    {
                        "before": "It never writes about prices.",
                        "after": "It rarely writes about prices…",
                    },
                    {"before": None, "after": "=1+1"},
                ],
                "roles": {"before": ["Admin agent"], "after": ["Help agent"]},
                "applies_to": None,
            }
        ],
    }


def test_where_nothing_lags_it_says_so(index_dir: Path) -> None:
    assert run(index_dir, "--locale", "fr-fr").stdout == "no edition lags behind\n"
    assert run(index_dir, "--article", "help/seats", "--locale", "fr-fr").stdout == "no edition lags behind\n"
    assert rows(index_dir, "--locale", "fr-fr") == [list(CSV_COLUMNS)]


def test_an_article_that_the_index_has_not_is_refused(index_dir: Path) -> None:
    for arguments in (["--article", "help/mial"], ["--article", "help/mial", "--csv"]):
        result = run(index_dir, *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "no article matches 'help/mial': it is a glob over <docset>/<path>" in result.stderr


def test_a_locale_is_taken_in_any_letter_case(index_dir: Path) -> None:
    assert run(index_dir, "--locale", "DE_de").stdout == run(index_dir, "--locale", "de-de").stdout
    assert run(index_dir, "--locale", "not a tag").exit_code == 1


def test_a_spreadsheet_is_utf_8_wherever_it_goes(index_dir: Path) -> None:
    command = [sys.executable, "-m", "indexer", "drift", "--index", str(index_dir), "--csv"]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    printed = subprocess.run(command, capture_output=True, env=ascii_only, check=True).stdout
    assert "rarely writes about prices…" in printed.decode("utf-8")


def test_a_locale_that_the_index_has_not_is_refused_with_the_list(index_dir: Path) -> None:
    result = run(index_dir, "--locale", "ja-jp")
    assert result.exit_code == 1
    assert "no articles in locale 'ja-jp'; there are: de-de, en-us, fr-fr" in result.stderr.replace("\n", "")


def test_one_form_at_a_time(index_dir: Path) -> None:
    result = run(index_dir, "--csv", "--json")
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr
