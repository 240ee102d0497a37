"""`python -m service [keys | report | purge | forget]`: the composition root, and what looks after its files.

Options override the environment's settings.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from indexer import IndexFollower
from service.access import Access, AccessRules
from service.access_check import AccessError, check_access
from service.addresses import is_loopback
from service.app import create_app
from service.chatwoot import ChatwootLink
from service.chatwoot_client import ChatwootClient
from service.conversation_commands import forget, purge, report
from service.conversation_store import ConversationStore
from service.conversations import Conversations
from service.database import DatabaseDown, DatabaseUrlError, SchemaMismatch
from service.faults import FaultLog
from service.handover import SecretError, Webhook
from service.key_commands import keys_app
from service.key_file import KeyFile
from service.mcp_mount import host_rule
from service.rate_limits import RateLimiter, open_storage
from service.rates import parse_rate
from service.serving import PortError, resolve_host, serve, take_port
from service.settings import PREFIX, Settings, SettingsError, read_settings
from service.shipped import shipped_rules
from service.terminal import EXIT_FAILED, EXIT_USAGE, fail
from service.writer_choice import check_chat, choose_writers

app = typer.Typer(add_completion=False)
app.add_typer(keys_app, name="keys")
for command in (report, purge, forget):
    app.command()(command)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    index: Annotated[Path | None, typer.Option(help="Folder that the indexer publishes to.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    open_to_all: Annotated[
        bool | None, typer.Option("--open/--closed", help="Take questions without a key, or never do.")
    ] = None,
    example: Annotated[str | None, typer.Option(help="A question to print as a command to paste.")] = None,
) -> None:
    """Answer questions over HTTP from an index, and follow it as it is renewed."""
    if context.invoked_subcommand is not None:
        return
    try:
        settings = read_settings({"index_dir": index, "host": host, "port": port, "open": open_to_all})
        who = check_access(settings)
        check_chat(settings)
        check_follow_ups(settings)
    except (SettingsError, AccessError, DatabaseUrlError) as error:
        fail(error, EXIT_USAGE)
    except SchemaMismatch as error:
        fail(error, EXIT_FAILED)
    try:
        address = resolve_host(settings.host)
        taken = take_port(address, settings.port)
    except PortError as error:
        fail(error, EXIT_FAILED)
    greeting = f"{greet(settings.host, taken, example=example)}\n{who}"
    serve(partial(load_app, settings, greeting), settings=settings, address=address, port=taken)


def load_app(settings: Settings, greeting: str, stopping: Callable[[], bool]) -> ASGIApp:
    """The application on the index of `settings`; it follows the index while it runs."""
    follower = IndexFollower(
        settings.index_dir, poll_s=settings.poll_s, threads=settings.threads, on_event=_report
    )
    conversations = open_conversations(settings)
    writers = choose_writers(settings, on_event=_report)

    @asynccontextmanager
    async def follow(app: FastAPI) -> AsyncIterator[None]:
        conversations.start()
        await run_in_threadpool(follower.start)
        typer.echo(greeting)
        try:
            yield
        finally:
            await run_in_threadpool(follower.stop)
            await run_in_threadpool(writers.close)
            await run_in_threadpool(conversations.stop)

    answering = create_app(
        follower,
        settings=settings,
        rules=shipped_rules(settings, clock=time.perf_counter, writers=writers),
        conversations=conversations,
        access=make_access(settings),
        webhook=open_webhook(settings),
        chatwoot=open_chatwoot(settings),
        stopping=stopping,
        lifespan=follow,
    )
    return FaultLog(answering, on_event=_report)


def make_access(settings: Settings) -> Access:
    """Who may call, by the file of keys and the settings.

    Raises:
        KeyFileError: the file can't be read.
        LimitsError: requests can't be counted where the settings say.
    """
    storage = open_storage(settings.limits_url)
    return Access(
        KeyFile(settings.keys_file, clock=time.monotonic, on_event=_report),
        access_rules(settings),
        limiter=RateLimiter(storage, clock=time.monotonic, on_event=_report),
        now=time.time,
    )


def access_rules(settings: Settings) -> AccessRules:
    """What the settings say of who may call."""
    secret = settings.token_secret
    return AccessRules(
        open=settings.open,
        loopback=is_loopback(settings.host),
        rate=parse_rate(settings.rate),
        token_s=settings.token_s,
        token_secret=None if secret is None else secret.get_secret_value(),
        origins=frozenset(settings.origins),
        proxies=settings.proxies,
        # What listens on all addresses is known by no name but this machine's, and those it is told.
        own_names=host_rule(_loopback(settings.host) or settings.host, settings.mcp_hosts).names,
    )


def open_conversations(settings: Settings) -> Conversations:
    """What keeps the conversations of a service with these settings; not started.

    Raises:
        DatabaseUrlError
    """
    return Conversations(
        ConversationStore(settings.database_url) if settings.database_url else None,
        keep_texts=settings.store_questions,
        retention=timedelta(days=settings.retention_days),
        now=partial(datetime.now, UTC),
        on_event=_report,
    )


def open_webhook(settings: Settings) -> Webhook | None:
    """What takes hand-overs, None where the operator has set up nothing.

    Raises:
        SettingsError: the secret can't sign.
    """
    if not settings.handover_url:
        return None
    try:
        return Webhook(
            settings.handover_url,
            secret=settings.handover_secret.get_secret_value(),
            timeout_s=settings.handover_s,
        )
    except SecretError as error:
        raise SettingsError(f"handover_secret ({PREFIX}HANDOVER_SECRET): {error}") from None


def open_chatwoot(settings: Settings) -> ChatwootLink | None:
    """The Chatwoot whose agent bot this service is, None where the operator has set up nothing.

    Raises:
        SettingsError: of address, token and secret only some are there.
    """
    token = settings.chatwoot_token.get_secret_value()
    secret = settings.chatwoot_secret.get_secret_value()
    given = {"chatwoot_url": settings.chatwoot_url, "chatwoot_token": token, "chatwoot_secret": secret}
    if not any(given.values()):
        return None
    missing = [f"{name} ({PREFIX}{name.upper()})" for name, value in given.items() if not value]
    if missing:
        raise SettingsError(f"{', '.join(missing)}: an agent bot needs address, token and secret")
    client = ChatwootClient(settings.chatwoot_url, token=token, timeout_s=settings.chatwoot_s)
    return ChatwootLink(client, secret.encode(), settings.chatwoot_locale, on_event=_report)


def check_follow_ups(settings: Settings) -> None:
    """Find out before the start what no time will mend; a database that is down is no such thing.

    Raises:
        DatabaseUrlError
        SchemaMismatch
        SettingsError
    """
    open_webhook(settings)
    open_chatwoot(settings)
    if not settings.database_url:
        return
    store = ConversationStore(settings.database_url)
    try:
        store.prepare()
    except DatabaseDown:
        return  # the running service says so, and goes on trying
    finally:
        store.close()


def greet(host: str, port: int, *, example: str | None) -> str:
    """What is printed once the service answers: an address to open, and a command with the example."""
    loopback = _loopback(host)
    shown = loopback or host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    lines = [f"Citedesk answers at {address}"]
    if loopback is not None:
        lines.append(f"It listens on all addresses of this machine ({host}).")
    if example is not None:
        body = shlex.quote(json.dumps({"question": example}, ensure_ascii=False))
        lines.append(f"Try: curl -s {address}/v1/ask -H 'Content-Type: application/json' -d {body}")
    return "\n".join(lines)


def _loopback(host: str) -> str | None:
    """The machine's own address for a host that stands for all of them, None for any other."""
    try:
        address = ip_address(host)
    except ValueError:
        return None  # a name
    if not address.is_unspecified:
        return None
    return "127.0.0.1" if address.version == 4 else "::1"


def _report(event: str) -> None:
    typer.echo(event, err=True)


if __name__ == "__main__":
    app()
