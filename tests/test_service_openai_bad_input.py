"""Whatever is sent in OpenAI's form: an error that its clients can read, never a 500."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from service.settings import Settings
from tests.service_app import JSON, Client, build_app
from tests.test_service_bad_input import anything, json_values

CLIENT = Client(build_app())
OUTAGES = "May the vendor write about outages?"
RESPONSES = "/v1/responses"
CHAT = "/v1/chat/completions"


def error_of(response: httpx.Response) -> tuple[int, str | None, str]:
    """Status, parameter and code, once both forms are checked to agree."""
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    assert problem["error"]["message"] == problem["detail"]
    assert problem["type"] == "/problems/" + problem["error"]["code"].replace("_", "-")
    return response.status_code, problem["error"]["param"], problem["error"]["code"]


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"input": ""}, "input"),
        ({"input": " \t"}, "input"),
        ({"input": "a" * 2001}, "input"),
        ({"input": "a\0b"}, "input"),
        ({"input": 7}, "input"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": [{"role": "user", "content": "a"}] * 2001}, "input"),
        ({"input": [7]}, "input.0"),
        ({"input": [{"role": "user", "content": 7}]}, "input.0.content"),
        ({"input": [{"role": "user", "content": [{"text": "a"}]}]}, "input.0.content.0.type"),
        ({"input": [{"role": "user", "content": [{"type": "text", "text": " "}]}]}, "input"),
        ({"input": [{"role": "user"}]}, "input"),
        ({"input": [{"role": "system", "content": "a"}]}, "input"),
        ({"input": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "input"),
        ({"input": [{"type": "item_reference", "id": "a"}]}, "input"),
        ({"model": 7}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"store": 1}, "store"),
        ({"previous_response_id": 7}, "previous_response_id"),
        ({"previous_response_id": "a" * 101}, "previous_response_id"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": {"a": "b" * 513}}, "metadata.a"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"metadata": {"locale": "not a tag"}}, "metadata.locale"),
        ({"citedesk": {"locale": "not a tag"}}, "citedesk.locale"),
        ({"citedesk": {"local": "ja"}}, "citedesk.local"),
        ({"citedesk": {"filters": {"role": []}}}, "citedesk.filters.role"),
        ({"citedesk": {"top_k": 0}}, "citedesk.top_k"),
    ],
)
def test_a_field_that_does_not_fit_is_named(fields: dict[str, object], parameter: str) -> None:
    response = CLIENT.post(RESPONSES, {"input": OUTAGES, **fields})
    assert error_of(response) == (400, parameter, "invalid_request")
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("path", "fields", "parameter"),
    [
        (RESPONSES, {"tool_choice": "required"}, "tool_choice"),
        (CHAT, {"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
        (RESPONSES, {"text": {"format": {"type": "json_schema"}}}, "text.format"),
        (RESPONSES, {"text": {"format": {"type": "json_object"}}}, "text.format"),
        (RESPONSES, {"text": "json"}, "text.format"),
        (RESPONSES, {"background": True}, "background"),
        (RESPONSES, {"conversation": "conv_1"}, "conversation"),
        (RESPONSES, {"prompt": {"id": "pmpt_1"}}, "prompt"),
        (CHAT, {"response_format": {"type": "json_object"}}, "response_format"),
        (CHAT, {"n": 2}, "n"),
        (CHAT, {"logprobs": True}, "logprobs"),
        (CHAT, {"modalities": ["text", "audio"]}, "modalities"),
        (RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input"),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
    ],
)
def test_what_would_promise_something_that_is_not_kept_is_refused(
    path: str, fields: dict[str, object], parameter: str
) -> None:
    body = {"input": OUTAGES, "messages": [{"role": "user", "content": OUTAGES}], **fields}
    assert error_of(CLIENT.post(path, body)) == (400, parameter, "unsupported_parameter")


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_choice": "none", "tools": [{"type": "function"}]},
        {"text": {"format": {"type": "text"}, "verbosity": "low"}, "background": False},
        {"response_format": {"type": "text"}, "n": 1, "logprobs": False, "modalities": ["text"]},
        {"temperature": "hot", "top_p": -1, "max_output_tokens": 1, "seed": {}, "stop": ["."]},
        {"stream": None, "store": None, "metadata": None, "citedesk": None, "stream_options": None},
        {"made_up_by_a_client": {"a": [1, 2]}},
    ],
)
def test_what_only_tunes_a_language_model_is_let_through(fields: dict[str, object]) -> None:
    body = {"input": OUTAGES, "messages": [{"role": "user", "content": OUTAGES}], **fields}
    for path in (RESPONSES, CHAT):
        assert CLIENT.post(path, body).status_code == 200


def test_what_is_refused_before_the_route_has_the_same_form() -> None:
    def send(body: bytes, **options: Any) -> tuple[int, str | None, str]:
        return error_of(CLIENT.request("POST", RESPONSES, content=body, **options))

    assert send(b"{", headers=JSON) == (400, None, "malformed_json")
    assert send(b"{}", headers={"Content-Type": "text/plain"}) == (415, None, "unsupported_type")
    small = Client(build_app(settings=Settings(body_max_bytes=1024)))
    assert error_of(small.request("POST", CHAT, content=b" " * 1025)) == (413, None, "body_too_large")
    assert error_of(CLIENT.get(RESPONSES)) == (405, None, "method_not_allowed")
    assert error_of(CLIENT.get("/v1/responses/resp_1")) == (404, None, "not_found")


def test_a_lower_limit_of_the_settings_holds() -> None:
    client = Client(build_app(settings=Settings(question_max_chars=5)))
    assert error_of(client.post(RESPONSES, {"input": "abcdef"}))[0] == 400


def test_other_routes_keep_their_form() -> None:
    response = CLIENT.post("/v1/ask", {"question": ""})
    assert response.status_code == 422
    assert "error" not in response.json()


def test_no_error_repeats_what_was_asked() -> None:
    canary = "canary7319"
    for fields in (
        {"input": f"{canary}\0"},
        {"input": canary * 300},
        {"input": [{"role": canary, "content": canary}]},
        {"input": canary, "model": canary},
        {"input": canary, "tool_choice": canary},
        {"input": canary, "previous_response_id": canary},
    ):
        response = CLIENT.post(RESPONSES, fields)
        assert response.status_code in (400, 404)
        assert canary not in response.text


parts = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "input_text", "input_image"]) | json_values,
        "text": json_values,
    },
)
messages = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.sampled_from(["user", "assistant", "system", "tool"]) | json_values,
            "content": anything | st.lists(parts, max_size=3) | json_values,
            "type": st.sampled_from(["message", "reasoning"]) | json_values,
        },
    ),
    max_size=4,
)
odd_bodies = st.fixed_dictionaries(
    {},
    optional={
        "model": st.just("citedesk") | json_values,
        "input": anything | messages | json_values,
        "messages": messages | json_values,
        "stream": st.booleans() | json_values,
        "stream_options": st.just({"include_usage": True}) | json_values,
        "store": json_values,
        "previous_response_id": anything | json_values,
        "metadata": st.dictionaries(st.sampled_from(["locale", "a"]), anything | st.just("ja")) | json_values,
        "citedesk": st.fixed_dictionaries({}, optional={"locale": json_values, "filters": json_values})
        | json_values,
        "tool_choice": json_values,
        "text": st.fixed_dictionaries({"format": json_values}) | json_values,
        "response_format": json_values,
        "n": json_values,
        "x": json_values,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([RESPONSES, CHAT]), odd_bodies | json_values)
def test_junk_never_gives_a_fault_and_every_error_can_be_read(path: str, body: object) -> None:
    response = CLIENT.request("POST", path, content=json.dumps(body).encode(), headers=JSON)
    assert response.status_code < 500
    if response.status_code >= 400:
        error_of(response)
    else:
        assert "response.failed" not in response.text
        assert '"error":{' not in response.text


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=50), st.sampled_from([RESPONSES, CHAT]), st.booleans())
def test_any_visible_text_is_a_question(text: str, path: str, stream: bool) -> None:
    asked = [{"role": "assistant", "content": text}, {"role": "user", "content": text + "?"}]
    response = CLIENT.post(path, {"input": asked, "messages": asked, "stream": stream})
    assert response.status_code == (400 if "\0" in text else 200)
    assert "response.failed" not in response.text


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=30))
def test_any_address_below_the_routes_is_answered(rest: bytes) -> None:
    assume(not {b".", b".."} & set(rest.split(b"/")))  # a client resolves them before it asks
    for path in (RESPONSES, CHAT, "/v1/models"):
        response = CLIENT.get(f"{path}/{quote(rest)}")
        assert response.status_code in (404, 405)
        error_of(response)
