"""A database that conversations can be kept in: SQLite in a file, or PostgreSQL.

SQLite is opened for several processes (a write-ahead log, waiting for locks), is readable by its
owner alone, and overwrites what it deletes. No message of an error holds a value that was to be
stored, or a password.

    StoreError
        DatabaseUrlError    the URL names no database that can be used here
        DatabaseDown        the database can't be reached, or refuses to work now
        SchemaMismatch      another version of the service made its tables
        Unstorable          a record that the database refuses, whenever it is tried
        UnknownAnswer       no answer of this id is stored
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

# A database that answers later than this counts as down.
WAIT_S = 5
# A new SQLite file is switched to its write-ahead log in milliseconds.
WAL_TRIES = 20
WAL_REST_S = 0.05
FORMS = "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


class StoreError(Exception):
    """Something with the database; the message names it without its password, and the way out."""


class DatabaseUrlError(StoreError):
    """The URL names no database that can be used here."""


class DatabaseDown(StoreError):
    """The database can't be reached, or refuses to work now; later it may."""


class SchemaMismatch(StoreError):
    """The tables are those of another version of the service."""


class Unstorable(StoreError):
    """A record that the database refuses, whenever it is tried."""


class UnknownAnswer(StoreError):
    """No answer of this id is stored."""


class Database:
    """Connections to one database; safe from any thread."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet.

        Raises:
            DatabaseUrlError: neither SQLite in a file nor PostgreSQL, or the driver is missing.
        """
        self._url = _parse_url(url)
        self._engine = _open_engine(self._url)
        self.is_postgresql = self._url.get_backend_name() == "postgresql"
        # A query may hold a password, too.
        self.name = self._url.set(query={}).render_as_string(hide_password=True)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that writes, committed at the end unless something is raised.

        Raises:
            DatabaseDown
            Unstorable
        """
        with self._reported(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and keeps no writer waiting.

        Raises:
            DatabaseDown
        """
        with self._reported(), self._engine.connect().execution_options(reads=True) as connection:
            yield connection

    def is_there(self) -> bool:
        """Whether there is a file, for SQLite; PostgreSQL says so when it is called."""
        return self.is_postgresql or Path(self._url.database or "").exists()

    def make_file(self) -> None:
        """Make SQLite's file where there is none.

        Raises:
            DatabaseDown
        """
        if self.is_postgresql:
            return
        try:
            # SQLite itself would let everybody read it.
            Path(self._url.database or "").touch(mode=0o600)
        except OSError as error:
            raise DatabaseDown(f"{self.name}: {error.strerror or type(error).__name__}") from None

    def write_back(self) -> None:
        """Empty SQLite's write-ahead log, in which deleted rows still stand.

        Raises:
            DatabaseDown
        """
        if not self.is_postgresql:
            with self._reported(), self._engine.connect().execution_options(bare=True) as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._engine.dispose()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError) as error:
            raise Unstorable(f"{self.name} refuses a record: {type(error.orig).__name__}") from None
        except DBAPIError as error:
            raise DatabaseDown(f"{self.name}: {_reason(error)}") from None
        except PoolTimeout:
            raise DatabaseDown(f"{self.name}: all connections are busy") from None
        except (StatementError, UnicodeError) as error:
            raise Unstorable(f"{self.name} refuses a record: {type(error).__name__}") from None


def _parse_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # ValueError: the port is no number.
        raise DatabaseUrlError(f"the database's URL can't be read: {FORMS}") from None
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        if url.query:
            raise DatabaseUrlError(f"SQLite's URL takes nothing after a ?: {FORMS}")
        return url
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        # What is read as host or database then may be part of a password.
        if text.count("@") > 1 or "@" in f"{url.host}{url.database}":
            raise DatabaseUrlError(
                "the database's URL can't be read: write %40 for each @ in a name or password, %2F for each /"
            )
        return url.set(drivername="postgresql+psycopg")
    raise DatabaseUrlError(f"conversations can't be kept in {url.drivername!r} like that: {FORMS}")


def _open_engine(url: URL) -> Engine:
    arguments: dict[str, object] = {"timeout": WAIT_S}
    if url.get_backend_name() == "postgresql":
        given = url.query.get("options", ())
        arguments = {
            "connect_timeout": WAIT_S,
            "tcp_user_timeout": 1000 * WAIT_S,
            # Of two that say the same the last counts.
            "options": " ".join([f"-c statement_timeout={1000 * WAIT_S}", *_each(given)]),
        }
    try:
        engine = create_engine(
            url, connect_args=arguments, pool_timeout=WAIT_S, pool_pre_ping=True, hide_parameters=True
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise DatabaseUrlError("PostgreSQL needs a package more: pip install 'citedesk[postgres]'") from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _each(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def _set_up_sqlite(connection: Any, record: object) -> None:
    # The driver's own transactions leave out CREATE TABLE; ours begin in _begin_sqlite.
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: Any) -> None:
    # A new file is switched once; who comes while another one does it is refused at once, without a wait.
    for tries_left in reversed(range(WAL_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if not tries_left:
                raise
            time.sleep(WAL_REST_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("bare"):
        # A transaction that reads first and writes later fails at once where another one writes.
        connection.exec_driver_sql("BEGIN" if options.get("reads") else "BEGIN IMMEDIATE")


def _reason(error: DBAPIError) -> str:
    """What the driver says of a connection; what it says of a statement may repeat values."""
    said = str(error.orig).strip().splitlines()
    if isinstance(error, OperationalError) and said:
        return said[0]
    return type(error.orig).__name__
