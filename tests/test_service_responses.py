"""`/v1/responses`: the form of OpenAI's API, its events, its conversations."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from indexer import QuestionError, Ranking
from service.citations import Draft, DraftSentence
from service.confidence import AbstainReason, Judgement
from service.settings import Settings
from service.writers import ExtractiveWriter
from tests.fake_index import FakeFollower, FakeIndex
from tests.service_app import RESPONSE_EVENTS, Client, build_app

OUTAGES = "May the vendor write to customers about outages?"
SENTENCE = "ベンダーは障害についてお客様にメールを送ることがあります。"
URL = "https://example.com/ja-jp/partner-help/mail#when-we-write"


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def respond(client: Client, said: object, **fields: object) -> Any:
    response = client.post("/v1/responses", {"model": "citedesk", "input": said, **fields})
    assert response.status_code == 200, response.text
    return response.json()


def stream(client: Client, said: object, **fields: object) -> list[Any]:
    """The events' data, once their names are checked."""
    response = client.post("/v1/responses", {"input": said, "stream": True, **fields})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    events = [json.loads(data.removeprefix("data: ")) for _, data in blocks]
    assert [name.removeprefix("event: ") for name, _ in blocks] == [event["type"] for event in events]
    return events


def text_of(reply: Any) -> str:
    [item] = reply["output"]
    [part] = item["content"]
    text = part["text"]
    assert isinstance(text, str)
    return text


def test_a_response_has_openais_form_with_the_answer_beside(client: Client) -> None:
    reply = respond(client, OUTAGES, metadata={"locale": "ja-jp", "ticket": "77"})
    answer = reply.pop("citedesk")
    created, completed = reply.pop("created_at"), reply.pop("completed_at")
    assert isinstance(created, int)
    assert created <= completed
    assert reply == {
        "id": f"resp_{answer['id']}",
        "object": "response",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {"locale": "ja-jp", "ticket": "77"},
        "model": "citedesk",
        "output": [
            {
                "id": f"msg_{answer['id']}",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [
                    {
                        "type": "output_text",
                        "text": f"{SENTENCE}[1]",
                        "annotations": [
                            {
                                "type": "url_citation",
                                "start_index": 0,
                                "end_index": 29,
                                "url": URL,
                                "title": "お客様へのメール",
                                "number": 1,
                            }
                        ],
                        "logprobs": [],
                    }
                ],
            }
        ],
        "parallel_tool_calls": False,
        "previous_response_id": None,
        "store": True,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "none",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": None,
    }
    asked = client.ask(OUTAGES, locale="ja-jp")
    varying = {"id": 0, "conversation": 0, "timings_ms": 0}
    assert {**answer, **varying} == {**asked, **varying}


def test_the_events_of_an_answer_come_in_openais_order(client: Client) -> None:
    events = stream(client, OUTAGES, citedesk={"locale": "ja-jp"})
    assert [event["type"] for event in events] == RESPONSE_EVENTS
    assert [event["sequence_number"] for event in events] == list(range(10))
    assert [event["response"]["status"] for event in (events[0], events[1], events[9])] == [
        "in_progress",
        "in_progress",
        "completed",
    ]
    assert events[0]["response"]["citedesk"] is None
    assert events[4]["delta"] == events[6]["text"] == f"{SENTENCE}[1]"
    assert events[9]["response"]["citedesk"]["answer"] == f"{SENTENCE}[1]"


def test_streamed_and_whole_responses_are_the_same(client: Client) -> None:
    streamed = stream(client, OUTAGES, citedesk={"locale": "en-us"})[-1]["response"]
    whole = respond(client, OUTAGES, citedesk={"locale": "en-us"})
    for reply in (streamed, whole):
        for item in reply["output"]:
            item["id"] = 0
        reply.update(id=0, created_at=0, completed_at=0)
        reply["citedesk"].update(id=0, conversation=0, timings_ms=0)
    assert streamed == whole


def test_each_annotation_spans_its_sentence() -> None:
    client = Client(build_app(settings=Settings(refuse_below=0)))
    asked = "mail to customers about outages, and who may stop mail about security"
    reply = respond(client, asked, citedesk={"locale": "en-us"})
    text = text_of(reply)
    annotations = reply["output"][0]["content"][0]["annotations"]
    quotes = [" ".join(citation["quote"].split()) for citation in reply["citedesk"]["citations"]]
    assert len(quotes) > 1
    for annotation in annotations:
        said = text[annotation["start_index"] : annotation["end_index"]]
        assert said.endswith(".")
        assert said in quotes[annotation["number"] - 1]
    assert {a["number"] for a in annotations} == {1, 2}
    for annotation in annotations:
        assert text[annotation["end_index"] :].startswith(f"[{annotation['number']}]")


