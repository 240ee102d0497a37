"""The OpenAPI document: what FastAPI derives, with the problems of each route as they are sent."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.problems import PROBLEM_TYPE, Kind, ProblemReply

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
    return document
