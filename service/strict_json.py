"""Request bodies read strictly: JSON in UTF-8, each key once, no NaN, of bounded depth.

Python's own reader takes the last of repeated keys, NaN, and other Unicode encodings; what two
readers can understand differently is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from email.message import Message
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.problems import MALFORMED_JSON, UNSUPPORTED_TYPE, Problem

DEPTH_MAX = 32
DIGITS_MAX = 20

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class JsonRoute(APIRoute):
    """A route whose body is read strictly; other routes are as they were."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check the content type, then let the body be read by `parse_json`."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_json(request: Request) -> Response:
            require_json(request.headers.getlist("content-type"))
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_json


class _JsonRequest(Request):
    async def json(self) -> Json:
        return parse_json(await self.body())


def require_json(content_types: Sequence[str]) -> None:
    """Accept one `application/json`, in UTF-8 where a charset is named.

    Raises:
        Problem: unsupported-type.
    """
    if len(content_types) == 1:
        header = Message()
        header["content-type"] = content_types[0]
        charset = header.get_param("charset", "utf-8")
        if header.get_content_type() == "application/json" and str(charset).lower() == "utf-8":
            return
    raise Problem(UNSUPPORTED_TYPE, "send the body with Content-Type: application/json, in UTF-8")


def parse_json(body: bytes) -> Json:
    """The value that the body holds.

    Raises:
        Problem: malformed-json, saying what and where.
    """
    try:
        value: Json = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object_without_repeats,
            parse_constant=_refuse_constant,
            parse_int=_parse_short_int,
        )
    except UnicodeDecodeError as error:
        raise Problem(MALFORMED_JSON, f"byte {error.start} of the body is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise Problem(MALFORMED_JSON, f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Problem(MALFORMED_JSON, f"nested deeper than {DEPTH_MAX} levels") from None
    except ValueError as error:
        raise Problem(MALFORMED_JSON, str(error)) from None
    if _is_deeper(value, DEPTH_MAX):
        raise Problem(MALFORMED_JSON, f"nested deeper than {DEPTH_MAX} levels")
    return value


def _object_without_repeats(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object holds the same key twice")
    return found


def _parse_short_int(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise ValueError(f"a number has more than {DIGITS_MAX} digits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_deeper(value: Json, levels: int) -> bool:
    layer: list[Json] = [value]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return any(isinstance(value, dict | list) for value in layer)
