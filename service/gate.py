"""The door before every route, as plain ASGI: who calls, with which scopes, and how often.

It stands before the body is read, so that a stranger's body costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.access import Access, Caller, require_scopes
from service.problems import MISSING_KEY, TOO_MANY_REQUESTS, Problem, problem_response
from service.rate_limits import Refused
from service.route_scopes import rule_for

_CALLER = "citedesk.caller"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="citedesk"'}
WRONG_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="citedesk", error="invalid_token"'}


class Gate:
    """Lets a request through whose caller may send it; the others get a problem."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        """Stand before `app`."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or answer in its place."""
        refusal = await self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        needed = rule_for(scope["path"]).scopes
        if not needed:
            return None
        try:
            caller = self._access.identify(Headers(scope=scope), _peer(scope))
            require_scopes(caller, needed)
        except Problem as problem:
            return problem_response(problem.kind, str(problem.detail), headers=_challenge(problem))
        refused = await self._access.count(caller)
        if refused is not None:
            return _too_many(refused)
        scope[_CALLER] = caller
        return None


def caller_of(request: HTTPConnection) -> Caller:
    """Who sent a request that went through the gate."""
    caller: Caller = request.scope[_CALLER]
    return caller


def key_id_of(request: HTTPConnection) -> str | None:
    """The id of the key, or of the session's key, that a request came with; None without one.

    What was asked under a key is gone on from, rated and handed over under the same key alone.
    """
    key = caller_of(request).key
    return None if key is None else key.id


def _peer(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _challenge(problem: Problem) -> Mapping[str, str] | None:
    if problem.status_code != 401:
        return None
    return CHALLENGE if problem.kind is MISSING_KEY else WRONG_CHALLENGE


def _too_many(refused: Refused) -> Response:
    rate, wait_s = refused.rate, refused.retry_after_s
    headers = {
        "Retry-After": str(wait_s),
        # Source: draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.
        "RateLimit-Policy": f'"default";q={rate.count};w={rate.period_s}',
        "RateLimit": f'"default";r=0;t={wait_s}',
    }
    detail = f"at most {rate.count} requests in {rate.period_s} s; try again in {wait_s} s"
    return problem_response(TOO_MANY_REQUESTS, detail, headers=headers)
