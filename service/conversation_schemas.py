"""The bodies of what follows an answer: feedback, and handing over to a person."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from service.exchanges import FeedbackReason, Rating
from service.request_texts import AnswerId, ContactText, Id, NoteText
from service.schemas import TURNS_MAX, RequestBody, TurnBody

REASONS_MAX = 5


class FeedbackBody(RequestBody):
    """What a reader thinks of an answer; the last word on an answer counts."""

    id: AnswerId = Field(
        description="That of the answer; with `resp_` or `chatcmpl-` before it, too.",
        examples=["6f1e0c7d3a5b4f0e9a1d2c3b4a5f6e7d"],
    )
    rating: Rating = Field(examples=["down"])
    reasons: Annotated[list[FeedbackReason], Field(max_length=REASONS_MAX)] = Field(
        default_factory=list, examples=[["not_answered"]]
    )
    note: NoteText | None = Field(None, examples=["It is about seats, I asked about devices."])


class FeedbackReply(BaseModel):
    """What is kept of the feedback."""

    id: str = Field(examples=["6f1e0c7d3a5b4f0e9a1d2c3b4a5f6e7d"])
    rating: Rating = Field(examples=["down"])
    reasons: list[FeedbackReason] = Field(description="Without repeats.", examples=[["not_answered"]])
    note_kept: bool = Field(description="False where the service keeps no words of users.", examples=[True])


class HandoverBody(RequestBody):
    """A wish to be helped by a person: after this answer, or in this conversation."""

    answer: AnswerId | None = Field(None, examples=["6f1e0c7d3a5b4f0e9a1d2c3b4a5f6e7d"])
    conversation: Id | None = Field(None, examples=["0b9f6c0d2e1a4c3b8d7e6f5a4b3c2d1e"])
    note: NoteText | None = Field(
        None, description="Passed on, never stored.", examples=["The customer waits on the phone."]
    )
    contact: ContactText | None = Field(
        None, description="How to reach the reader; passed on, never stored.", examples=["kim@example.com"]
    )
    history: Annotated[list[TurnBody], Field(max_length=TURNS_MAX)] = Field(
        default_factory=list,
        description="The turns to pass on, oldest first; the service itself may keep no words.",
        examples=[[{"role": "user", "content": "How do I add a seat to a subscription?"}]],
    )

    @model_validator(mode="after")
    def _name_something(self) -> Self:
        if self.answer is None and self.conversation is None:
            raise ValueError("name an answer or a conversation")
        return self


class HandoverReply(BaseModel):
    """The operator's system has taken the hand-over."""

    id: str = Field(description="That of the hand-over.", examples=["3c2d1e0b9f6c0d2e1a4c3b8d7e6f5a4b"])
