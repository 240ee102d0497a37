"""What stands before the application, as plain ASGI: the body's limits, and the security headers.

The body is read whole before the application is called, so that size and time are checked in one
place and a slow or huge body never holds a thread.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import BODY_TOO_LARGE, SLOW_REQUEST, Kind, problem_response

# Scripts and styles come from the service's own origin alone; nothing inline.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class _TooLarge(Exception):
    pass


class _Disconnected(Exception):
    pass


class BodyGuard:
    """Reads each body whole: 413 beyond `max_bytes`, 408 where it takes longer than `read_s`."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, read_s: float) -> None:
        """Guard `app`."""
        self._app = app
        self._max_bytes = max_bytes
        self._read_s = read_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with a body within the limits, or answer in its place."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._read_s):
                body = await self._read(scope, receive)
        except _Disconnected:
            return
        except _TooLarge:
            await _refuse(BODY_TOO_LARGE, f"send at most {self._max_bytes} bytes", scope, receive, send)
        except TimeoutError:
            await _refuse(SLOW_REQUEST, f"send the body within {self._read_s:g} s", scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and len(declared) < 20 and int(declared) > self._max_bytes:
            raise _TooLarge
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                raise _TooLarge
            if not message.get("more_body", False):
                return bytes(body)


async def _refuse(kind: Kind, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    # The rest of the body is not read, so the connection can't be used again.
    response = problem_response(kind, detail, headers={"Connection": "close"})
    await response(scope, receive, send)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


class SecurityHeaders:
    """Adds the headers that keep a browser from doing more than it should with any response."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; a response's start gets the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # A page with another policy brings its own: that of the widget's iframe names its hosts.
                headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
