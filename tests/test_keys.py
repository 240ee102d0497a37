"""Keys: their text, what is kept of it, and when they work."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.keys import (
    EVERYDAY_SCOPES,
    Key,
    KeyFault,
    KeyRing,
    Scope,
    digest_of,
    is_key,
    make_key,
    new_ring,
)
from service.origins import normalise_origin
from service.rates import Rate, parse_rate
from tests.access import NOW, PAGE, KeysInMemory


def made(**asked: object) -> tuple[str, Key]:
    fields: dict[str, object] = {
        "scopes": EVERYDAY_SCOPES, "origins": (), "rate": None, "total_rate": None, "expires": None,
    }  # fmt: skip
    return make_key("helpdesk", **{**fields, **asked}, now=NOW)  # type: ignore[arg-type]  # real names


def test_a_key_is_its_id_and_a_secret_of_256_bits_of_which_only_the_digest_is_kept() -> None:
    text, key = made()
    kind, key_id, secret = text.split("_", 2)
    assert (kind, key_id) == ("ck", key.id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert secret not in repr(key)
    assert key.digest == digest_of(text)


def test_the_digest_is_sha256_of_the_whole_text() -> None:
    # From the standard's own example, FIPS 180-2 B.1.
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_key_with_origins_is_publishable_and_says_so() -> None:
    text, key = made(origins=[PAGE, PAGE])
    assert text.startswith(f"pk_{key.id}_")
    assert (key.publishable, key.origins) == (True, (PAGE,))
    assert not made()[1].publishable


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"scopes": []}, "at least one scope of ask, search, feedback, admin"),
        ({"scopes": [Scope.SESSION]}, "at least one scope of ask, search, feedback, admin"),
        ({"scopes": [Scope.ADMIN], "origins": [PAGE]}, "can't have scope admin"),
        ({"total_rate": "5/minute"}, "give --origin, or --rate alone"),
        ({"expires": date(2026, 3, 13)}, "2026-03-13 is in the past"),
    ],
)
def test_what_no_key_can_be_is_refused_with_its_reason(asked: dict[str, object], why: str) -> None:
    with pytest.raises(KeyFault, match=why):
        made(**asked)


def test_a_key_is_recognised_among_others_and_a_changed_one_is_not() -> None:
    keys = KeysInMemory()
    first, first_key = keys.add("first")
    second, second_key = keys.add("second")
    assert keys.keys is not None
    assert keys.keys.recognise(first) == first_key
    assert keys.keys.recognise(second) == second_key
    assert keys.keys.recognise(first[:-1] + ("A" if first[-1] != "A" else "B")) is None
    assert keys.keys.recognise(f"ck_{second_key.id}_{first.split('_', 2)[2]}") is None
    assert keys.keys.recognise(first.replace("ck_", "pk_")) is None
    assert keys.keys.recognise(first_key.digest) is None


def test_a_key_works_to_the_end_of_its_last_day_in_utc() -> None:
    _, key = made(expires=date(2026, 3, 20))
    assert key.why_unusable(datetime(2026, 3, 20, 23, 59, 59, tzinfo=UTC)) is None
    midnight = datetime(2026, 3, 21, tzinfo=UTC)
    assert key.why_unusable(midnight) == "the key expired after 2026-03-20"
    elsewhere = datetime.fromisoformat("2026-03-20T23:30:00-01:00")
    assert key.why_unusable(elsewhere) == "the key expired after 2026-03-20"


def test_a_revoked_key_keeps_its_first_date_and_the_others_stay() -> None:
    keys = KeysInMemory()
    _, first = keys.add("first")
    _, second = keys.add("second")
    assert keys.keys is not None
    once = keys.keys.without(first.id, now=NOW)
    twice = once.without(first.id, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert twice == KeyRing((replace(first, revoked=NOW), second), keys.keys.token_secret)
    assert twice.keys[0].why_unusable(NOW) == "the key was revoked on 2026-03-14"
    with pytest.raises(KeyFault, match="there is no key '123'"):
        once.without("123", now=NOW)


def test_each_ring_signs_with_a_secret_of_its_own() -> None:
    assert new_ring().token_secret != new_ring().token_secret
    assert len(new_ring().token_secret) == 43


@given(st.text() | st.from_regex(r"(ck|pk)_[0-9a-f]{11,13}_[A-Za-z0-9_-]{42,44}\s?"))
def test_no_other_text_is_recognised(text: str) -> None:
    keys = KeysInMemory()
    keys.add()
    assert keys.keys is not None
    assert keys.keys.recognise(text) is None
    assert not (is_key(text) and len(text) != 59)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://help.example", "https://help.example"),
        ("HTTPS://Help.Example:443", "https://help.example"),
        ("http://help.example:80", "http://help.example"),
        ("http://help.example:443", "http://help.example:443"),
        ("https://help.example:08443", "https://help.example:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--hlfe-5qa.example", "https://xn--hlfe-5qa.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(text: str, origin: str) -> None:
    assert normalise_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "null", "help.example", "https://", "https://*.help.example", "https://help.example/",
        "https://help.example/page", "https://me@help.example", "ftp://help.example",
        "https://help.example:65536", "https://help.example:", "https://hälp.example",
        "https://help.example\n", "https://help.example https://other.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an origin is a scheme, a host and maybe a port"):
        normalise_origin(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("1/second", Rate(1, 1)), ("60/minute", Rate(60, 60)), ("500/hour", Rate(500, 3600)),
     ("9999999/day", Rate(9_999_999, 86_400))],
)  # fmt: skip
def test_a_rate_is_a_count_and_a_period(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "60", "0/minute", "-1/minute", "60/week", "60 / minute", "1e3/day", "٣/day"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="60/minute"):
        parse_rate(text)
