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

from starlette.types import ASGIApp

from service.problem_forms import ProblemForm, Refusal, Reshaped
from service.problems import INVALID_REQUEST, PROBLEM_TYPE, OpenAIError

ROUTES = ("/v1/responses", "/v1/chat/completions", "/v1/models")
# How a request that does not fit its schema is answered on these routes.
INVALID_HERE = replace(INVALID_REQUEST, status=400)
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAIErrors(ProblemForm):
    """Rewrites the problems of these routes; all else passes through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        super().__init__(app, concerns=_is_of_openai, reshape=_reshape)


def _is_of_openai(path: str) -> bool:
    return any(path == route or path.startswith(f"{route}/") for route in ROUTES)


def _reshape(refusal: Refusal) -> Reshaped:
    problem = dict(refusal.problem)
    if problem["type"] == INVALID_REQUEST.type:
        problem["status"] = INVALID_HERE.status
    problem["error"] = _openai_error(problem).model_dump()
    return Reshaped(problem["status"], PROBLEM_TYPE, json.dumps(problem, ensure_ascii=True).encode())


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
