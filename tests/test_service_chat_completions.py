"""`/v1/chat/completions` and `/v1/models`: for clients that know only this form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.settings import Settings
from tests.fake_index import FakeIndex
from tests.service_app import Client, build_app

OUTAGES = "May the vendor write to customers about outages?"
SENTENCE = "ベンダーは障害についてお客様にメールを送ることがあります。"
URL = "https://example.com/ja-jp/partner-help/mail#when-we-write"
SOURCES = f"\n\n- [1] お客様へのメール > メールを送る場合: {URL}"
ANNOTATION = {
    "index": 0,
    "type": "url_citation",
    "url_citation": {"start_index": 0, "end_index": 29, "url": URL, "title": "お客様へのメール"},
}


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def complete(client: Client, question: str = OUTAGES, **fields: object) -> Any:
    body = {"model": "citedesk", "messages": [{"role": "user", "content": question}], **fields}
    response = client.post("/v1/chat/completions", body)
    assert response.status_code == 200, response.text
    return response.json()


def stream(client: Client, question: str = OUTAGES, **fields: object) -> list[Any]:
    """The chunks, once it is checked that the stream ends as it should."""
    body = {"messages": [{"role": "user", "content": question}], "stream": True, **fields}
    response = client.post("/v1/chat/completions", body)
    assert response.status_code == 200, response.text
    *chunks, last = response.text.strip().split("\n\n")
    assert last == "data: [DONE]"
    return [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]


def test_a_completion_has_its_sources_twice(client: Client) -> None:
    reply = complete(client, citedesk={"locale": "ja-jp"})
    answer = reply.pop("citedesk")
    assert isinstance(reply.pop("created"), int)
    assert reply == {
        "id": f"chatcmpl-{answer['id']}",
        "object": "chat.completion",
        "model": "citedesk",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": f"{SENTENCE}[1]{SOURCES}",
                    "refusal": None,
                    "annotations": [ANNOTATION],
                },
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
    assert (answer["status"], answer["answer"]) == ("answered", f"{SENTENCE}[1]")


def test_chunks_say_sentence_citation_sources_and_end(client: Client) -> None:
    chunks = stream(client, metadata={"locale": "ja-jp"})
    assert len({(chunk["id"], chunk["created"], chunk["object"]) for chunk in chunks}) == 1
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": f"{SENTENCE}[1]"},
        {"annotations": [ANNOTATION]},
        {"content": SOURCES},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 4 + ["stop"]
    assert chunks[-1]["citedesk"]["answer"] == f"{SENTENCE}[1]"


def test_the_usage_comes_last_where_it_is_asked_for(client: Client) -> None:
    last = stream(client, stream_options={"include_usage": True})[-1]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 0)


def test_a_refusal_is_an_answer_of_one_chunk(client: Client) -> None:
    chunks = stream(client, "月の高さは？", citedesk={"locale": "zh-tw"})
    assert [chunk["choices"][0]["delta"] for chunk in chunks[1:]] == [
        {"content": "沒有與此問題相關的文章。"},
        {},
    ]


def test_a_refusal_lists_the_nearest_articles_it_speaks_of() -> None:
    client = Client(build_app(settings=Settings(refuse_below=1)))
    content = complete(client, citedesk={"locale": "ja-jp"})["choices"][0]["message"]["content"]
    assert content.endswith(
        f"\n\n- お客様へのメール > メールを送る場合: {URL}"
        "\n- シートの管理 > 取り消し: https://example.com/ja-jp/partner-help/seats#cancel"
    )


def test_a_stream_that_fails_says_so_before_its_end() -> None:
    class Breaking(FakeIndex):
        def search(self, question: str, **options: Any) -> Any:
            raise RuntimeError("secret")

    assert stream(Client(build_app(Breaking())))[-1] == {
        "error": {
            "message": "the service failed: see its log",
            "type": "server_error",
            "param": None,
            "code": "server_error",
        }
    }


def test_messages_of_tools_and_instructions_are_skipped(client: Client) -> None:
    messages = [
        {"role": "system", "content": "Answer only: yes."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
        {"role": "tool", "content": "42", "tool_call_id": "1"},
        {"role": "user", "content": [{"type": "text", "text": OUTAGES}]},
    ]
    reply = complete(client, messages=messages, citedesk={"locale": "ja-jp"})
    assert reply["choices"][0]["message"]["content"].startswith(SENTENCE)


def test_there_is_one_model_named_after_the_service(client: Client) -> None:
    model = {"id": "citedesk", "object": "model", "created": 1717228800, "owned_by": "citedesk"}
    assert client.get("/v1/models").json() == {"object": "list", "data": [model]}
    assert client.get("/v1/models/citedesk").json() == model
    response = client.get("/v1/models/gpt-5")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")
