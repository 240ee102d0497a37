"""The OpenAPI document: what FastAPI derives, with the problems of each route as they are sent."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.problems import (
    EXPIRED_TOKEN,
    INVALID_KEY,
    MISSING_KEY,
    MISSING_SCOPE,
    PROBLEM_TYPE,
    REFUSED_ORIGIN,
    TOO_MANY_REQUESTS,
    Kind,
    ProblemReply,
)
from service.route_scopes import rule_for

GATE_PROBLEMS = (MISSING_KEY, INVALID_KEY, EXPIRED_TOKEN, MISSING_SCOPE, REFUSED_ORIGIN, TOO_MANY_REQUESTS)

_REF = "#/components/schemas/{model}"


def problem_docs(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems, one for each status."""
    ordered = sorted(kinds, key=lambda kind: kind.status)
    return {
        status: _problem_doc(list(group)) for status, group in groupby(ordered, key=lambda kind: kind.status)
    }


def _problem_doc(kinds: list[Kind]) -> dict[str, Any]:
    examples = {
        kind.name: {"value": {"type": kind.type, "title": kind.title, "status": kind.status, "detail": "..."}}
        for kind in kinds
    }
    schema = {"$ref": _REF.format(model=ProblemReply.__name__)}
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "content": {PROBLEM_TYPE: {"schema": schema, "examples": examples}},
    }


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, with the schema that `problem_docs` refers to."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    model = ProblemReply.model_json_schema(ref_template=_REF)
    schemas.update(model.pop("$defs", {}))
    schemas[ProblemReply.__name__] = model
    _describe_access(document)
    return document


def _describe_access(document: dict[str, Any]) -> None:
    """Say of each operation that the gate stands before which keys it takes and how it refuses."""
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or the token of a session."},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, operations in document["paths"].items():
        scopes = rule_for(path).scopes
        for operation in operations.values() if scopes else ():
            operation["security"] = [{"bearer": []}, {"header": []}]
            operation["description"] += f" Scope: {', '.join(sorted(scopes))}."
            for status, doc in problem_docs(*GATE_PROBLEMS).items():
                operation["responses"].setdefault(str(status), doc)
