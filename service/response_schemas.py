"""What `/v1/responses` gives: a response of OpenAI's form, and the events of one that is streamed.

Of OpenAI's fields those are here that its client reads; what has no meaning here is constant.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from service.schemas import AskReply

ITEM_ID = "msg_6f1e0c7d3a5b4f0e9a1d2c3b4a5f6e7d"
SENTENCE = "Ein Abonnement kann in den ersten sieben Tagen gekündigt werden."

Status = Literal["in_progress", "completed", "failed"]


class UrlCitation(BaseModel):
    """Where a sentence comes from: `text[start_index:end_index]`, in code points, without its number."""

    type: Literal["url_citation"] = Field("url_citation", examples=["url_citation"])
    start_index: int = Field(examples=[0])
    end_index: int = Field(description="Exclusive.", examples=[64])
    url: str = Field(examples=["https://example.com/de-de/partner-help/seats#cancel"])
    title: str = Field(examples=["Plätze verwalten"])
    number: int = Field(description="That of `citedesk.citations`.", examples=[1])


class OutputText(BaseModel):
    """The text of an answer."""

    type: Literal["output_text"] = Field("output_text", examples=["output_text"])
    text: str = Field(examples=[f"{SENTENCE}[1]"])
    annotations: list[UrlCitation]
    logprobs: list[str] = Field(default_factory=list, description="Always empty.", examples=[[]])


class OutputMessage(BaseModel):
    """The one item of an answer."""

    id: str = Field(examples=[ITEM_ID])
    type: Literal["message"] = Field("message", examples=["message"])
    role: Literal["assistant"] = Field("assistant", examples=["assistant"])
    status: Literal["in_progress", "completed", "incomplete"] = Field(examples=["completed"])
    content: list[OutputText]


class ResponseError(BaseModel):
    """Why there is no answer, or not all of it."""

    code: Literal["server_error", "invalid_prompt"] = Field(examples=["server_error"])
    message: str = Field(examples=["no answer within 10 s"])


class TextFormat(BaseModel):
    """The one format of answers."""

    type: Literal["text"] = Field("text", examples=["text"])


class TextOptions(BaseModel):
    """How answers are written."""

    format: TextFormat = TextFormat()


class ResponseReply(BaseModel):
    """An answer in the form of OpenAI's Responses API; `citedesk` is that of `/v1/ask`."""

    id: str = Field(examples=["resp_6f1e0c7d3a5b4f0e9a1d2c3b4a5f6e7d"])
    object: Literal["response"] = Field("response", examples=["response"])
    created_at: int = Field(description="Seconds since 1970.", examples=[1_717_228_800])
    completed_at: int | None = Field(examples=[1_717_228_800])
    status: Status = Field(examples=["completed"])
    error: ResponseError | None = Field(examples=[None])
    incomplete_details: None = Field(None, examples=[None])
    instructions: None = Field(None, description="Instructions have no effect.", examples=[None])
    max_output_tokens: None = Field(None, examples=[None])
    metadata: dict[str, str] = Field(examples=[{"locale": "de-de"}])
    model: str = Field(examples=["citedesk"])
    output: list[OutputMessage]
    parallel_tool_calls: bool = Field(False, examples=[False])
    previous_response_id: str | None = Field(examples=[None])
    store: bool = Field(description="Whether a later request can go on from it.", examples=[True])
    temperature: None = Field(None, examples=[None])
    text: TextOptions = TextOptions()
    tool_choice: Literal["none"] = Field("none", examples=["none"])
    tools: list[str] = Field(default_factory=list, description="Always empty.", examples=[[]])
    top_p: None = Field(None, examples=[None])
    truncation: Literal["disabled"] = Field("disabled", examples=["disabled"])
    usage: None = Field(None, description="No tokens are counted.", examples=[None])
    citedesk: AskReply | None = Field(description="Null until the answer is complete.")


class Event(BaseModel):
    """What all events have; `sequence_number` starts at 0."""

    type: str
    sequence_number: int


class ResponseEvent(Event):
    """`response.created`, `.in_progress`, `.completed`, `.failed`."""

    response: ResponseReply


class ItemEvent(Event):
    """`response.output_item.added` and `.done`."""

    output_index: int = 0
    item: OutputMessage


class TextEvent(Event):
    """What events of the answer's text have in common."""

    item_id: str
    output_index: int = 0
    content_index: int = 0


class PartEvent(TextEvent):
    """`response.content_part.added` and `.done`."""

    part: OutputText


class DeltaEvent(TextEvent):
    """`response.output_text.delta`: one more sentence."""

    delta: str
    logprobs: list[str] = []


class AnnotationEvent(TextEvent):
    """`response.output_text.annotation.added`."""

    annotation_index: int
    annotation: UrlCitation


class TextDoneEvent(TextEvent):
    """`response.output_text.done`: the whole text."""

    text: str
    logprobs: list[str] = []
