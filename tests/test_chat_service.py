"""The service with a chat endpoint: what clients see of it, in time and under failure."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, cast

import httpx
import pytest

from indexer import Index, Turn
from service.answering import Question, answer_steps
from service.citations import CitedSentence
from service.serving import take_port
from service.settings import Settings, SettingsError, read_settings
from service.writer_choice import check_chat, choose_writers
from tests.chat_scene import GOOD, QUESTION, ChatScene, chat_scene
from tests.processes import ASK_HEAD, ROOT, running, wait_until_live
from tests.scripted_endpoint import Exchange, ScriptedEndpoint, hangs, refuses, says, scripted_endpoint
from tests.service_app import JSON, Client, build_app, make_rules


@pytest.fixture
def scene() -> Iterator[ChatScene]:
    with chat_scene() as made:
        yield made


def client_of(scene: ChatScene, **options: Any) -> Client:
    return Client(build_app(scene.index, writer=scene.writer, rewriter=scene.rewriter, **options))


def test_an_answer_says_that_the_chat_writer_wrote_it(scene: ChatScene) -> None:
    scene.endpoint.script = says(GOOD)
    answer = client_of(scene).ask(QUESTION, locale="en-us")
    assert (answer["status"], answer["answer"]) == ("answered", GOOD)
    assert (answer["writer"], answer["writer_fault"], answer["understood_as"]) == ("chat", None, None)
    (citation,) = answer["citations"]
    passage = client_of(scene).get(f"/v1/passages/{citation['passage_id'].replace('#', '%23')}").json()
    assert passage["text"][citation["start"] : citation["end"]] == citation["quote"]


def test_an_answer_says_why_the_extractive_writer_wrote_it(scene: ChatScene) -> None:
    scene.endpoint.script = refuses(429)
    answer = client_of(scene).ask(QUESTION, locale="en-us")
    assert (answer["status"], answer["writer"], answer["writer_fault"]) == (
        "answered",
        "extractive",
        "rate_limited",
    )


def test_below_the_threshold_no_model_is_asked(scene: ChatScene) -> None:
    scene.endpoint.script = says("The moon is far away.[1]")
    answer = client_of(scene).ask("How far is the moon?", locale="en-us")
    assert (answer["status"], answer["writer_fault"], scene.endpoint.calls) == ("abstained", None, 0)


def test_a_follow_up_is_searched_as_the_model_understands_it(scene: ChatScene) -> None:
    understood = "May the vendor write to your customers about prices?"

    def script(exchange: Exchange) -> None:
        exchange.say(understood if "rewrite" in exchange.prompt else "It never writes about prices.[1]")

    scene.endpoint.script = script
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "Yes."}]
    answer = client_of(scene).ask("About prices?", locale="en-us", history=history)
    assert answer["understood_as"] == understood
    assert answer["answer"] == "It never writes about prices.[1]"
    assert f"<question>\n{understood}\n</question>" in scene.endpoint.exchanges[1].prompt
    assert "<turns>" not in scene.endpoint.exchanges[1].prompt
    assert "understanding" in answer["timings_ms"]


def test_a_follow_up_that_is_not_understood_is_searched_with_its_turns(scene: ChatScene) -> None:
    scene.endpoint.script = says("Ignore that and pay in gold.[1]")
    history = [{"role": "user", "content": "May the vendor write to customers about outages?"}]
    answer = client_of(scene).ask("Also on Tuesdays?", locale="en-us", history=history)
    assert answer["understood_as"] == "May the vendor write to customers about outages? Also on Tuesdays?"
    assert answer["answer"] == "The vendor may write to your customers about outages.[1]"
    assert "<turns>\nuser: May the vendor" in scene.endpoint.exchanges[1].prompt


def test_a_hanging_endpoint_costs_the_deadline_less_its_reserve_and_not_the_answer() -> None:
    with chat_scene(stall_s=20, timeout_s=20) as scene:
        scene.endpoint.script = hangs
        began = time.monotonic()
        answer = client_of(scene, settings=Settings(deadline_s=1.6)).ask(QUESTION, locale="en-us")
        took = time.monotonic() - began
    assert (answer["status"], answer["writer_fault"]) == ("answered", "slow")
    assert 1.0 <= took < 1.6


def test_an_endpoint_that_dies_under_load_is_left_alone_and_taken_again() -> None:
    with chat_scene() as scene:
        app = build_app(scene.index, writer=scene.writer, settings=Settings(concurrency=4))

        def ask(_: int) -> tuple[str, str | None]:
            answer = Client(app).ask(QUESTION, locale="en-us")
            return answer["writer"], answer["writer_fault"]

        def ask_many() -> set[tuple[str, str | None]]:
            with ThreadPoolExecutor(4) as pool:
                return set(pool.map(ask, range(12)))

        scene.endpoint.script = says(GOOD)
        assert ask_many() == {("chat", None)}
        scene.endpoint.script = refuses(500)
        assert ask_many() <= {("extractive", "unavailable"), ("extractive", "resting")}
        assert scene.endpoint.calls < 12 + 12
        scene.endpoint.script = says(GOOD)
        scene.clock[0] += 6
        assert ask(0) == ("chat", None)
        assert ask_many() == {("chat", None)}


def test_sentences_are_heard_before_the_answer_is_whole(scene: ChatScene) -> None:
    heard: list[str] = []
    went_on = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.head()
        exchange.event(f"{GOOD}\n")
        went_on.wait(5)
        exchange.event("It never writes about prices.[1]")
        exchange.end()

    def hear(text: str) -> None:
        heard.append(text)
        went_on.set()

    scene.endpoint.script = script
    rules = make_rules(scene.writer)
    question = Question(QUESTION, k=3, locale="en-us", history=(Turn("user", "Mail?"),))
    for step in answer_steps(cast(Index, scene.index), question, rules=rules, checkpoint=lambda: None):
        if isinstance(step, CitedSentence):
            hear(step.numbered)
    assert went_on.is_set()
    assert heard == [GOOD, "It never writes about prices.[1]"]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[ScriptedEndpoint, str]]:
    """A service process over the fake index with a chat endpoint, and its address."""
    with scripted_endpoint() as endpoint:
        port = take_port("127.0.0.1", 0)
        settings = {"chat_url": endpoint.url, "chat_model": "small", "chat_key": "sk-canary-key"}
        with running("tests.slow_service", str(port), "0", **settings) as process:
            yield endpoint, wait_until_live(port)
            process.terminate()
            out, err = process.communicate(timeout=30)
    assert "canary" not in out + err


def test_a_client_that_leaves_ends_the_call_to_the_endpoint(served: tuple[ScriptedEndpoint, str]) -> None:
    endpoint, address = served
    called = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.head()
        called.set()
        if exchange.wait_until_left():
            endpoint.left.set()

    endpoint.script = script
    body = json.dumps({"question": QUESTION, "locale": "en-us"}).encode()
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(ASK_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert called.wait(10)
    assert endpoint.left.wait(2)
    endpoint.script = says(GOOD)
    answer = httpx.post(f"{address}/v1/ask", content=body, headers=JSON).json()
    assert answer["writer"] == "chat"


def streamed(address: str) -> AbstractContextManager[httpx.Response]:
    body = {"input": QUESTION, "stream": True, "metadata": {"locale": "en-us"}}
    return httpx.stream("POST", f"{address}/v1/responses", json=body, timeout=30)


def deltas(lines: Iterator[str]) -> Iterator[str]:
    events = (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))
    return (event["delta"] for event in events if event["type"] == "response.output_text.delta")


def test_a_sentence_is_streamed_before_the_next_one_is_written(
    served: tuple[ScriptedEndpoint, str],
) -> None:
    endpoint, address = served
    went_on = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.head()
        exchange.event(f"{GOOD}\n")
        if went_on.wait(3):
            exchange.event("It never writes about prices.[1]")
        exchange.end()

    endpoint.script = script
    with streamed(address) as response:
        said = deltas(response.iter_lines())
        assert next(said) == GOOD
        went_on.set()
        assert list(said) == [" It never writes about prices.[1]"]


def test_a_client_that_leaves_a_stream_ends_the_call_to_the_endpoint(
    served: tuple[ScriptedEndpoint, str],
) -> None:
    endpoint, address = served
    left = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.head()
        exchange.event(f"{GOOD}\n")
        if exchange.wait_until_left():
            left.set()

    endpoint.script = script
    with streamed(address) as response:
        assert next(deltas(response.iter_lines())) == GOOD
    assert left.wait(2)


def test_a_service_process_writes_with_the_endpoint_of_its_settings(
    served: tuple[ScriptedEndpoint, str],
) -> None:
    endpoint, address = served
    endpoint.script = says(GOOD)
    body = {"question": f"{QUESTION} canary-question", "locale": "en-us"}
    answer = httpx.post(f"{address}/v1/ask", json=body).json()
    assert (answer["writer"], answer["answer"]) == ("chat", GOOD)
    assert endpoint.exchanges[-1].headers["authorization"] == "Bearer sk-canary-key"
    endpoint.script = refuses(500, '{"error": {"message": "canary"}}')
    for _ in range(4):
        answer = httpx.post(f"{address}/v1/ask", json=body).json()
        assert answer["writer"] == "extractive"
    assert answer["writer_fault"] == "resting"


def test_without_an_endpoint_the_client_package_is_not_even_imported() -> None:
    code = (
        "import sys, service.__main__\n"
        "from service.settings import read_settings\n"
        "from service.writer_choice import choose_writers\n"
        "writers = choose_writers(read_settings({}), on_event=print)\n"
        "print(writers.writer.name, writers.rewriter, 'openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "extractive None False\n"


def test_an_endpoint_without_a_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="chat_url needs a model: set CITEDESK_CHAT_MODEL too"):
        read_settings({"chat_url": "http://127.0.0.1:1/v1"})


def test_an_endpoint_without_the_client_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings({"chat_url": "http://127.0.0.1:1/v1", "chat_model": "m"})
    check_chat(settings)
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(SettingsError, match="needs the package openai: install citedesk"):
        check_chat(settings)


def test_the_key_is_shown_nowhere() -> None:
    settings = read_settings({"chat_url": "http://127.0.0.1:1/v1", "chat_model": "m", "chat_key": "sk-1"})
    assert "sk-1" not in f"{settings!r} {settings.model_dump_json()}"
    writers = choose_writers(settings, on_event=print)
    writers.close()
    assert writers.writer.name == "chat"
    assert "sk-1" not in repr(writers)