def test_a_refusal_says_why_and_names_the_nearest_articles() -> None:
    client = Client(build_app(settings=Settings(refuse_below=1)))
    reply = respond(client, OUTAGES, citedesk={"locale": "en-us"})
    assert reply["citedesk"]["status"] == "abstained"
    assert text_of(reply) == reply["citedesk"]["answer"] + (
        "\n\n- Mail to your customers > When we write to them: "
        "https://example.com/en-us/partner-help/mail#when-we-write"
        "\n- Manage seats > Cancel: https://example.com/en-us/partner-help/seats#cancel"
    )
    assert reply["output"][0]["content"][0]["annotations"] == []


def test_a_refusal_of_another_subject_names_no_article(client: Client) -> None:
    events = stream(client, "月の高さは？", citedesk={"locale": "zh-tw"})
    assert [event["type"] for event in events[4:6]] == [
        "response.output_text.delta",
        "response.output_text.done",
    ]
    assert events[4]["delta"] == "沒有與此問題相關的文章。"


def test_the_locale_is_the_extensions_then_the_metadatas_then_the_headers(client: Client) -> None:
    def locale(header: str | None = None, **fields: object) -> object:
        body = {"input": OUTAGES, **fields}
        response = client.post("/v1/responses", body, headers={"Accept-Language": header} if header else {})
        return response.json()["citedesk"]["locale"]["answered"]

    both = {"citedesk": {"locale": "ja-JP"}, "metadata": {"locale": "de-de"}}
    assert locale("zh-tw", **both) == "ja-jp"
    assert locale("zh-tw", metadata={"locale": "de-de"}) == "de-de"
    assert locale("zh-tw") == "zh-tw"


def test_filters_and_top_k_stand_in_the_extension(client: Client) -> None:
    extension = {"filters": {"roles": ["Billing admin"]}, "top_k": 1, "locale": "en-us"}
    reply = respond(client, "Can a subscription be cancelled?", citedesk=extension)
    assert [hit["article"] for hit in reply["citedesk"]["hits"]] == ["partner-help/seats"]


@pytest.mark.parametrize(
    "said",
    [
        [{"role": "user", "content": OUTAGES}],
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": OUTAGES}]}],
        [
            {"role": "system", "content": "Answer only: yes." * 1000},
            {"role": "developer", "content": "You are a pirate."},
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "1"},
            {"role": "user", "content": OUTAGES},
            {"role": "system", "content": "Answer only: yes."},
        ],
    ],
)
def test_a_list_of_items_asks_what_its_last_message_asks(client: Client, said: object) -> None:
    reply = respond(client, said, citedesk={"locale": "ja-jp"})
    assert text_of(reply) == f"{SENTENCE}[1]"


def listening(**settings: Any) -> tuple[Client, list[Any]]:
    heard: list[Any] = []

    class Index(FakeIndex):
        def search(self, question: str, **options: Any) -> Ranking:
            said = [(turn.role, turn.content) for turn in options["history"]]
            if said and heard and heard[-1][:2] == (question, []):
                del heard[-1]  # it was tried without its history first
            heard.append((question, said, options["locale"]))
            return super().search(question, **options)

    settings = {"store_questions": True, "fallback": False, **settings}

    def need_history(ranking: Ranking) -> Judgement:
        return Judgement(0.6, AbstainReason.NOT_STATED)

    return Client(build_app(Index(), settings=Settings(**settings), confidence=need_history)), heard


def test_earlier_messages_are_the_history() -> None:
    client, heard = listening()
    said = [
        {"role": "user", "content": "Who may write?"},
        {
            "role": "assistant",
            "content": [{"type": "output_text", "text": "The vendor.[1]", "annotations": []}],
        },
        {"role": "user", "content": " "},
        {"role": "assistant", "content": []},
        {"role": "user", "content": "About outages?"},
    ]
    respond(client, said, citedesk={"locale": "en-us"})
    [(question, history, _)] = heard
    assert question == "About outages?"
    assert history == [("user", "Who may write?"), ("assistant", "The vendor.[1]"), ("user", " ")]


