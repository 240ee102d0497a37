"""Problems in another form on some addresses, whatever refuses the request there.

A problem is held back until its body is whole, and sent as what `reshape` makes of it; every other
response passes through untouched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import PROBLEM_TYPE


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A problem in its other form; `headers` come beside those that it had."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What refused a request: the members of the problem, and the headers sent with it.

    The members are a dict: a path in them may hold what is no character, which stays escaped.
    """

    scope: Scope
    problem: Mapping[str, Any]
    headers: Headers


class ProblemForm:
    """Gives the problems of the addresses that `concerns` names another form."""

    def __init__(
        self, app: ASGIApp, *, concerns: Callable[[str], bool], reshape: Callable[[Refusal], Reshaped]
    ) -> None:
        """Wrap `app`."""
        self._app = app
        self._concerns = concerns
        self._reshape = reshape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, by way of a rewriter where the address is one of them."""
        ours = scope["type"] == "http" and self._concerns(scope["path"])
        await self._app(scope, receive, _Rewriter(scope, send, self._reshape) if ours else send)


class _Rewriter:
    def __init__(self, scope: Scope, send: Send, reshape: Callable[[Refusal], Reshaped]) -> None:
        self._scope = scope
        self._send = send
        self._reshape = reshape
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if Headers(raw=message["headers"]).get("content-type") == PROBLEM_TYPE:
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_reshaped(self._start)
            return
        await self._send(message)

    async def _send_reshaped(self, start: Message) -> None:
        headers = MutableHeaders(raw=start["headers"])
        reshaped = self._reshape(Refusal(self._scope, json.loads(self._body), Headers(raw=start["headers"])))
        headers.update({"content-type": reshaped.media_type, "content-length": str(len(reshaped.body))})
        headers.update(reshaped.headers)
        await self._send({**start, "status": reshaped.status})
        await self._send({"type": "http.response.body", "body": reshaped.body})
