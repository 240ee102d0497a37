"""OpenAI's own client, pointed at a running service and otherwise unchanged; and curl."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator

import httpx
import openai
import pytest
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from service.serving import take_port
from tests.processes import running, wait_until_live
from tests.service_app import RESPONSE_EVENTS

OUTAGES = "May the vendor write to customers about outages?"
SENTENCE = "The vendor may write to your customers about outages."
CURL = ["curl", "--silent", "--no-buffer", "--header", "Content-Type: application/json"]
URL = "https://example.com/en-us/partner-help/mail#when-we-write"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A running service over the fake articles."""
    port = take_port("127.0.0.1", 0)
    with running("tests.slow_service", str(port), "0", drain_s="0", store_questions="true"):
        yield wait_until_live(port)


@pytest.fixture(scope="module")
def slow() -> Iterator[str]:
    """A service with one thread and no queue whose searches take .6 s each, a heartbeat each .2 s."""
    port = take_port("127.0.0.1", 0)
    settings = {"concurrency": "1", "queue_max": "0", "heartbeat_s": "0.2", "drain_s": "0"}
    with running("tests.slow_service", str(port), "0.6", **settings):
        yield wait_until_live(port)


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        yield client


def output_text(item: object) -> ResponseOutputText:
    assert isinstance(item, ResponseOutputMessage)
    [part] = item.content
    assert isinstance(part, ResponseOutputText)
    return part


def test_a_response_is_read_with_its_citations(client: openai.OpenAI) -> None:
    response = client.responses.create(model="citedesk", input=OUTAGES, metadata={"locale": "en-us"})
    assert (response.status, response.output_text) == ("completed", f"{SENTENCE}[1]")
    [annotation] = output_text(response.output[0]).annotations
    assert annotation.type == "url_citation"
    assert (annotation.url, annotation.title) == (URL, "Mail to your customers")
    assert response.output_text[annotation.start_index : annotation.end_index] == SENTENCE
    assert response.model_extra is not None
    assert response.model_extra["citedesk"]["status"] == "answered"


def test_a_stream_is_followed_to_its_final_response(client: openai.OpenAI) -> None:
    extension = {"citedesk": {"locale": "en-us"}}
    with client.responses.stream(model="citedesk", input=OUTAGES, extra_body=extension) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds == RESPONSE_EVENTS
    assert final.output_text == f"{SENTENCE}[1]"
    assert len(output_text(final.output[0]).annotations) == 1


