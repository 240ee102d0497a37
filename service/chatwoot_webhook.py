"""What Chatwoot sends to an agent bot: who sent it, and which message asks for an answer.

Each delivery is signed: `X-Chatwoot-Signature` is `sha256=` and the hex HMAC-SHA256 of
`TIMESTAMP.BODY` with the bot's secret, `X-Chatwoot-Timestamp` the seconds since 1970. Chatwoot signs
for agent bots since 4.13 (its pull request 13892). An old delivery is refused; the same one again is
known by the number of its message, which the signature covers, unlike the header with its id.

A message asks for an answer when a contact wrote it, in a conversation that waits for the bot
(`pending`); what people of the desk, bots and automations write doesn't, nor do notes, forms, and
files without words.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated

from pydantic import Field, JsonValue

from service.chatwoot_client import Place
from service.openai_requests import LenientBody
from service.request_texts import AnyText

SIGNATURE_HEADER = "X-Chatwoot-Signature"
TIMESTAMP_HEADER = "X-Chatwoot-Timestamp"
# Chatwoot's own advice; its retries carry a new timestamp.
TOLERANCE = timedelta(minutes=5)
TIMESTAMP_MAX_DIGITS = 12

# Chatwoot's numbers are 64 bits wide.
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class SignatureError(Exception):
    """The delivery does not come from the bot's own Chatwoot, or is too old; the message says which."""


class NamedBody(LenientBody):
    """Anything with a number of its own."""

    id: Number = Field(examples=[1])


class ConversationBody(NamedBody):
    """The conversation of a message; `id` is its number within the account."""

    status: AnyText | None = Field(None, examples=["pending"])
    additional_attributes: JsonValue = Field(None, examples=[{"browser_language": "de"}])
    custom_attributes: JsonValue = Field(None, examples=[{"language": "de"}])


class SenderBody(LenientBody):
    """Who wrote a message; a contact's `type` is absent in some versions."""

    type: AnyText | None = Field(None, examples=["contact"])
    additional_attributes: JsonValue = Field(None, examples=[{}])
    custom_attributes: JsonValue = Field(None, examples=[{"language": "de"}])


class EventBody(LenientBody):
    """What every delivery holds."""

    event: AnyText = Field(examples=["message_created"])


class MessageBody(EventBody):
    """The delivery of a message, as far as it is read."""

    id: Number = Field(examples=[311])
    content: AnyText | None = Field(None, examples=["Wie kündige ich ein Abonnement?"])
    message_type: AnyText | int = Field(examples=["incoming"])
    content_type: AnyText | None = Field(None, examples=["text"])
    private: bool | None = Field(None, examples=[False])
    sender: SenderBody | None = None
    conversation: ConversationBody
    account: NamedBody


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A contact's words that wait for an answer.

    `languages` are the tags that the conversation names, the most telling first, unchecked.
    """

    place: Place
    id: int
    text: str
    languages: tuple[str, ...]


def check_signature(headers: Mapping[str, str], body: bytes, *, secret: bytes, now: datetime) -> None:
    """Let pass what was signed with `secret` not long before `now`; `headers` by any case of letters.

    Raises:
        SignatureError
    """
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    signature = headers.get(SIGNATURE_HEADER, "")
    if not timestamp or not signature:
        raise SignatureError(f"{SIGNATURE_HEADER} and {TIMESTAMP_HEADER} are needed: Chatwoot 4.13 or newer")
    expected = "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise SignatureError("the signature does not fit: compare the bot's secret in Chatwoot")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= TIMESTAMP_MAX_DIGITS):
        raise SignatureError(f"{TIMESTAMP_HEADER} is no number of seconds")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise SignatureError("the delivery is too old, or one of the clocks is wrong")


def read_message(body: MessageBody) -> IncomingMessage | None:
    """The message that wants an answer, None where this is another one."""
    sender = body.sender or SenderBody()
    text = (body.content or "").strip()
    wanted = (
        body.message_type in ("incoming", 0)
        and not body.private
        and sender.type in (None, "contact")
        and body.content_type in (None, "text", "incoming_email")
        and body.conversation.status == "pending"
        and text
    )
    if not wanted:
        return None
    place = Place(account=body.account.id, conversation=body.conversation.id)
    return IncomingMessage(place, body.id, text, _languages(body.conversation, sender))


def _languages(conversation: ConversationBody, sender: SenderBody) -> tuple[str, ...]:
    """What the desk noted, then what Chatwoot found out, then the browser's language."""
    named = (
        *(_named(conversation.custom_attributes, key) for key in ("language", "locale")),
        *(_named(sender.custom_attributes, key) for key in ("language", "locale")),
        _named(conversation.additional_attributes, "conversation_language"),
        _named(conversation.additional_attributes, "browser_language"),
        _named(sender.additional_attributes, "browser_language"),
    )
    # Chatwoot's own names of its locales have an underscore: pt_BR.
    return tuple(dict.fromkeys(name.replace("_", "-") for name in named if name))


def _named(attributes: JsonValue, key: str) -> str | None:
    value = attributes.get(key) if isinstance(attributes, dict) else None
    return value if isinstance(value, str) else None
