"""`python -m service [keys ...]`: the composition root. Options override the environment's settings."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from indexer import IndexFollower
from service.access import Access, AccessRules
from service.access_check import AccessError, check_access
from service.addresses import is_loopback
from service.app import create_app
from service.asking import WordGuesser
from service.confidence import judge
from service.faults import FaultLog
from service.key_commands import keys_app
from service.key_file import KeyFile
from service.messages import read_messages
from service.rate_limits import RateLimiter, open_storage
from service.rates import parse_rate
from service.serving import PortError, serve, take_port
from service.settings import Settings, SettingsError, read_settings
from service.writers import ExtractiveWriter

EXIT_FAILED = 1
EXIT_USAGE = 2

app = typer.Typer(add_completion=False)
app.add_typer(keys_app, name="keys")


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
    except (SettingsError, AccessError) as error:
        _fail(error, EXIT_USAGE)
    try:
        taken = take_port(settings.host, settings.port)
    except PortError as error:
        _fail(error, EXIT_FAILED)
    greeting = f"{greet(settings.host, taken, example=example)}\n{who}"
    serve(partial(load_app, settings, greeting), settings=settings, port=taken)


def load_app(settings: Settings, greeting: str, stopping: Callable[[], bool]) -> ASGIApp:
    """The application on the index of `settings`; it follows the index while it runs."""
    follower = IndexFollower(
        settings.index_dir, poll_s=settings.poll_s, threads=settings.threads, on_event=_report
    )

    @asynccontextmanager
    async def follow(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(follower.start)
        typer.echo(greeting)
        try:
            yield
        finally:
            await run_in_threadpool(follower.stop)

    answering = create_app(
        follower,
        settings=settings,
        writer=ExtractiveWriter(sentences_max=settings.answer_sentences_max),
        confidence=judge,
        guess=WordGuesser(),
        messages=read_messages(),
        access=make_access(settings),
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
    secret = settings.token_secret
    rules = AccessRules(
        open=settings.open,
        loopback=is_loopback(settings.host),
        rate=parse_rate(settings.rate),
        token_s=settings.token_s,
        token_secret=None if secret is None else secret.get_secret_value(),
        origins=frozenset(settings.origins),
        proxies=settings.proxies,
    )
    storage = open_storage(settings.limits_url)
    return Access(
        KeyFile(settings.keys_file, clock=time.monotonic, on_event=_report),
        rules,
        limiter=RateLimiter(storage, clock=time.monotonic, on_event=_report),
        now=time.time,
    )


def greet(host: str, port: int, *, example: str | None) -> str:
    """What is printed once the service answers: its address, and a command with the example."""
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    lines = [f"Citedesk answers at {address}"]
    if example is not None:
        body = shlex.quote(json.dumps({"question": example}, ensure_ascii=False))
        lines.append(f"Try: curl -s {address}/v1/ask -H 'Content-Type: application/json' -d {body}")
    return "\n".join(lines)


def _report(event: str) -> None:
    typer.echo(event, err=True)


def _fail(error: Exception, code: int) -> NoReturn:
    typer.echo(f"service: {error}", err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
