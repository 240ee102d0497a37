"""Problems in the form that clients of OpenAI's API read, on the routes of that form.

Whatever refuses a request, here or before the routes, answers with a problem. On these routes its
body gets an `error` member as OpenAI sends it, beside the problem's own; a request that does not fit
its schema is 400 there, as its clients expect, not 422.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import INVALID_REQUEST, PROBLEM_TYPE, OpenAIError

ROUTES = ("/v1/responses", "/v1/chat/completions", "/v1/models")
# How a request that does not fit its schema is answered on these routes.
INVALID_HERE = replace(INVALID_REQUEST, status=400)
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAIErrors:
    """Rewrites the problems of these routes; all else passes through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, by way of a rewriter where the address is of OpenAI's form."""
        ours = scope["type"] == "http" and any(
            scope["path"] == route or scope["path"].startswith(f"{route}/") for route in ROUTES
        )
        await self._app(scope, receive, _Rewriter(send) if ours else send)


class _Rewriter:
    """Holds a problem back until its body is whole, and sends it with its `error`."""

    def __init__(self, send: Send) -> None:
        self._send = send
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
                await self._send_problem(self._start)
            return
        await self._send(message)

    async def _send_problem(self, start: Message) -> None:
        # As a dict, not a ProblemReply: a path in it may hold what is no character, which stays escaped.
        problem = json.loads(self._body)
        if problem["type"] == INVALID_REQUEST.type:
            problem["status"] = INVALID_HERE.status
        problem["error"] = _openai_error(problem).model_dump()
        body = json.dumps(problem, ensure_ascii=True).encode()
        MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
        await self._send({**start, "status": problem["status"]})
        await self._send({"type": "http.response.body", "body": body})


def _openai_error(problem: Mapping[str, Any]) -> OpenAIError:
    status: int = problem["status"]
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    faults = problem.get("errors")
    return OpenAIError(
        message=problem["detail"],
        type=kind,
        param=faults[0]["field"] if faults else None,
        code=problem["type"].rsplit("/", 1)[-1].replace("-", "_"),
    )
