"""`python -m service report | purge | forget`: what looks after the stored conversations.

They read the same settings as the service, and may run beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from indexer import IndexerError, open_index
from service.conversation_store import ConversationStore
from service.database import DatabaseUrlError, StoreError
from service.refusal_groups import Embed
from service.report import build_report
from service.report_page import report_page
from service.report_tables import print_tables
from service.settings import Settings, SettingsError, read_settings
from service.terminal import EXIT_FAILED, EXIT_USAGE, fail, print_json, results

DAYS_MAX = 3_650

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]


class NothingStored(Exception):
    """There are no conversations to look after."""


def report(
    days: Annotated[int, typer.Option(min=1, max=DAYS_MAX, help="How far back to look.")] = 30,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page, too.")] = None,
    index: Annotated[
        Path | None, typer.Option(help="Index whose model groups refused questions by meaning.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what was asked, what the articles don't answer, and what readers thought of the answers."""
    with _opened_store({"index_dir": index}) as (store, settings):
        until = datetime.now(UTC)
        since = until - timedelta(days=days)
        figures = build_report(
            store.read(since=since, until=until),
            since=since,
            until=until,
            open_model=partial(_open_model, settings.index_dir),
        )
        if html is not None:
            _write(html, report_page(figures))
        if as_json:
            print_json({**asdict(figures), "share_answered": figures.share_answered})
        else:
            print_tables(figures, results())


def purge(
    days: Annotated[
        int | None, typer.Option(min=0, max=DAYS_MAX, help="Days to keep, instead of the setting's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete the conversations that are older than the retention."""
    with _opened_store({}) as (store, settings):
        kept = settings.retention_days if days is None else days
        deleted = store.purge(before=datetime.now(UTC) - timedelta(days=kept))
        if as_json:
            print_json({"deleted": deleted, "days": kept})
        else:
            results().print(f"{deleted:,} questions deleted that were older than {kept} days")


def forget(
    conversation: Annotated[str, typer.Option(help="Its id, as in the answers.")], as_json: AsJson = False
) -> None:
    """Delete one conversation: its questions, answers, citations and feedback."""
    with _opened_store({}) as (store, _):
        deleted = store.forget(conversation)
        if not deleted:
            raise NothingStored(f"no conversation {conversation!r} is stored in {store.name}")
        if as_json:
            print_json({"deleted": deleted, "conversation": conversation})
        else:
            results().print(f"{deleted:,} questions of the conversation deleted")


@contextmanager
def _opened_store(given: dict[str, object]) -> Iterator[tuple[ConversationStore, Settings]]:
    try:
        settings = read_settings(given)
        if not settings.database_url:
            raise NothingStored("conversations are not stored: CITEDESK_DATABASE_URL is empty")
        store = ConversationStore(settings.database_url)
        try:
            if not store.exists():
                raise NothingStored(f"nothing has been stored in {store.name} yet")
            store.prepare()
            yield store, settings
        finally:
            store.close()
    except (SettingsError, DatabaseUrlError) as error:
        fail(error, EXIT_USAGE)
    except (StoreError, NothingStored, OSError) as error:
        fail(error, EXIT_FAILED)


def _open_model(index_dir: Path) -> Embed | None:
    try:
        return open_index(index_dir).embedder.embed_question
    except IndexerError as error:
        typer.echo(f"service: refusals are grouped by the nearest article, for {error}", err=True)
        return None


def _write(file: Path, page: str) -> None:
    # What users wrote is nobody else's business.
    file.touch(mode=0o600)
    file.write_text(page, encoding="utf-8")
    typer.echo(f"written to {file}", err=True)
