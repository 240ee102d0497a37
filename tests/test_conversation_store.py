"""Exchanges in a database: SQLite in a file, and a PostgreSQL server that the tests start."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from indexer import TranslationType
from service.conversation_store import PAGE, ConversationStore
from service.database import (
    Database,
    DatabaseDown,
    DatabaseUrlError,
    SchemaMismatch,
    UnknownAnswer,
    Unstorable,
)
from service.exchanges import CitedPassage, RatedExchange
from tests.exchanges import ANSWERED, MAIL, NOON, answered, bytes_beside, feedback, refused
from tests.postgres_server import PostgresServer

DAY = timedelta(days=1)


@pytest.fixture
def store(database_url: str) -> Iterator[ConversationStore]:
    opened = ConversationStore(database_url)
    opened.prepare()
    yield opened
    opened.close()


def everything(store: ConversationStore) -> list[RatedExchange]:
    return list(store.read(since=NOON - 999 * DAY, until=NOON + 999 * DAY))


def ids(store: ConversationStore) -> list[str]:
    return [rated.exchange.id for rated in everything(store)]


def test_what_is_stored_is_read_as_it_was(store: ConversationStore) -> None:
    seats = CitedPassage(
        2, "en-us/partner-help/seats#cancel.0", "p/seats", TranslationType.SOURCE, drifted=True
    )
    full = answered("full", client_key="ck_1", citations=(MAIL, seats), fallback=True)
    bare = refused("bare", minutes=1, locale_requested=None, nearest_article=None, question=None, answer=None)
    store.add([full, bare])
    assert everything(store) == [RatedExchange(full, None), RatedExchange(bare, None)]
    assert store.read_exchange("full") == full
    assert store.read_exchange("none") is None


def test_times_are_the_same_points_in_utc(store: ConversationStore) -> None:
    tokyo = datetime(2024, 6, 10, 21, tzinfo=timezone(timedelta(hours=9)))
    store.add([answered("a", asked_at=tokyo)])
    [rated] = everything(store)
    assert rated.exchange.asked_at == NOON
    assert rated.exchange.asked_at.tzinfo is UTC


def test_any_text_is_kept_as_it_is(store: ConversationStore) -> None:
    odd = "'; DROP TABLE x; -- \U0001f600 \u202e %s :x \\ \n\t\x1b[31m"
    store.add([answered("a", question=odd)])
    stored = store.read_exchange("a")
    assert stored is not None
    assert stored.question == odd


def test_a_window_takes_its_start_and_leaves_out_its_end(store: ConversationStore) -> None:
    store.add([answered("a"), answered("b", minutes=1), answered("c", minutes=2)])
    inside = store.read(since=NOON, until=NOON + timedelta(minutes=2))
    assert [rated.exchange.id for rated in inside] == ["a", "b"]


def test_a_window_of_several_pages_is_read_whole_and_in_order(store: ConversationStore) -> None:
    # Two at each point in time, so that a page ends between two that were asked together.
    stored = [answered(f"{n:04}", minutes=n // 2 + 1) for n in range(2 * PAGE)]
    store.add(stored[::-1])
    store.add([answered("first")])
    assert ids(store) == ["first"] + [f"{n:04}" for n in range(2 * PAGE)]


def test_what_is_stored_already_stays_as_it_is(store: ConversationStore) -> None:
    store.add([ANSWERED])
    store.add([answered("a1", question="another"), answered("a2")])
    first = store.read_exchange("a1")
    assert first == ANSWERED
    assert ids(store) == ["a1", "a2"]


def test_the_last_feedback_on_an_answer_counts(store: ConversationStore) -> None:
    store.add([ANSWERED])
    store.rate(feedback("a1", "down", "outdated", "other", note="old"), client_key=None)
    store.rate(feedback("a1", "up", minutes=61), client_key=None)
    store.rate(feedback("a1", "up", minutes=61), client_key=None)
    assert everything(store) == [RatedExchange(ANSWERED, feedback("a1", "up", minutes=61))]


def test_feedback_on_an_unknown_answer_is_refused_by_name(store: ConversationStore) -> None:
    with pytest.raises(UnknownAnswer, match="no answer nobody is stored"):
        store.rate(feedback("nobody"), client_key=None)
    assert everything(store) == []


def test_a_forgotten_conversation_is_gone_with_all_that_belongs_to_it(store: ConversationStore) -> None:
    store.add([ANSWERED, answered("a2", minutes=1), answered("b1", conversation="c2")])
    store.rate(feedback("a1"), client_key=None)
    assert store.forget("c1") == 2
    assert ids(store) == ["b1"]
    assert store.forget("c1") == 0
    # Had a citation or the feedback stayed, the same ids could not be stored anew without them.
    bare = answered("a1", citations=())
    store.add([bare])
    assert everything(store)[0] == RatedExchange(bare, None)


def test_a_conversation_is_read_from_its_last_exchanges(store: ConversationStore) -> None:
    store.add([answered(f"a{n}", minutes=n) for n in range(5)] + [answered("b", conversation="c2")])
    assert [exchange.id for exchange in store.read_conversation("c1", client_key=None, most=3)] == [
        "a2",
        "a3",
        "a4",
    ]
    assert store.read_conversation("c3", client_key=None, most=3) == []


def test_a_key_rates_and_reads_its_own_exchanges_alone(store: ConversationStore) -> None:
    store.add([answered("a", client_key="one"), answered("b", client_key="two"), answered("c")])
    for key in ("one", "two", None):
        read = store.read_conversation("c1", client_key=key, most=9)
        assert [(exchange.id, exchange.client_key) for exchange in read] == [
            ({"one": "a", "two": "b", None: "c"}[key], key)
        ]
    for answer, key in (("a", "two"), ("a", None), ("c", "one")):
        with pytest.raises(UnknownAnswer, match=f"no answer {answer} is stored"):
            store.rate(feedback(answer), client_key=key)
    store.rate(feedback("a"), client_key="one")
    assert [rated.feedback is not None for rated in everything(store)] == [True, False, False]


def test_what_is_older_than_the_retention_is_purged(store: ConversationStore) -> None:
    store.add([answered("old", asked_at=NOON - DAY), answered("kept")])
    store.rate(feedback("old"), client_key=None)
    assert store.purge(before=NOON) == 1
    assert ids(store) == ["kept"]


def test_a_record_that_no_database_takes_is_named_by_its_fault_alone(store: ConversationStore) -> None:
    half = "canary \ud800"
    with pytest.raises(Unstorable) as refusal:
        store.add([answered("a", question=half)])
    assert "canary" not in str(refusal.value)
    assert everything(store) == []


def test_tables_are_made_once_whoever_comes_first(database_url: str) -> None:
    stores = [ConversationStore(database_url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ConversationStore.prepare, stores))
    stores[0].add([ANSWERED])
    assert ids(stores[7]) == ["a1"]
    for store in stores:
        store.close()


def test_many_threads_store_rate_and_read_at_once(store: ConversationStore) -> None:
    def work(thread: int) -> None:
        for n in range(20):
            store.add([answered(f"{thread}-{n}", minutes=n)])
            store.rate(feedback(f"{thread}-{n}", "down"), client_key=None)
            assert store.read_exchange(f"{thread}-{n}") is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    stored = everything(store)
    assert {rated.exchange.id for rated in stored} == {f"{t}-{n}" for t in range(8) for n in range(20)}
    assert {rated.feedback.rating for rated in stored if rated.feedback} == {"down"}
    assert all(rated.feedback for rated in stored)


def test_a_reader_in_the_middle_of_a_report_keeps_no_writer_waiting(store: ConversationStore) -> None:
    store.add([answered(f"{n:04}", minutes=n) for n in range(PAGE + 1)])
    reading = store.read(since=NOON, until=NOON + 999 * DAY)
    next(reading)
    store.add([answered("later", minutes=9_999)])
    assert [rated.exchange.id for rated in reading][-2:] == [f"{PAGE:04}", "later"]


def test_tables_of_another_version_are_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "citedesk.db"
    store = ConversationStore(f"sqlite:///{file}")
    store.prepare()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE citedesk_schema SET version = 2")
    connection.close()
    with pytest.raises(SchemaMismatch) as refusal:
        store.prepare()
    assert str(refusal.value) == (
        f"sqlite:///{file} has tables of version 2, this service reads and writes version 1: "
        "run the service that made them, or set another CITEDESK_DATABASE_URL"
    )
    store.close()


def test_a_database_that_nothing_was_stored_in_is_told_from_one_in_use(database_url: str) -> None:
    store = ConversationStore(database_url)
    assert store.exists() is False
    store.prepare()
    assert store.exists() is True
    store.close()


def test_to_ask_whether_there_is_a_database_makes_none(tmp_path: Path) -> None:
    assert ConversationStore(f"sqlite:///{tmp_path / 'none.db'}").exists() is False
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    store = ConversationStore(f"sqlite:///{tmp_path / 'citedesk.db'}")
    store.prepare()
    store.add([ANSWERED])
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"citedesk.db": 0o600, "citedesk.db-shm": 0o600, "citedesk.db-wal": 0o600}
    store.close()


@pytest.mark.parametrize("way", ["forget", "purge"])
def test_what_is_deleted_is_not_left_in_the_file(tmp_path: Path, way: str) -> None:
    file = tmp_path / "citedesk.db"
    store = ConversationStore(f"sqlite:///{file}")
    store.prepare()
    store.add([answered(str(n), question=f"canary{n} {'long ' * 200}") for n in range(50)])
    assert bytes_beside(file).count(b"canary") >= 50
    deleted = store.forget("c1") if way == "forget" else store.purge(before=NOON + DAY)
    assert deleted == 50
    assert b"canary" not in bytes_beside(file)
    store.close()


def test_a_folder_that_is_not_there_is_a_database_that_is_down(tmp_path: Path) -> None:
    store = ConversationStore(f"sqlite:///{tmp_path / 'no' / 'citedesk.db'}")
    with pytest.raises(DatabaseDown, match=r"no/citedesk\.db: No such file or directory"):
        store.prepare()


def test_a_file_that_is_no_database_is_one_that_is_down(tmp_path: Path) -> None:
    file = tmp_path / "citedesk.db"
    file.write_text("Not a database at all, but long enough to be taken for one." * 20)
    with pytest.raises(DatabaseDown, match="DatabaseError"):
        ConversationStore(f"sqlite:///{file}").prepare()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "the database's URL can't be read: write sqlite:///FILE or postgresql://"),
        ("sqlite://", "can't be kept in 'sqlite' like that"),
        ("sqlite:///:memory:", "can't be kept in 'sqlite' like that"),
        ("mysql://u:secret@h/d", "can't be kept in 'mysql' like that"),
        ("postgresql://u:secret@h:x/db", "the database's URL can't be read: "),
        ("postgresql://u:p@secret@h/db", "write %40 for each @ in a name or password"),
        ("postgresql://u:p@se/secret@h/db", "write %40 for each @ in a name or password"),
        ("postgresql://u/v:secret@h/db", "write %40 for each @ in a name or password, %2F for each /"),
        ("sqlite:///file:x?mode=memory&uri=true", "SQLite's URL takes nothing after a ?"),
        ("sqlite:///x.db?key=secret", "SQLite's URL takes nothing after a ?"),
    ],
)
def test_another_kind_of_database_is_refused_with_the_forms_to_write(url: str, why: str) -> None:
    with pytest.raises(DatabaseUrlError) as refusal:
        ConversationStore(url)
    assert why in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.slow
def test_options_of_the_url_stand_beside_the_services_own(postgres: PostgresServer) -> None:
    url = f"{postgres.new_database()}?options=-csearch_path%3Dpg_catalog"
    database = Database(url)
    with database.reading() as connection:
        names = ("search_path", "statement_timeout")
        told = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]
    database.close()
    assert told == ["pg_catalog", "5s"]


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    store = ConversationStore("postgres://kim:secret@127.0.0.1:1/help?password=hidden")
    with pytest.raises(DatabaseDown) as refusal:
        store.prepare()
    assert str(refusal.value).startswith("postgresql+psycopg://kim:***@127.0.0.1:1/help: connection ")
    assert "secret" not in str(refusal.value)
    assert "hidden" not in str(refusal.value)


@pytest.mark.slow
def test_a_server_that_was_restarted_is_used_again(postgres: PostgresServer) -> None:
    store = ConversationStore(postgres.new_database())
    store.prepare()
    store.add([ANSWERED])
    postgres.stop()
    try:
        with pytest.raises(DatabaseDown):
            store.add([answered("a2")])
    finally:
        postgres.start()
    store.add([answered("a2")])
    assert ids(store) == ["a1", "a2"]
    store.close()