def test_a_long_conversation_is_cut_to_its_end() -> None:
    client, heard = listening()
    said = [{"role": "user", "content": f"{n}" * 5000} for n in range(10)] * 3
    respond(client, [*said, {"role": "user", "content": "And now?"}], citedesk={"locale": "en-us"})
    [(_, history, _)] = heard
    assert [content[0] for _, content in history] == list("0123456789" * 2)
    assert {len(content) for _, content in history} == {4000}


def test_a_list_of_sources_at_the_end_of_a_reply_is_no_part_of_the_conversation() -> None:
    client, heard = listening()
    reply = (
        "Yes.[1]\n\n(From the articles in English.)\n\n- [1] Mail > Outages: https://example.com/a#b\n"
        '  There is a newer version: "No."\n- [2] Seats: https://example.com/c'
    )
    said = [
        {"role": "assistant", "content": reply},
        {"role": "user", "content": "See\n- [1] this: https://example.com/x"},
        {"role": "user", "content": "And prices?"},
    ]
    respond(client, said, citedesk={"locale": "en-us"})
    [(_, history, _)] = heard
    assert history == [("assistant", "Yes.[1]"), ("user", "See\n- [1] this: https://example.com/x")]


def test_a_response_can_be_gone_on_from() -> None:
    client, heard = listening()
    first = respond(client, OUTAGES, citedesk={"locale": "ja-JP"})
    second = respond(client, "And about prices?", previous_response_id=first["id"])
    third = stream(client, "Why?", previous_response_id=second["id"])[-1]["response"]
    assert (second["previous_response_id"], third["previous_response_id"]) == (first["id"], second["id"])
    exchange = [("user", OUTAGES), ("assistant", first["citedesk"]["answer"])]
    follow_up = [("user", "And about prices?"), ("assistant", second["citedesk"]["answer"])]
    assert heard == [
        (OUTAGES, [], "ja-jp"),
        ("And about prices?", exchange, "ja-jp"),
        ("Why?", [*exchange, *follow_up], "ja-jp"),
    ]


def test_a_conversation_can_branch() -> None:
    client, heard = listening()
    first = respond(client, OUTAGES)
    for question in ("And about prices?", "And about seats?"):
        respond(client, question, previous_response_id=first["id"])
    assert [len(history) for _, history, _ in heard] == [0, 2, 2]


def test_a_new_locale_in_a_conversation_counts() -> None:
    client, heard = listening()
    first = respond(client, OUTAGES, metadata={"locale": "ja-jp"})
    respond(client, OUTAGES, previous_response_id=first["id"], metadata={"locale": "de-de"})
    assert [locale for _, _, locale in heard] == ["ja-jp", "de-de"]


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_not_stored_can_not_be_gone_on_from(stream: bool) -> None:
    client, _ = listening()
    assert respond(client, OUTAGES)["store"] is True
    unstored = respond(client, OUTAGES, store=False)
    assert unstored["store"] is False
    for gone in (unstored["id"], "resp_none"):
        body = {"input": OUTAGES, "previous_response_id": gone, "stream": stream}
        response = client.post("/v1/responses", body)
        assert response.status_code == 400
        assert response.json()["type"] == "/problems/previous-response-not-found"
        error = response.json()["error"]
        assert (error["param"], error["code"]) == ("previous_response_id", "previous_response_not_found")


def test_the_settings_say_how_many_responses_are_kept() -> None:
    client, _ = listening(responses_kept=1)
    first, second = respond(client, OUTAGES), respond(client, OUTAGES)
    body = {"input": "And prices?", "previous_response_id": first["id"]}
    assert client.post("/v1/responses", body).status_code == 400
    assert client.post("/v1/responses", {**body, "previous_response_id": second["id"]}).status_code == 200


class Breaking(FakeIndex):
    """An index whose search fails."""

    error: Exception = RuntimeError("secret")

    def search(self, question: str, **options: Any) -> Ranking:
        raise self.error


def test_a_fault_after_the_start_ends_a_stream_as_failed_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = stream(Client(build_app(Breaking())), OUTAGES)
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]
    assert events[-1]["response"]["status"] == "failed"
    assert events[-1]["response"]["error"] == {
        "code": "server_error",
        "message": "the service failed: see its log",
    }
    assert "an answer broke off\nfault: RuntimeError\n" in caplog.text
    assert "in search" in caplog.text
    assert "secret" not in caplog.text
    assert OUTAGES not in caplog.text


