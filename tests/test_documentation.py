"""What the documents say is so: settings, commands, targets and files that they name exist."""

from __future__ import annotations

import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.__main__ import app as indexer_app
from service.__main__ import app as service_app
from service.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip()
]


def settings_rows() -> list[str]:
    """The lines of the settings table, as the settings themselves say them."""
    return [
        f"| `{PREFIX}{name.upper()}` | `{field.default}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def help_of(words: list[str]) -> str:
    """The help of `python -m words...`, of the subcommand that the words name."""
    app = service_app if words[0] == "service" else indexer_app
    named = list(takewhile(re.compile("[a-z]+").fullmatch, words[1:3]))
    # The service has commands of commands, the indexer takes arguments behind its commands.
    path = named if words[0] == "service" else named[:1]
    result = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_the_readme_lists_every_setting_with_its_default() -> None:
    assert [line for line in README.splitlines() if line.startswith(f"| `{PREFIX}")] == settings_rows()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_exists_with_its_options(command: str) -> None:
    words = shlex.split(command)
    while "=" in words[0]:
        words = words[1:]
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    elif words[:2] == ["python", "-m"]:
        text = help_of(words[2:])
        assert [word for word in words[3:] if word.startswith("-") and word not in text] == []
    else:
        assert words[0] in ("curl", "docker")


def test_a_link_between_documents_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_a_module_that_the_architecture_names_exists() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for name in re.findall(r"`((?:indexer|service)/[\w/]+\.py|\w+\.py)`", text):
        places = [ROOT / name, ROOT / "indexer" / name, ROOT / "service" / name]
        assert any(place.is_file() for place in places), name


def test_the_readme_has_no_unfinished_figure() -> None:
    assert not re.search(r"@[A-Z]+@", README)
