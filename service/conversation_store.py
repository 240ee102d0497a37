"""Exchanges and feedback in a database; each call is one short transaction, safe from any thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, inspect, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from service.conversation_tables import (
    CITATIONS,
    EXCHANGES,
    FEEDBACK,
    METADATA,
    SCHEMA,
    SCHEMA_VERSION,
    citation_values,
    exchange_values,
    feedback_values,
    rated_exchanges,
)
from service.database import Database, SchemaMismatch, UnknownAnswer
from service.exchanges import Exchange, Feedback, RatedExchange

PAGE = 1_000
# Any number; of several services that start at once, one makes the tables.
SCHEMA_LOCK = 7_319_004_127


class ConversationStore:
    """The exchanges of one database."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet.

        Raises:
            DatabaseUrlError: neither SQLite in a file nor PostgreSQL, or the driver is missing.
        """
        self._database = Database(url)
        self._insert = postgresql.insert if self._database.is_postgresql else sqlite.insert

    @property
    def name(self) -> str:
        """The database's URL without its password."""
        return self._database.name

    def prepare(self) -> None:
        """Make the tables where there are none, and check their version.

        Raises:
            DatabaseDown
            SchemaMismatch
        """
        self._database.make_file()
        with self._database.transaction() as connection:
            if self._database.is_postgresql:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
            METADATA.create_all(connection, tables=[SCHEMA])
            version = connection.scalar(select(SCHEMA.c.version))
            if version is None:
                METADATA.create_all(connection)
                connection.execute(SCHEMA.insert().values(only_row=1, version=SCHEMA_VERSION))
            elif version != SCHEMA_VERSION:
                raise SchemaMismatch(
                    f"{self.name} has tables of version {version}, this service reads and writes version "
                    f"{SCHEMA_VERSION}: run the service that made them, or set another CITEDESK_DATABASE_URL"
                )

    def exists(self) -> bool:
        """Whether a service has stored in this database before; makes nothing.

        Raises:
            DatabaseDown
        """
        if not self._database.is_there():
            return False
        with self._database.reading() as connection:
            return inspect(connection).has_table(SCHEMA.name)

    def add(self, exchanges: Sequence[Exchange]) -> None:
        """Store them all or none; one that is stored already stays as it is.

        Raises:
            DatabaseDown
            Unstorable
        """
        if not exchanges:
            return
        citations = [values for exchange in exchanges for values in citation_values(exchange)]
        with self._database.transaction() as connection:
            connection.execute(
                self._insert(EXCHANGES).on_conflict_do_nothing(), list(map(exchange_values, exchanges))
            )
            if citations:
                connection.execute(self._insert(CITATIONS).on_conflict_do_nothing(), citations)

    def rate(self, feedback: Feedback, *, client_key: str | None) -> None:
        """Store feedback on an answer under this key, in the place of earlier feedback on it.

        Raises:
            DatabaseDown
            UnknownAnswer
            Unstorable
        """
        asked = select(EXCHANGES.c.id).where(
            EXCHANGES.c.id == feedback.answer_id, EXCHANGES.c.client_key.is_not_distinct_from(client_key)
        )
        values = feedback_values(feedback)
        statement = self._insert(FEEDBACK).values(values)
        changed = {name: statement.excluded[name] for name in values if name != "exchange"}
        with self._database.transaction() as connection:
            if connection.execute(asked).first() is None:
                raise UnknownAnswer(f"no answer {feedback.answer_id} is stored")
            try:
                connection.execute(statement.on_conflict_do_update(index_elements=["exchange"], set_=changed))
            except IntegrityError:
                raise UnknownAnswer(f"no answer {feedback.answer_id} is stored") from None

    def read_exchange(self, answer_id: str) -> Exchange | None:
        """The exchange of this id, None where none is stored.

        Raises:
            DatabaseDown
        """
        with self._database.reading() as connection:
            found = _load(connection, select(EXCHANGES).where(EXCHANGES.c.id == answer_id))
        return found[0].exchange if found else None

    def read_conversation(self, conversation: str, *, client_key: str | None, most: int) -> list[Exchange]:
        """The last `most` exchanges of a conversation under this key, oldest first, or none.

        Raises:
            DatabaseDown
        """
        newest = select(EXCHANGES).where(
            EXCHANGES.c.conversation == conversation,
            EXCHANGES.c.client_key.is_not_distinct_from(client_key),
        )
        newest = newest.order_by(EXCHANGES.c.asked_at.desc(), EXCHANGES.c.id.desc()).limit(most)
        with self._database.reading() as connection:
            found = _load(connection, newest)
        return [rated.exchange for rated in reversed(found)]

    def read(self, *, since: datetime, until: datetime) -> Iterator[RatedExchange]:
        """The exchanges asked in `since <= t < until`, oldest first; read page by page.

        Raises:
            DatabaseDown
        """
        place = tuple_(EXCHANGES.c.asked_at, EXCHANGES.c.id)
        window = select(EXCHANGES).where(EXCHANGES.c.asked_at >= since, EXCHANGES.c.asked_at < until)
        window = window.order_by(EXCHANGES.c.asked_at, EXCHANGES.c.id).limit(PAGE)
        page = window
        while True:
            with self._database.reading() as connection:
                found = _load(connection, page)
            yield from found
            if len(found) < PAGE:
                return
            last = found[-1].exchange
            page = window.where(place > (last.asked_at, last.id))

    def forget(self, conversation: str) -> int:
        """Delete a conversation; returns how many exchanges it had.

        Raises:
            DatabaseDown
        """
        return self._delete(EXCHANGES.c.conversation == conversation)

    def purge(self, *, before: datetime) -> int:
        """Delete what was asked before that time; returns how many exchanges.

        Raises:
            DatabaseDown
        """
        return self._delete(EXCHANGES.c.asked_at < before)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._database.close()

    def _delete(self, condition: Any) -> int:
        with self._database.transaction() as connection:
            count = connection.execute(delete(EXCHANGES).where(condition)).rowcount
        if count:
            self._database.write_back()
        return count


def _load(connection: Connection, statement: Any) -> list[RatedExchange]:
    rows = connection.execute(statement).all()
    ids = [row.id for row in rows]
    citations = select(CITATIONS).where(CITATIONS.c.exchange.in_(ids)).order_by(CITATIONS.c.number)
    feedback = select(FEEDBACK).where(FEEDBACK.c.exchange.in_(ids))
    return rated_exchanges(rows, connection.execute(citations).all(), connection.execute(feedback).all())
