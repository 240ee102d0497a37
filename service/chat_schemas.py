"""What `/v1/chat/completions` gives, whole or in chunks, and what `/v1/models` lists."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from service.problems import OpenAIError
from service.response_schemas import SENTENCE
from service.schemas import AskReply

COMPLETION_ID = "chatcmpl-6f1e0c7d3a5b4f0e9a1d2c3b4a5f6e7d"
CREATED = 1_717_228_800


class ChatUrl(BaseModel):
    """Where a sentence comes from: `content[start_index:end_index]`, in code points."""

    start_index: int = Field(examples=[0])
    end_index: int = Field(description="Exclusive.", examples=[64])
    url: str = Field(examples=["https://example.com/de-de/partner-help/seats#cancel"])
    title: str = Field(examples=["Plätze verwalten"])


class ChatAnnotation(BaseModel):
    """A citation of a message; `index` is its place in the list, as chunks need it."""

    index: int = Field(examples=[0])
    type: Literal["url_citation"] = Field("url_citation", examples=["url_citation"])
    url_citation: ChatUrl


class ChatMessage(BaseModel):
    """The answer, with its sources as lines at its end."""

    role: Literal["assistant"] = Field("assistant", examples=["assistant"])
    content: str = Field(examples=[f"{SENTENCE}[1]"])
    refusal: None = Field(None, examples=[None])
    annotations: list[ChatAnnotation]


class ChatChoice(BaseModel):
    """The one answer."""

    index: int = Field(0, examples=[0])
    message: ChatMessage
    finish_reason: Literal["stop"] = Field("stop", examples=["stop"])
    logprobs: None = Field(None, examples=[None])


class ChatUsage(BaseModel):
    """No tokens are counted."""

    prompt_tokens: int = Field(0, examples=[0])
    completion_tokens: int = Field(0, examples=[0])
    total_tokens: int = Field(0, examples=[0])


class ChatReply(BaseModel):
    """An answer in the form of OpenAI's Chat Completions API; `citedesk` is that of `/v1/ask`."""

    id: str = Field(examples=[COMPLETION_ID])
    object: Literal["chat.completion"] = Field("chat.completion", examples=["chat.completion"])
    created: int = Field(description="Seconds since 1970.", examples=[CREATED])
    model: str = Field(examples=["citedesk"])
    choices: list[ChatChoice]
    usage: ChatUsage = ChatUsage()
    citedesk: AskReply


class RoleDelta(BaseModel):
    """The first chunk says who speaks."""

    role: Literal["assistant"] = "assistant"
    content: str = ""


class ContentDelta(BaseModel):
    """One more sentence, or the sources at the end."""

    content: str


class AnnotationsDelta(BaseModel):
    """Where the sentence before comes from."""

    annotations: list[ChatAnnotation]


class EmptyDelta(BaseModel):
    """The last chunk of an answer adds no text."""


class ChunkChoice(BaseModel):
    """A piece of the one answer."""

    index: int = 0
    delta: RoleDelta | ContentDelta | AnnotationsDelta | EmptyDelta
    finish_reason: Literal["stop"] | None = None
    logprobs: None = None


class ChatChunk(BaseModel):
    """A piece of an answer."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]


class LastChatChunk(ChatChunk):
    """The end of an answer, with the fields of `/v1/ask`."""

    citedesk: AskReply


class UsageChunk(ChatChunk):
    """What a client gets that asked for the usage."""

    usage: ChatUsage = ChatUsage()


class ErrorChunk(BaseModel):
    """Why an answer broke off."""

    error: OpenAIError


class ModelReply(BaseModel):
    """The one model."""

    id: str = Field(examples=["citedesk"])
    object: Literal["model"] = Field("model", examples=["model"])
    created: int = Field(description="When the index was built, seconds since 1970.", examples=[CREATED])
    owned_by: str = Field(examples=["citedesk"])


class ModelsReply(BaseModel):
    """The models that can be asked."""

    object: Literal["list"] = Field("list", examples=["list"])
    data: list[ModelReply]