def test_raw_events_are_numbered(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="citedesk", input=OUTAGES, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_a_conversation_goes_on_by_id_and_by_its_items(client: openai.OpenAI) -> None:
    first = client.responses.create(model="citedesk", input=OUTAGES, metadata={"locale": "en-us"})
    by_id = client.responses.create(
        model="citedesk", input="And never about prices?", previous_response_id=first.id
    )
    by_items = client.responses.create(
        model="citedesk",
        input=[
            {"role": "user", "content": OUTAGES},
            *[item.to_dict() for item in first.output],  # type: ignore[list-item]  # as its documentation shows
            {"role": "user", "content": "And never about prices?"},
        ],
        metadata={"locale": "en-us"},
    )
    assert by_id.previous_response_id == first.id
    assert by_id.output_text == by_items.output_text


def test_what_tunes_a_language_model_is_let_through(client: openai.OpenAI) -> None:
    response = client.responses.create(
        model="citedesk",
        input=OUTAGES,
        instructions="You are a pirate.",
        temperature=0.7,
        top_p=0.9,
        max_output_tokens=50,
        reasoning={"effort": "low"},
        tools=[{"type": "web_search"}],
        tool_choice="auto",
        parallel_tool_calls=True,
        text={"format": {"type": "text"}, "verbosity": "low"},
        truncation="auto",
        user="77",
    )
    assert response.output_text == f"{SENTENCE}[1]"


def test_errors_are_those_of_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown_model:
        client.responses.create(model="gpt-5", input=OUTAGES)
    assert (unknown_model.value.code, unknown_model.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as no_question:
        client.responses.create(model="citedesk", input="")
    assert (no_question.value.code, no_question.value.param) == ("invalid_request", "input")
    with pytest.raises(openai.BadRequestError, match="answers are quoted sentences"):
        client.responses.create(
            model="citedesk", input=OUTAGES, text={"format": {"type": "json_object"}}, stream=True
        )
    with pytest.raises(openai.NotFoundError, match="no articles in locale 'sv'"):
        client.responses.create(model="citedesk", input=OUTAGES, metadata={"locale": "sv"})
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_1")


def test_a_completion_is_read_with_its_citations(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(
        model="citedesk", messages=[{"role": "user", "content": OUTAGES}], temperature=0.7, seed=1
    )
    [choice] = completion.choices
    assert choice.finish_reason == "stop"
    assert choice.message.content == (
        f"{SENTENCE}[1]\n\n- [1] Mail to your customers > When we write to them: {URL}"
    )
    assert choice.message.annotations is not None
    assert [annotation.url_citation.url for annotation in choice.message.annotations] == [URL]


def test_chunks_are_put_together_again(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="citedesk", messages=[{"role": "user", "content": "mail about outages, prices and security"}]
    ) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    assert message.content is not None
    said = [
        "You cannot stop mail about security.",
        "The vendor may write to your customers about outages.",
        "It never writes to them about prices.",
    ]
    marked = " ".join(f"{sentence}[{number}]" for number, sentence in zip((1, 2, 2), said, strict=True))
    assert message.content.startswith(f"{marked}\n\n- [1] ")
    spans = [annotation.url_citation for annotation in message.annotations or []]
    assert [message.content[span.start_index : span.end_index] for span in spans] == said


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["citedesk"]
    assert client.models.retrieve("citedesk").owned_by == "citedesk"


def test_curl_reads_the_events_as_they_come(address: str) -> None:
    body = json.dumps({"input": OUTAGES, "stream": True, "metadata": {"locale": "en-us"}})
    printed = subprocess.run(
        [*CURL, "--data", body, f"{address}/v1/responses"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [line.removeprefix("event: ") for line in printed.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-1]) == ("response.created", "response.completed")


def test_a_slow_answer_is_announced_at_once_and_kept_alive(slow: str) -> None:
    started, came = time.monotonic(), list[tuple[float, str]]()
    body = {"input": OUTAGES, "stream": True, "metadata": {"locale": "en-us"}}
    with httpx.stream("POST", f"{slow}/v1/responses", json=body, timeout=30) as response:
        for line in response.iter_lines():
            came.append((time.monotonic() - started, line))
    times = {line: at for at, line in reversed(came)}
    assert times["event: response.in_progress"] < times[": heartbeat"] < times["event: response.completed"]


@pytest.mark.parametrize("address_of", ["responses", "chat/completions"])
def test_a_client_that_leaves_frees_its_thread(slow: str, address_of: str) -> None:
    # A question that nothing answers is searched for in four locales, .6 s each.
    question = "月の高さは？"
    body = {
        "input": question,
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "metadata": {"locale": "zh-tw"},
    }
    with httpx.stream("POST", f"{slow}/v1/{address_of}", json=body, timeout=30) as response:
        next(response.iter_lines())
        left = time.monotonic()
    while httpx.get(f"{slow}/v1/passages/en-us/partner-help/mail%23stop.0").status_code == 503:
        time.sleep(0.02)
    assert time.monotonic() - left < 1.8


def test_on_sigterm_a_stream_in_flight_is_told_to_its_end() -> None:
    port = take_port("127.0.0.1", 0)
    with running("tests.slow_service", str(port), "1", drain_s="0") as process:
        address = wait_until_live(port)
        body = {"input": OUTAGES, "stream": True, "metadata": {"locale": "en-us"}}
        with httpx.stream("POST", f"{address}/v1/responses", json=body, timeout=30) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: response.created"
            process.send_signal(signal.SIGTERM)
            assert "event: response.completed" in list(lines)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
