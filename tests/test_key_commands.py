"""`python -m service keys`: made, listed and revoked from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.__main__ import app
from service.key_file import read_ring
from service.keys import Key


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("CITEDESK_KEYS_FILE", str(path))
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments], env={"COLUMNS": "80", "TERM": "dumb"})


def kept(file: Path) -> tuple[Key, ...]:
    ring = read_ring(file)
    assert ring is not None
    return ring.keys


def test_a_new_key_is_printed_once_and_alone(file: Path) -> None:
    result = run("create", "Help desk")
    assert result.exit_code == 0
    text = result.stdout.strip()
    assert re.fullmatch(r"ck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", text)
    (key,) = kept(file)
    assert (key.id, key.name, key.scopes) == (text.split("_")[1], "Help desk", ("ask", "search", "feedback"))
    assert f"Help desk: secret; kept as {key.id} in {file}. It is not shown again." in result.stderr
    ring = read_ring(file)
    assert ring is not None
    assert ring.recognise(text) == key
    secret = text.split("_", 2)[2]
    for shown in (run("list"), run("list", "--json")):
        assert secret not in shown.output
        assert key.digest not in shown.output
        assert ring.token_secret not in shown.output


def test_all_that_a_key_can_have_is_taken(file: Path) -> None:
    result = run(
        "create", "widget", "--scopes", "ask, feedback", "--origin", "https://Help.example:443",
        "--origin", "http://localhost:3000", "--rate", "5/minute", "--total-rate", "100/hour",
        "--expires", "2999-12-31", "--json",
    )  # fmt: skip
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert printed["key"].startswith(f"pk_{printed['id']}_")
    assert {name: printed[name] for name in printed if name not in ("key", "id", "created")} == {
        "name": "widget",
        "scopes": ["ask", "feedback"],
        "origins": ["https://help.example", "http://localhost:3000"],
        "rate": "5/minute",
        "total_rate": "100/hour",
        "expires": "2999-12-31",
        "revoked": None,
    }
    assert json.loads(run("list", "--json").stdout)["keys"] == [
        {name: value for name, value in printed.items() if name != "key"}
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["create", ""], 2, "a name has 1 to 100 printable characters"),
        (["create", "a\nb"], 2, "a name has 1 to 100 printable characters"),
        (["create", "a", "--scopes", "ask,fly"], 2, "scopes are of ask, search, feedback, admin"),
        (["create", "a", "--scopes", "session"], 2, "scopes are of ask, search, feedback, admin"),
        (["create", "a", "--origin", "https://help.example/"], 2, "an origin is a scheme, a host"),
        (["create", "a", "--rate", "5"], 2, "60/minute"),
        (["create", "a", "--expires", "soon"], 2, "soon"),
        (["create", "a", "--expires", "2020-01-01"], 1, "service: 2020-01-01 is in the past"),
        (
            ["create", "a", "--scopes", "admin", "--origin", "https://a.example"],
            1,
            "it can't have scope admin",
        ),
        (["create", "a", "--total-rate", "5/minute"], 1, "give --origin, or --rate alone"),
        (
            ["revoke", "0123"],
            1,
            "service: there is no key '0123'; list them with: python -m service keys list",
        ),
    ],
)
def test_what_can_not_be_is_refused_and_nothing_is_kept(
    file: Path, arguments: list[str], code: int, why: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert why in " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.output).split())
    assert not file.exists()


def test_a_revoked_key_is_listed_as_such_and_the_others_work(file: Path) -> None:
    for name in ("first", "second"):
        run("create", name)
    first, second = kept(file)
    result = run("revoke", first.id)
    assert (result.exit_code, result.stderr) == (0, f"{first.id} is revoked\n")
    shown = [line.replace("│", " ").split() for line in run("list").stdout.splitlines()]
    rows = {words[1]: words for words in shown if len(words) > 1}
    assert rows["first"][0] == first.id
    assert "works" not in rows["first"]
    assert rows["second"][-1] == "works"
    assert kept(file)[1] == second


def test_a_list_in_a_pipe_breaks_no_name_and_no_origin(file: Path) -> None:
    run("create", "Help desk of the north", "--origin", "https://tickets.example.com")
    words = run("list").stdout
    assert "│ Help desk of the north │" in words
    assert "│ https://tickets.example.com │" in words
    assert "│ ask      │" in words


def test_an_empty_list_is_no_fault(file: Path) -> None:
    assert json.loads(run("list", "--json").stdout) == {"keys": []}
    assert not file.exists()


def test_the_file_may_be_named(tmp_path: Path) -> None:
    named = tmp_path / "other.json"
    assert run("create", "a", "--keys-file", str(named)).exit_code == 0
    assert [key.name for key in kept(named)] == ["a"]


def test_a_broken_file_is_named_and_left_alone(file: Path) -> None:
    file.write_text("{")
    file.chmod(0o600)
    result = run("create", "a")
    assert result.exit_code == 1
    assert f"service: {file} is no file of keys: " in result.stderr
    assert file.read_text() == "{"
