"""Errors on the wire: application/problem+json with a stable `type` (RFC 9457).

    /problems/malformed-json               400  not UTF-8, no JSON, a repeated key, NaN, too deep
    /problems/unsupported-parameter        400  a parameter of OpenAI's API asks for what is not done here
    /problems/previous-response-not-found  400  not kept, or not kept any more
    /problems/missing-key                  401  a key is needed, or one that may do more
    /problems/invalid-key                  401  the key is unknown, revoked or expired
    /problems/expired-token                401  the widget's session ended: open a new one
    /problems/missing-scope                403  the key may not do this
    /problems/refused-origin               403  the key or session belongs to pages of other origins
    /problems/model-not-found              404  OpenAI's API with another model
    /problems/not-found                    404  no such address
    /problems/not-set-up                   404  the operator has not switched this on
    /problems/unknown-answer               404  no answer of this id is stored
    /problems/unknown-locale               404  no article in the language asked for; lists `available`
    /problems/unknown-passage              404  the generation has no such passage
    /problems/method-not-allowed           405  the address has other methods
    /problems/slow-request                 408  the body did not arrive in time
    /problems/body-too-large               413  more bytes than the limit
    /problems/unsupported-type             415  the body is no application/json in UTF-8
    /problems/invalid-request              422  a field is missing, unknown or out of bounds; lists `errors`
    /problems/too-many-requests            429  more than the caller's rate; Retry-After says when
    /problems/client-gone                  499  nobody is left to answer
    /problems/http-error                   any  refused for another reason
    /problems/internal                     500  a fault of the service
    /problems/overloaded                   503  too many questions at once
    /problems/handover-failed              503  the operator's webhook did not take the hand-over
    /problems/storage-down                 503  the database does not answer
    /problems/not-ready                    503  no index yet, or stopping
    /problems/deadline                     504  no answer in time

No problem repeats the question: what clients log stays free of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of problem: the last part of its `type`, its status and title."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The stable relative URI."""
        return f"/problems/{self.name}"


MALFORMED_JSON = Kind("malformed-json", 400, "The body is not well-formed JSON")
UNSUPPORTED_PARAMETER = Kind("unsupported-parameter", 400, "This parameter is not supported")
PREVIOUS_RESPONSE_NOT_FOUND = Kind("previous-response-not-found", 400, "No such response is kept")
MISSING_KEY = Kind("missing-key", 401, "A key is needed")
INVALID_KEY = Kind("invalid-key", 401, "The key does not work")
EXPIRED_TOKEN = Kind("expired-token", 401, "The session has ended")
MISSING_SCOPE = Kind("missing-scope", 403, "The key may not do this")
REFUSED_ORIGIN = Kind("refused-origin", 403, "Not for pages of this origin")
MODEL_NOT_FOUND = Kind("model-not-found", 404, "No such model")
NOT_FOUND = Kind("not-found", 404, "No such address")
UNKNOWN_LOCALE = Kind("unknown-locale", 404, "No articles in this locale")
UNKNOWN_PASSAGE = Kind("unknown-passage", 404, "No such passage")
NOT_SET_UP = Kind("not-set-up", 404, "This is not switched on")
UNKNOWN_ANSWER = Kind("unknown-answer", 404, "No such answer")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This address has other methods")
SLOW_REQUEST = Kind("slow-request", 408, "The body did not arrive in time")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
UNSUPPORTED_TYPE = Kind("unsupported-type", 415, "The body is not of type application/json")
INVALID_REQUEST = Kind("invalid-request", 422, "The request does not fit its schema")
TOO_MANY_REQUESTS = Kind("too-many-requests", 429, "Too many requests")
CLIENT_GONE = Kind("client-gone", 499, "The client closed the connection")
INTERNAL = Kind("internal", 500, "The service failed")
OVERLOADED = Kind("overloaded", 503, "Too many questions at once")
NOT_READY = Kind("not-ready", 503, "No question can be answered now")
HANDOVER_FAILED = Kind("handover-failed", 503, "The hand-over did not arrive")
STORAGE_DOWN = Kind("storage-down", 503, "The database does not answer")
DEADLINE = Kind("deadline", 504, "No answer in time")


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description='Path of the field, "" for the whole.', examples=["history.0.role"])
    message: str = Field(examples=["Input should be 'user' or 'assistant'"])


class OpenAIError(BaseModel):
    """The same error in OpenAI's form."""

    message: str = Field(examples=["there is one model here: citedesk"])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = Field(examples=["model"])
    code: str = Field(examples=["model_not_found"])


class ProblemReply(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["/problems/unknown-locale"])
    title: str = Field(examples=["No articles in this locale"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no articles in locale 'sv-se'; there are: de-de, en-us"])
    available: list[str] | None = Field(None, description="Locales that can be asked.", examples=[["de-de"]])
    errors: list[FieldError] | None = Field(None, description="What is wrong with the request.")
    error: OpenAIError | None = Field(None, description="Only on the routes of OpenAI's form.")


class Problem(HTTPException):
    """A problem raised on the way to a route; FastAPI lets it through where it reads bodies."""

    def __init__(self, kind: Kind, detail: str, *, errors: Sequence[FieldError] | None = None) -> None:
        """Keep the kind and the fields beside the detail."""
        super().__init__(kind.status, detail)
        self.kind = kind
        self.errors = errors


def problem_response(
    kind: Kind,
    detail: str,
    *,
    available: Sequence[str] | None = None,
    errors: Sequence[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response of a problem; what isn't given is left out of the body."""
    body = ProblemReply(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        available=None if available is None else list(available),
        errors=None if errors is None else list(errors),
    )
    # Not pydantic's own writer: a path may hold unpaired surrogates, which it refuses.
    content = json.dumps(body.model_dump(exclude_none=True), ensure_ascii=True)
    return Response(content, status_code=kind.status, headers=headers, media_type=PROBLEM_TYPE)
