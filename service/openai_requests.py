"""Bodies that clients of OpenAI's API send, as far as they are read; other keys are let through.

What a client sends to tune a language model changes nothing here and is not looked at. What would
promise something that is not kept is refused (`refuse_unsupported`): a client that asks for JSON
and gets a sentence is worse off than one that is told.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

from service.field_errors import LIST_FORM, STRING_FORM
from service.problems import MODEL_NOT_FOUND, UNSUPPORTED_PARAMETER, FieldError, Problem
from service.request_texts import AnyText, Id, LocaleTag
from service.schemas import HITS_MAX, FiltersBody, RequestBody

MODEL = "citedesk"

# Far more than a conversation needs; keeps the work on a hostile list small.
ITEMS_MAX = 2_000
MetadataKey = Annotated[AnyText, Field(max_length=64)]
MetadataValue = Annotated[AnyText, Field(max_length=512)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Field(max_length=16)]


class ExtensionBody(RequestBody):
    """What only Citedesk knows, in a request of OpenAI's form; strict, as its own routes are."""

    locale: LocaleTag | None = Field(
        None, description="Locale of the articles; before `metadata.locale`.", examples=["ja-jp"]
    )
    filters: FiltersBody | None = Field(None, examples=[{"roles": ["Billing admin"]}])
    top_k: int | None = Field(None, ge=1, le=HITS_MAX, description="How many hits to give.", examples=[5])
    conversation: Id | None = Field(
        None,
        description="That of an earlier answer, for a further question with its history in the request.",
        examples=["0b9f6c0d2e1a4c3b8d7e6f5a4b3c2d1e"],
    )


class LenientBody(BaseModel):
    """A body of which only some keys are read."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


def _form(value: object) -> str:
    return LIST_FORM if isinstance(value, list) else STRING_FORM


class PartBody(LenientBody):
    """A piece of a message; only text can be read."""

    type: AnyText = Field(examples=["input_text"])
    text: AnyText | None = Field(None, examples=["Who can cancel a subscription?"])


Content = Annotated[
    Annotated[AnyText, Tag(STRING_FORM)] | Annotated[list[PartBody], Tag(LIST_FORM)], Discriminator(_form)
]


class MessageBody(LenientBody):
    """A message, or another item of a conversation, which is skipped."""

    type: AnyText | None = Field(None, examples=["message"])
    role: AnyText | None = Field(
        None,
        description="`user` or `assistant`; instructions (`system`, `developer`) have no effect.",
        examples=["user"],
    )
    content: Content | None = Field(None, examples=["Who can cancel a subscription?"])


Messages = Annotated[list[MessageBody], Field(min_length=1, max_length=ITEMS_MAX)]
Input = Annotated[
    Annotated[AnyText, Tag(STRING_FORM)] | Annotated[Messages, Tag(LIST_FORM)], Discriminator(_form)
]


class OpenAIBody(LenientBody):
    """What both routes of OpenAI's form read."""

    model: AnyText = Field(MODEL, description="The one of `GET /v1/models`.", examples=[MODEL])
    stream: bool | None = Field(None, description="Whether to send events.", examples=[False])
    metadata: Metadata | None = Field(
        None, description="`locale` chooses the articles' locale.", examples=[{"locale": "ja-jp"}]
    )
    citedesk: ExtensionBody | None = Field(None, description="Settings that OpenAI's API has no place for.")
    tool_choice: JsonValue = Field(
        None, description="`auto` or `none`: no tool is ever called.", examples=["auto"]
    )


class ResponsesBody(OpenAIBody):
    """A request of the Responses API."""

    input: Input = Field(
        description="The question, or a conversation that ends with it.",
        examples=["Who can cancel a subscription?"],
    )
    previous_response_id: Annotated[AnyText, Field(max_length=100)] | None = Field(
        None, description="Goes on from an earlier answer.", examples=[None]
    )
    store: bool | None = Field(
        None, description="False: no later request can go on from this answer.", examples=[True]
    )
    text: JsonValue = Field(None, description="No format but text.", examples=[{"format": {"type": "text"}}])
    background: JsonValue = Field(None, examples=[False])
    conversation: JsonValue = Field(None, examples=[None])
    prompt: JsonValue = Field(None, examples=[None])


class StreamOptionsBody(LenientBody):
    """What a stream of chunks should hold besides."""

    include_usage: bool | None = Field(None, examples=[True])


class ChatBody(OpenAIBody):
    """A request of the Chat Completions API."""

    messages: Messages = Field(
        description="A conversation that ends with the question.",
        examples=[[{"role": "user", "content": "Who can cancel a subscription?"}]],
    )
    stream_options: StreamOptionsBody | None = None
    response_format: JsonValue = Field(None, examples=[{"type": "text"}])
    n: JsonValue = Field(None, examples=[1])
    logprobs: JsonValue = Field(None, examples=[False])
    modalities: JsonValue = Field(None, examples=[["text"]])


def refuse_unsupported(body: ResponsesBody | ChatBody) -> None:
    """Let pass what can be kept.

    Raises:
        Problem: model-not-found, or unsupported-parameter with the parameter's name.
    """
    if body.model != MODEL:
        raise _refusal("model", f"there is one model here: {MODEL}", model=True)
    if body.tool_choice not in (None, "auto", "none"):
        raise _refusal("tool_choice", "no tool is ever called: leave it out, or send auto or none")
    if isinstance(body, ResponsesBody):
        _refuse_of_responses(body)
    else:
        _refuse_of_chat(body)


def _refuse_of_responses(body: ResponsesBody) -> None:
    if not _is_plain(body.text.get("format") if isinstance(body.text, dict) else body.text):
        raise _refusal("text.format", "answers are quoted sentences: no format but text")
    if body.background not in (None, False):
        raise _refusal("background", "an answer comes at once or as a stream")
    if body.conversation is not None:
        raise _refusal("conversation", "go on with previous_response_id, or send the messages in input")
    if body.prompt is not None:
        raise _refusal("prompt", "there are no stored prompts: send the question in input")


def _refuse_of_chat(body: ChatBody) -> None:
    if not _is_plain(body.response_format):
        raise _refusal("response_format", "answers are quoted sentences: no format but text")
    if body.n not in (None, 1):
        raise _refusal("n", "there is one answer to a question")
    if body.logprobs not in (None, False):
        raise _refusal("logprobs", "quoted sentences have no token probabilities")
    if body.modalities not in (None, ["text"]):
        raise _refusal("modalities", "answers are text")


def _is_plain(form: object) -> bool:
    return form is None or (isinstance(form, dict) and form.get("type") == "text")


def _refusal(parameter: str, why: str, *, model: bool = False) -> Problem:
    kind = MODEL_NOT_FOUND if model else UNSUPPORTED_PARAMETER
    return Problem(kind, f"{parameter}: {why}", errors=[FieldError(field=parameter, message=why)])