def test_a_deadline_ends_a_stream_as_failed() -> None:
    class Slow(FakeIndex):
        def search(self, question: str, **options: Any) -> Ranking:
            time.sleep(0.2)
            return super().search(question, **options)

    events = stream(Client(build_app(Slow(), settings=Settings(deadline_s=0.05))), OUTAGES)
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["error"] == {"code": "server_error", "message": "no answer within 0.05 s"}


def test_a_question_that_the_index_refuses_is_the_clients_fault() -> None:
    class Refusing(Breaking):
        error = QuestionError("the question has no words")

    error = stream(Client(build_app(Refusing())), OUTAGES)[-1]["response"]["error"]
    assert error == {"code": "invalid_prompt", "message": "the question has no words"}


class BreakingWriter(ExtractiveWriter):
    """Drafts one sentence and breaks."""

    def draft(self, ranking: Ranking) -> Draft:
        return Draft(cast("tuple[DraftSentence, ...]", self._sentences(super().draft(ranking))), "extractive")

    def _sentences(self, draft: Draft) -> Iterator[DraftSentence]:
        yield draft.sentences[0]
        raise RuntimeError("broken")


def test_a_stream_that_breaks_off_keeps_what_was_said() -> None:
    client = Client(build_app(writer=BreakingWriter(sentences_max=4)))
    events = stream(client, OUTAGES, metadata={"locale": "ja-jp"})
    assert [event["type"] for event in events[4:]] == [
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.failed",
    ]
    [item] = events[-1]["response"]["output"]
    assert (item["status"], item["content"][0]["text"]) == ("incomplete", f"{SENTENCE}[1]")


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"citedesk": {"locale": "sv"}}, 404, "/problems/unknown-locale"),
        ({"input": "\0"}, 400, "/problems/invalid-request"),
        ({"model": "gpt-5"}, 404, "/problems/model-not-found"),
    ],
)
def test_what_is_wrong_before_a_stream_has_its_status(
    client: Client, fields: dict[str, object], status: int, kind: str
) -> None:
    response = client.post("/v1/responses", {"input": OUTAGES, "stream": True, **fields})
    assert (response.status_code, response.json()["type"]) == (status, kind)


def test_without_an_index_a_stream_is_503() -> None:
    client = Client(build_app(follower=FakeFollower(None)))
    response = client.post("/v1/responses", {"input": OUTAGES, "stream": True})
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"]["type"] == "server_error"
    assert client.get("/v1/models").status_code == 503


def test_where_users_words_are_not_kept_a_response_is_gone_on_from_by_what_it_quoted() -> None:
    client, heard = listening(store_questions=False)
    said = [
        {"role": "user", "content": "My own words."},
        {"role": "assistant", "content": "An answer to them."},
        {"role": "user", "content": OUTAGES},
    ]
    first = respond(client, said)
    second = respond(client, "And prices?", previous_response_id=first["id"])
    respond(client, "And seats?", previous_response_id=second["id"])
    quotes = [
        ("assistant", " ".join(citation["quote"] for citation in reply["citedesk"]["citations"]))
        for reply in (first, second)
    ]
    assert first["store"] is True
    assert quotes[0][1]
    assert [history for _, history, _ in heard[1:]] == [quotes[:1], [quote for quote in quotes if quote[1]]]


def test_where_nothing_is_kept_no_response_can_be_gone_on_from() -> None:
    client, _ = listening(responses_kept=0)
    first = respond(client, OUTAGES)
    body = {"input": "And prices?", "previous_response_id": first["id"]}
    response = client.post("/v1/responses", body)
    assert first["store"] is False
    assert response.status_code == 400
    assert response.json()["error"] == {
        "message": (
            "previous_response_id: this service keeps no conversations (their `store` is false): "
            "send the conversation in input"
        ),
        "type": "invalid_request_error",
        "param": "previous_response_id",
        "code": "previous_response_not_found",
    }


def test_a_request_says_which_conversation_its_history_belongs_to() -> None:
    client, _ = listening()
    first = respond(client, OUTAGES)["citedesk"]["conversation"]
    second = respond(client, "And prices?", citedesk={"conversation": first})["citedesk"]["conversation"]
    assert first == second


def test_a_response_gone_on_from_is_of_the_same_conversation() -> None:
    client, _ = listening()
    first = respond(client, OUTAGES)
    second = respond(client, "And prices?", previous_response_id=first["id"])
    other = respond(client, OUTAGES)
    ids = [reply["citedesk"]["conversation"] for reply in (first, second, other)]
    assert ids[0] == ids[1] != ids[2]
