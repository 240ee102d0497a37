"""`python -m service`: the composition root. Options override the environment's settings."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from indexer import IndexFollower
from service.app import create_app
from service.serving import PortError, serve, take_port
from service.settings import Settings, SettingsError, read_settings
from service.shipped import shipped_rules
from service.writer_choice import check_chat, choose_writers

EXIT_FAILED = 1
EXIT_USAGE = 2


def main(
    index: Annotated[Path | None, typer.Option(help="Folder that the indexer publishes to.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    example: Annotated[str | None, typer.Option(help="A question to print as a command to paste.")] = None,
) -> None:
    """Answer questions over HTTP from an index, and follow it as it is renewed."""
    try:
        settings = read_settings({"index_dir": index, "host": host, "port": port})
        check_chat(settings)
    except SettingsError as error:
        _fail(error, EXIT_USAGE)
    try:
        taken = take_port(settings.host, settings.port)
    except PortError as error:
        _fail(error, EXIT_FAILED)
    greeting = greet(settings.host, taken, example=example)
    serve(partial(load_app, settings, greeting), settings=settings, port=taken)


def load_app(settings: Settings, greeting: str, stopping: Callable[[], bool]) -> ASGIApp:
    """The application on the index of `settings`; it follows the index while it runs."""
    follower = IndexFollower(
        settings.index_dir, poll_s=settings.poll_s, threads=settings.threads, on_event=_report
    )

    writers = choose_writers(settings, on_event=_report)

    @asynccontextmanager
    async def follow(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(follower.start)
        typer.echo(greeting)
        try:
            yield
        finally:
            await run_in_threadpool(follower.stop)
            await run_in_threadpool(writers.close)

    return create_app(
        follower,
        settings=settings,
        rules=shipped_rules(settings, clock=time.perf_counter, writers=writers),
        stopping=stopping,
        lifespan=follow,
    )


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


def _fail(error: Exception, code: int) -> NoReturn:
    typer.echo(f"service: {error}", err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(main)
