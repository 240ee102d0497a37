"""What the log says of a fault: its sort and its place, never its words.

An exception's message may hold whatever was being worked on, a question or a key; the server
would print it with the traceback.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send


class FaultLog:
    """Tells of exceptions that the application lets through, after its response was sent."""

    def __init__(self, app: ASGIApp, *, on_event: Callable[[str], None]) -> None:
        """Wrap `app`; `on_event` is told each fault."""
        self._app = app
        self._on_event = on_event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; a request's fault ends here, that of start or stop goes on."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            self._on_event(describe_fault(error))


def describe_fault(error: BaseException) -> str:
    """The types of an exception and of its causes, and where each was raised, innermost last."""
    lines = [f"fault: {type(error).__name__}"]
    lines += [
        f"  {frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__, limit=-20)
    ]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines if cause is None else [describe_fault(cause), *lines])
