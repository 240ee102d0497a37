"""Session tokens: only what this service signed, and only for its time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.session_tokens import Session, TokenExpired, TokenInvalid, is_token, read_session, sign_session

SECRET = "an-invented-secret-of-32-letters"
SESSION = Session("0123456789ab", "https://help.example", 1_000)
TOKEN = sign_session(SESSION, secret=SECRET)


def test_a_token_says_what_was_signed_until_its_second_comes() -> None:
    assert read_session(TOKEN, secret=SECRET, now_s=999.9) == SESSION
    for late in (1_000.0, 1_000_000.0):
        with pytest.raises(TokenExpired):
            read_session(TOKEN, secret=SECRET, now_s=late)


def test_the_signature_is_hmac_sha256_over_the_payload_and_its_use() -> None:
    payload, signature = TOKEN.removeprefix("st_").split(".")
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == [
        SESSION.key_id,
        SESSION.origin,
        SESSION.expires_s,
    ]
    signed = b"citedesk widget session 1\n" + payload.encode()
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected


def test_another_secret_signs_nothing_that_is_believed() -> None:
    with pytest.raises(TokenInvalid):
        read_session(sign_session(SESSION, secret=SECRET + "x"), secret=SECRET, now_s=0)


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_a_token_with_any_other_character_is_invalid(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    if changed != TOKEN:
        with pytest.raises(TokenInvalid):
            read_session(changed, secret=SECRET, now_s=0)


def test_an_expired_token_that_was_changed_is_invalid_and_not_expired() -> None:
    payload = base64.urlsafe_b64encode(b'["0123456789ab", "https://evil.example", 1]').rstrip(b"=").decode()
    with pytest.raises(TokenInvalid):
        read_session(f"st_{payload}.{TOKEN.split('.')[1]}", secret=SECRET, now_s=9_999)


@given(st.text() | st.from_regex(r"st_[A-Za-z0-9_-]{0,900}\.[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_text_is_anything_but_a_token_or_invalid(text: str) -> None:
    with pytest.raises(TokenInvalid):
        read_session(text, secret=SECRET, now_s=0)
    assert not is_token(text) or len(text) <= 3 + 800 + 1 + 43
