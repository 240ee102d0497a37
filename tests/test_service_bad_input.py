"""Whatever is sent: a problem that names what is wrong, never a 500."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.settings import Settings
from tests.service_app import JSON, Client, build_app

CLIENT = Client(build_app())
PROBLEM = "application/problem+json"


def send(body: bytes, path: str = "/v1/ask", headers: dict[str, str] | None = None) -> httpx.Response:
    return CLIENT.request("POST", path, content=body, headers=JSON if headers is None else headers)


def refused(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert response.headers["content-type"] == PROBLEM
    return response.status_code, body["type"], body["detail"]


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("", "question: String should have at least 1 character"),
        (" \t\n", "question: holds no visible character"),
        ("\u200b\u2060\u3000", "question: holds no visible character"),
        ("a" * 2001, "question: String should have at most 2000 characters"),
        ("a\0b", "question: holds a NUL character"),
        (7, "question: Input should be a valid string"),
        (True, "question: Input should be a valid string"),
        (None, "question: Input should be a valid string"),
        (["a"], "question: Input should be a valid string"),
        ({"a": "b"}, "question: Input should be a valid string"),
    ],
)
def test_a_question_that_is_empty_too_long_or_no_text_is_refused_by_name(question: object, why: str) -> None:
    assert refused(send(json.dumps({"question": question}).encode())) == (
        422,
        "/problems/invalid-request",
        why,
    )


def test_two_thousand_characters_are_taken_whatever_their_bytes() -> None:
    assert send(json.dumps({"question": "\U0001f600" * 2000}).encode()).status_code == 200


def test_a_lower_limit_of_the_settings_holds() -> None:
    client = Client(build_app(settings=Settings(question_max_chars=5)))
    response = client.post("/v1/search", {"query": "abcdef"})
    assert refused(response) == (
        422,
        "/problems/invalid-request",
        "the question has 6 characters; 5 are taken",
    )


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"more": 1}, "more"),
        ({"top_k": 0}, "top_k"),
        ({"top_k": 51}, "top_k"),
        ({"top_k": "5"}, "top_k"),
        ({"top_k": 5.0}, "top_k"),
        ({"top_k": True}, "top_k"),
        ({"locale": "not a tag"}, "locale"),
        ({"locale": 5}, "locale"),
        ({"history": [{"role": "user", "content": "a"}] * 21}, "history"),
        ({"history": [{"role": "system", "content": "a"}]}, "history.0.role"),
        ({"history": [{"role": "user", "content": "a" * 4001}]}, "history.0.content"),
        ({"history": [{"role": "user"}]}, "history.0.content"),
        ({"history": "a"}, "history"),
        ({"filters": {"roles": "admin"}}, "filters.roles"),
        ({"filters": {"role": ["admin"]}}, "filters.role"),
        ({"filters": {"articles": [1]}}, "filters.articles.0"),
        ({"filters": {"articles": ["*"] * 21}}, "filters.articles"),
        ({"filters": {"articles": ["a" * 201]}}, "filters.articles.0"),
    ],
)
def test_a_field_that_does_not_fit_is_named(fields: dict[str, object], where: str) -> None:
    response = CLIENT.post("/v1/ask", {"question": "outages", **fields})
    assert refused(response)[:2] == (422, "/problems/invalid-request")
    assert [error["field"] for error in response.json()["errors"]] == [where]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "byte 0 of the body is no UTF-8"),
        (b'{"question": "\xed\xa0\x80"}', "byte 14 of the body is no UTF-8"),
        ('{"question": "a"}'.encode("utf-16"), "byte 0 of the body is no UTF-8"),
        (b'{"question": "a"', "Expecting ',' delimiter at character 16"),
        (b'{"question": "a"} x', "Extra data at character 18"),
        (b'{"question": NaN}', "NaN is no JSON"),
        (b'{"top_k": -Infinity}', "-Infinity is no JSON"),
        (b'{"question": "a", "question": "b"}', "an object holds the same key twice"),
        (b'{"filters": {"roles": [], "roles": []}}', "an object holds the same key twice"),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32 levels"),
        (b'{"a":' * 100_000, "nested deeper than 32 levels"),
        (b'{"top_k": 123456789012345678901}', "a number has more than 20 digits"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(body: bytes, why: str) -> None:
    assert refused(send(body)) == (400, "/problems/malformed-json", why)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"3", b'"question"', b"[" * 32 + b"]" * 32])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    assert refused(send(body))[:2] == (422, "/problems/invalid-request")


def test_half_a_surrogate_pair_is_no_character() -> None:
    response = send(b'{"question": "\\ud83d"}')
    assert refused(response)[2] == "question: holds half of a surrogate pair, which is no character"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "json",
        "",
        "\x00",
    ],
)
def test_another_content_type_is_415(content_type: str) -> None:
    response = send(b'{"question": "outages"}', headers={"Content-Type": content_type})
    assert refused(response)[:2] == (415, "/problems/unsupported-type")


def test_no_content_type_is_415() -> None:
    assert send(b'{"question": "outages"}', headers={}).status_code == 415


def test_a_charset_may_be_named() -> None:
    named = {"Content-Type": 'Application/JSON; Charset="UTF-8"'}
    assert send(b'{"question": "outages"}', headers=named).status_code == 200


def test_a_body_beyond_the_limit_is_413_by_its_length_or_by_its_bytes() -> None:
    client = Client(build_app(settings=Settings(body_max_bytes=1024)))
    fits = b'{"question": "outages"}'.ljust(1024)
    assert client.request("POST", "/v1/ask", content=fits, headers=JSON).status_code == 200
    for headers in (JSON, {**JSON, "Content-Length": "5"}):
        response = client.request("POST", "/v1/ask", content=fits + b" ", headers=headers)
        assert refused(response) == (413, "/problems/body-too-large", "send at most 1024 bytes")
        assert response.headers["connection"] == "close"


def test_a_problem_stays_small_whatever_is_sent() -> None:
    response = send(json.dumps({"k" * 5000 + str(n): n for n in range(100)}).encode())
    assert refused(response)[:2] == (422, "/problems/invalid-request")
    assert len(response.json()["errors"]) == 10
    assert len(response.content) < 10_000


def test_no_problem_repeats_what_was_asked(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary7319"
    with caplog.at_level("DEBUG", logger="citedesk"):
        for body in (
            {"question": f"{canary} outages"},
            {"question": f"{canary}\0"},
            {"question": canary, "top_k": canary},
            {"question": canary, "history": [{"role": canary, "content": canary}]},
        ):
            response = CLIENT.post("/v1/ask", body)
            assert response.status_code == 200 or canary not in response.text
    printed = capfd.readouterr()
    assert canary not in printed.out + printed.err + caplog.text


anything = st.text(st.characters(codec=None), max_size=20)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(anything, children, max_size=4),
    max_leaves=12,
)
odd_bodies = st.fixed_dictionaries(
    {},
    optional={
        "question": json_values | st.text(),
        "query": json_values | st.text(),
        "locale": json_values | st.sampled_from(["ja-jp", "de", "sv", "zh_HK"]),
        "history": json_values
        | st.lists(st.fixed_dictionaries({"role": json_values, "content": json_values})),
        "filters": json_values | st.fixed_dictionaries({"roles": json_values}),
        "top_k": json_values,
        "conversation": json_values,
        "id": json_values,
        "rating": json_values | st.sampled_from(["up", "down"]),
        "reasons": json_values | st.lists(st.sampled_from(["outdated", "other", "none"])),
        "answer": json_values,
        "note": json_values | anything,
        "x": json_values,
    },
)
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda v: json.dumps(v).encode())
    | odd_bodies.map(lambda v: json.dumps(v).encode())
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(
            ["application/json", "text/plain", "application/json; charset=x", ";"]
        ),
        "Accept-Language": st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30),
        "Content-Length": st.sampled_from(["0", "-1", "x", "9" * 30]),
        "If-None-Match": st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=10),
    },
)
paths = st.sampled_from(
    [
        "/v1/ask",
        "/v1/search",
        "/v1/feedback",
        "/v1/handover",
        "/v1/locales",
        "/health/live",
        "/health/ready",
        "/",
        "/demo/demo.js",
        "/openapi.json",
    ]
) | st.builds(
    lambda route, rest: route + quote(rest),
    st.sampled_from(["/v1/passages/", "/demo/", "/", "/v1/"]),
    st.binary(max_size=30),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"]),
    paths,
    bodies,
    headers,
)
def test_junk_never_gives_a_fault_and_every_error_is_a_problem(
    method: str, path: str, body: bytes, header: dict[str, str]
) -> None:
    encoded = {name: value.encode("latin-1") for name, value in header.items()}
    response = CLIENT.request(method, path, content=body, headers=encoded)
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.headers["content-type"] == PROBLEM
        assert method == "HEAD" or response.json()["status"] == response.status_code


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=50), st.sampled_from(["/v1/ask", "/v1/search"]))
def test_any_visible_text_is_a_question(text: str, path: str) -> None:
    field = "question" if path == "/v1/ask" else "query"
    response = CLIENT.post(path, {field: text + "?"})
    assert response.status_code == (422 if "\0" in text else 200)
