"""python -m service report | purge | forget, on databases in files."""

from __future__ import annotations

import json
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.__main__ import app
from service.conversation_store import ConversationStore
from service.exchanges import Exchange
from tests.exchanges import answered, bytes_beside, feedback, refused


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Yesterday's two exchanges, one of them refused, and one of 40 days ago."""
    file = tmp_path / "c.db"
    now = datetime.now(UTC)
    store = ConversationStore(f"sqlite:///{file}")
    store.prepare()
    store.add(
        [
            answered("old", asked_at=now - timedelta(days=40), conversation="c0"),
            answered("a", asked_at=now - timedelta(days=1), question="canary-a"),
            refused("b", asked_at=now - timedelta(days=1), conversation="c2", question="canary-b"),
        ]
    )
    store.rate(feedback("a", "down", "outdated", note="canary-note"), client_key=None)
    store.close()
    return file


def run(*words: str | Path, database: Path | None, **settings: str) -> Result:
    url = "" if database is None else f"sqlite:///{database}"
    environment = {f"CITEDESK_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(
        app,
        [str(word) for word in words],
        env={"CITEDESK_DATABASE_URL": url, "COLUMNS": "160", **environment},
    )


def left(database: Path) -> list[str]:
    store = ConversationStore(f"sqlite:///{database}")
    far = timedelta(days=9_999)
    found: list[Exchange] = [
        rated.exchange for rated in store.read(since=datetime.now(UTC) - far, until=datetime.now(UTC) + far)
    ]
    store.close()
    return [exchange.id for exchange in found]


def test_the_report_prints_tables(database: Path) -> None:
    result = run("report", database=database)
    assert result.exit_code == 0, result.output
    assert ": 2 questions in 2 conversations, 50% answered; 0 up, 1 down" in result.stdout
    assert "canary-b" in result.stdout
    assert "canary-note" in result.stdout


def test_the_report_looks_back_as_far_as_it_is_told(database: Path) -> None:
    result = run("report", "--days", "60", "--json", database=database)
    figures = json.loads(result.stdout)
    assert (figures["questions"], figures["answered"], figures["share_answered"]) == (3, 2, 2 / 3)
    assert figures["refusals"][0]["questions"] == ["canary-b"]
    assert figures["reasons"] == [["outdated", 1]]
    since, until = (datetime.fromisoformat(figures[end]) for end in ("since", "until"))
    assert until - since == timedelta(days=60)


def test_the_report_writes_one_page_for_its_owner_alone(database: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = run("report", "--html", page, "--json", database=database)
    assert result.exit_code == 0
    json.loads(result.stdout)
    assert "canary-b" in page.read_text("utf-8")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_a_page_that_can_not_be_written_is_named(database: Path, tmp_path: Path) -> None:
    result = run("report", "--html", tmp_path / "no" / "report.html", database=database)
    assert result.exit_code == 1
    assert f"{tmp_path}/no/report.html" in result.stderr


def test_a_database_without_exchanges_gives_an_empty_report(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    store = ConversationStore(f"sqlite:///{file}")
    store.prepare()
    store.close()
    result = run("report", database=file)
    assert result.exit_code == 0
    assert ": 0 questions in 0 conversations; 0 up, 0 down" in result.stdout


def test_where_nothing_was_stored_the_report_says_so_and_makes_no_file(tmp_path: Path) -> None:
    result = run("report", database=tmp_path / "c.db")
    assert result.exit_code == 1
    assert result.stderr == f"service: nothing has been stored in sqlite:///{tmp_path}/c.db yet\n"
    assert list(tmp_path.iterdir()) == []


def test_where_storing_is_off_the_commands_say_so() -> None:
    for words in (["report"], ["purge"], ["forget", "--conversation", "c"]):
        result = run(*words, database=None)
        assert result.exit_code == 1
        assert result.stderr == "service: conversations are not stored: CITEDESK_DATABASE_URL is empty\n"


def test_tables_of_another_version_are_named(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE citedesk_schema SET version = 2")
    connection.close()
    result = run("report", database=database)
    assert result.exit_code == 1
    assert "has tables of version 2, this service reads and writes version 1" in result.stderr


def test_a_wrong_url_is_a_wrong_call() -> None:
    result = CliRunner().invoke(app, ["purge"], env={"CITEDESK_DATABASE_URL": "mysql://u:secret@h/d"})
    assert result.exit_code == 2
    assert "write sqlite:///FILE or postgresql://" in result.stderr
    assert "secret" not in result.stderr


def test_purge_deletes_what_is_older_than_the_retention(database: Path) -> None:
    result = run("purge", database=database, retention_days="30")
    assert (result.exit_code, result.stdout) == (0, "1 questions deleted that were older than 30 days\n")
    assert left(database) == ["a", "b"]
    assert json.loads(run("purge", "--json", database=database).stdout) == {"deleted": 0, "days": 90}


def test_purge_takes_other_days_than_the_setting(database: Path) -> None:
    assert json.loads(run("purge", "--days", "0", "--json", database=database).stdout)["deleted"] == 3
    assert b"canary" not in bytes_beside(database)


def test_forget_deletes_one_conversation_and_its_words(database: Path) -> None:
    result = run("forget", "--conversation", "c1", database=database)
    assert (result.exit_code, result.stdout) == (0, "1 questions of the conversation deleted\n")
    assert left(database) == ["old", "b"]
    content = bytes_beside(database)
    assert b"canary-a" not in content
    assert b"canary-note" not in content
    assert b"canary-b" in content


def test_a_conversation_that_is_not_stored_is_named(database: Path) -> None:
    result = run("forget", "--conversation", "c9", database=database)
    assert result.exit_code == 1
    assert result.stderr == f"service: no conversation 'c9' is stored in sqlite:///{database}\n"
    assert len(left(database)) == 3


def test_where_there_is_no_index_many_refusals_are_grouped_by_their_articles(
    database: Path, tmp_path: Path
) -> None:
    store = ConversationStore(f"sqlite:///{database}")
    store.add([refused(f"r{n}", asked_at=datetime.now(UTC) - timedelta(hours=1)) for n in range(20)])
    store.close()
    result = run("report", "--json", "--index", tmp_path / "none", database=database)
    assert result.exit_code == 0
    assert "refusals are grouped by the nearest article, for " in result.stderr
    [group] = json.loads(result.stdout)["refusals"]
    assert (group["size"], group["by"]) == (21, "nearest_article")
