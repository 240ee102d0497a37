"""Web origins: how they are written, and which pages of other origins may read what is sent.

An origin is compared whole, scheme, host and port: no wildcard, no subdomain, no `null`. Cookies
are never asked for, so that no response allows credentials.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.addresses import is_loopback
from service.problems import REFUSED_ORIGIN, problem_response

# Source: WHATWG URL, "origin" and its serialization; a host with other letters is written xn--...
_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}

PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, X-API-Key, Content-Type, Accept, Accept-Language, Last-Event-ID, "
        "Mcp-Session-Id, Mcp-Protocol-Version"
    ),
    # Ten minutes: as long as a revoked origin may still send what its answers don't let it read.
    "Access-Control-Max-Age": "600",
}
EXPOSED_HEADERS = "Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, Mcp-Session-Id"
# Pages of this machine, on any port, in the words of a policy (which knows no IPv6 address).
LOOPBACK_SOURCES = ("http://localhost:*", "http://127.0.0.1:*")
PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def normalise_origin(text: str) -> str:
    """The origin as a browser sends it: lower case, without the scheme's own port.

    Raises:
        ValueError: it is no origin.
    """
    found = _ORIGIN.fullmatch(text.lower())
    if found is None or int(found[3] or 0) > 65_535:
        raise ValueError("an origin is a scheme, a host and maybe a port, nothing more: https://help.example")
    scheme, host, port = found.groups()
    return (
        f"{scheme}://{host}" if port in (None, _DEFAULT_PORTS[scheme]) else f"{scheme}://{host}:{int(port)}"
    )


Origin = Annotated[str, AfterValidator(normalise_origin)]


def is_loopback_origin(origin: str) -> bool:
    """Whether pages of this origin come from this machine."""
    found = _ORIGIN.fullmatch(origin)
    return found is not None and is_loopback(found[2].strip("[]"))


class CrossOrigin:
    """Lets pages of the allowed origins read responses, and answers their browsers' preflights."""

    def __init__(self, app: ASGIApp, *, allows: Callable[[str], bool]) -> None:
        """Wrap `app`; `allows` is asked at each request, for keys come and go."""
        self._app = app
        self._allows = allows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; pass everything else on, with the headers where the origin is allowed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin is not None and self._allows(origin)
        if origin is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(origin if allowed else None)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                # On each response: a cache must not give one origin's to another.
                added.add_vary_header("Origin")
                if allowed and origin is not None:
                    added["Access-Control-Allow-Origin"] = origin
                    added["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _preflight(allowed: str | None) -> Response:
    if allowed is None:
        detail = "name the page's origin in CITEDESK_ORIGINS, or make it a key: keys create NAME --origin ..."
        return problem_response(REFUSED_ORIGIN, detail, headers={"Vary": PREFLIGHT_VARY})
    headers = {**PREFLIGHT_HEADERS, "Access-Control-Allow-Origin": allowed, "Vary": PREFLIGHT_VARY}
    return Response(status_code=204, headers=headers)
