"""`/mcp` among the routes: who may ask there, and the protocol's SDK loaded by the first request.

Importing the SDK takes longer than the rest of the service and 28 MB; who never asks there pays
neither, and start-up takes no longer for it.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from service.problems import NOT_READY, Problem
from service.routes import Desk

PATHS = ("/mcp", "/mcp/")
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
ANY_HOST = "*"


@dataclass(frozen=True, slots=True)
class HostRule:
    """The names under which requests may come, without ports; None lets all through.

    A page elsewhere may point a name of its own at this machine; its requests carry that name.
    """

    names: tuple[str, ...] | None


class Sessions(Protocol):
    """What answers the protocol's requests while it runs."""

    def run(self) -> AbstractAsyncContextManager[None]:
        """Inside, requests are answered; once only."""
        ...

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ...


def host_rule(listening: str, more: str) -> HostRule:
    """The names that fit where the service listens, and `more` with commas between (* is any).

    Where it listens on all addresses its names can't be known, so that all pass.
    """
    added = tuple(name.strip().lower() for name in more.split(",") if name.strip())
    if ANY_HOST in added or _is_address(listening, "is_unspecified"):
        return HostRule(None)
    if listening == "localhost" or _is_address(listening, "is_loopback"):
        return HostRule(tuple(dict.fromkeys((_in_url(listening), *LOOPBACK_NAMES, *added))))
    return HostRule((_in_url(listening), *added))


def load_sessions(desk: Desk, hosts: HostRule) -> Sessions:
    """Import the SDK and build the tools: seconds of work, once."""
    from service.mcp import build_sessions

    return build_sessions(desk, hosts=hosts)


class McpMount:
    """The application at `/mcp`; the first request has `load` called, in a thread."""

    def __init__(self, load: Callable[[], Sessions]) -> None:
        """Nothing is loaded yet."""
        self._load = load
        self._wanted = asyncio.Event()
        self._sessions: asyncio.Future[Sessions] | None = None

    @property
    def routes(self) -> list[BaseRoute]:
        """POST is all there is: no session is kept that a GET could listen to or a DELETE end."""
        return [Route(path, endpoint=self, methods=["POST"], include_in_schema=False) for path in PATHS]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Inside, requests are answered."""
        self._sessions = asyncio.get_running_loop().create_future()
        # Where the sessions run must be one task from their start to their end.
        running = asyncio.create_task(self._run(self._sessions))
        try:
            yield
        finally:
            self._sessions = None
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, once the SDK is there.

        Raises:
            Problem: not-ready, before the service has started.
        """
        if self._sessions is None:
            raise Problem(NOT_READY, "the service is starting")
        self._wanted.set()
        sessions = await asyncio.shield(self._sessions)
        await sessions.handle_request(scope, receive, send)

    async def _run(self, started: asyncio.Future[Sessions]) -> None:
        await self._wanted.wait()
        try:
            sessions = await asyncio.to_thread(self._load)
            async with sessions.run():
                started.set_result(sessions)
                await asyncio.Event().wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)


def _is_address(host: str, claim: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(host), claim))
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()
