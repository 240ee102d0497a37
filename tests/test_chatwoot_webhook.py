"""Which deliveries are believed, and which messages wait for the bot."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.datastructures import Headers

from service.chatwoot_client import Place
from service.chatwoot_webhook import (
    IncomingMessage,
    MessageBody,
    SignatureError,
    check_signature,
    read_message,
)
from tests.chatwoot_server import DELIVERED_AT, SECRET, delivery, signed

BODY = b'{"event":"message_created","id":311}'
NOW = datetime.fromtimestamp(DELIVERED_AT, tz=UTC)


def check(headers: dict[str, str], body: bytes = BODY, *, now: datetime = NOW) -> None:
    check_signature(Headers(headers), body, secret=SECRET.encode(), now=now)


def read(event: dict[str, Any]) -> IncomingMessage | None:
    return read_message(MessageBody.model_validate(event))


def test_a_signature_is_the_one_that_openssl_makes() -> None:
    # printf '1718020800.%s' "$BODY" | openssl dgst -sha256 -hmac bot-secret-6c1f
    mac = "76615ed79c7e2de00a9c6c01ac431e32b07eabc7a6e71c7e51b2cfdefa4c59ac"
    check({"X-Chatwoot-Timestamp": "1718020800", "X-Chatwoot-Signature": f"sha256={mac}"})


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_delivery_is_believed_within_five_minutes(seconds: int) -> None:
    check(signed(BODY, at=DELIVERED_AT + seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_old_delivery_is_refused(seconds: int) -> None:
    with pytest.raises(SignatureError, match="too old"):
        check(signed(BODY, at=DELIVERED_AT + seconds))


@pytest.mark.parametrize("header", ["X-Chatwoot-Signature", "X-Chatwoot-Timestamp"])
def test_a_delivery_without_signature_is_refused_and_says_which_chatwoot_signs(header: str) -> None:
    headers = signed(BODY, at=DELIVERED_AT)
    del headers[header]
    with pytest.raises(SignatureError, match=r"Chatwoot 4\.13 or newer"):
        check(headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Chatwoot-Timestamp": str(DELIVERED_AT + 1)},
        {"X-Chatwoot-Signature": "sha256=" + "0" * 64},
        {"X-Chatwoot-Signature": "é" * 71},
        {"X-Chatwoot-Signature": "sha256="},
    ],
)
def test_a_changed_header_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(SignatureError, match="does not fit"):
        check({**signed(BODY, at=DELIVERED_AT), **changes})


def test_a_changed_body_or_another_secret_is_refused() -> None:
    with pytest.raises(SignatureError, match="does not fit"):
        check(signed(BODY, at=DELIVERED_AT), BODY + b" ")
    with pytest.raises(SignatureError, match="does not fit"):
        check(signed(BODY, at=DELIVERED_AT, secret="another"))


@pytest.mark.parametrize("at", ["soon", "-5", "1e9", "1718020800.5", "9" * 400])
def test_a_timestamp_that_is_no_number_is_refused_however_it_is_signed(at: str) -> None:
    with pytest.raises(SignatureError, match="no number of seconds"):
        check(signed(BODY, at=at))


def test_a_message_of_a_contact_is_read() -> None:
    assert read(delivery("  How much?\n")) == IncomingMessage(Place(3, 42), 311, "How much?", ("en",))


@pytest.mark.parametrize("message_type", ["outgoing", "activity", "template", 1, 2, 3])
def test_what_the_desk_and_its_automations_say_is_left_alone(message_type: object) -> None:
    assert read(delivery(message_type=message_type)) is None


def test_the_number_of_the_type_is_read_too() -> None:
    assert read(delivery(message_type=0)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"private": True},
        {"sender__type": "agent_bot"},
        {"sender__type": "user"},
        {"conversation__status": "open"},
        {"conversation__status": "resolved"},
        {"conversation__status": "snoozed"},
        {"conversation__status": None},
        {"content": None},
        {"content": " \n"},
        {"content_type": "input_select"},
        {"content_type": "form"},
    ],
)
def test_notes_bots_open_conversations_forms_and_files_alone_are_left_alone(changes: dict[str, Any]) -> None:
    assert read(delivery(**changes)) is None


def test_an_email_is_read() -> None:
    assert read(delivery(content_type="incoming_email")) is not None


def test_a_file_with_words_is_read_by_its_words() -> None:
    event = delivery("See the picture")
    event["attachments"] = [{"id": 1, "file_type": "image", "data_url": "https://files.example/1"}]
    message = read(event)
    assert message is not None
    assert message.text == "See the picture"


def test_languages_stand_in_the_order_in_which_they_are_believed() -> None:
    message = read(
        delivery(
            conversation__custom_attributes={"language": "pt_BR", "plan": "gold"},
            sender__custom_attributes={"locale": "ja", "language": 7},
            conversation__additional_attributes={"browser_language": "de", "conversation_language": "fr"},
            sender__additional_attributes={"browser_language": "de"},
        )
    )
    assert message is not None
    assert message.languages == ("pt-BR", "ja", "fr", "de")


def test_a_message_without_any_language_is_read() -> None:
    message = read(delivery(conversation__additional_attributes=None, sender=None))
    assert message is not None
    assert message.languages == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 0},
        {"id": "311"},
        {"id": 2**63},
        {"account__id": -1},
        {"account__id": "3/../../4"},
        {"conversation__id": None},
        {"conversation__id": 4.5},
        {"content": ["a"]},
        {"content": "a\0b"},
        {"private": "no"},
        {"account": None},
    ],
)
def test_a_message_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(delivery(**changes))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(delivery())), JSON_VALUES)
def test_whatever_stands_in_a_field_is_read_or_refused(name: str, value: object) -> None:
    event = {**delivery(), name: value}
    try:
        message = read(json.loads(json.dumps(event)))
    except ValidationError:
        return
    assert message is None or message.text == message.text.strip() != ""
