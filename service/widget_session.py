"""`POST /v1/widget/session`: a publishable key becomes a short-lived token for its page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from service.access import Access
from service.gate import caller_of
from service.problems import MISSING_KEY, Problem


class SessionReply(BaseModel):
    """What the widget sends from now on, as `Authorization: Bearer ...`."""

    token: str = Field(examples=["st_WyI4ZjNhIl0.c2lnbmF0dXJl"])
    expires_in_s: int = Field(description="Then it gets 401 expired-token.", examples=[900])


def build_session_route(access: Access) -> APIRouter:
    """The route; the gate has let through publishable keys alone, from their origins."""
    router = APIRouter()

    @router.post("/v1/widget/session", summary="Open a session for the widget")
    async def open_session(request: Request, response: Response) -> SessionReply:
        """Send the publishable key as bearer token; the page's origin must be one of the key's."""
        key = caller_of(request).key
        if key is None:
            raise Problem(MISSING_KEY, "a session is opened with a publishable key (pk_...)")
        response.headers["Cache-Control"] = "no-store"
        token, lasts_s = access.open_session(key, request.headers)
        return SessionReply(token=token, expires_in_s=lasts_s)

    return router
