"""An endpoint that misbehaves in every way: it is left in time, and quotes answer in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from service.admission import DeadlinePassed
from service.chat_client import RESPONSE_MAX_BYTES
from service.chat_writer import SENTENCES_READ_MAX
from service.citations import WriterFault
from tests.chat_scene import EXTRACTIVE, GOOD, ChatScene, chat_scene
from tests.scripted_endpoint import Exchange, Script, breaks_off, drips, hangs, refuses, says


@pytest.fixture
def scene() -> Iterator[ChatScene]:
    with chat_scene() as made:
        yield made


FAILURES: list[tuple[Script, WriterFault]] = [
    (refuses(500), WriterFault.UNAVAILABLE),
    (refuses(401), WriterFault.UNAVAILABLE),
    (refuses(404, "<html>not here</html>"), WriterFault.UNAVAILABLE),
    (refuses(302, "", Location="http://192.0.2.1/v1/chat/completions"), WriterFault.UNAVAILABLE),
    (refuses(429), WriterFault.RATE_LIMITED),
    (refuses(200, "<html><body>Welcome</body></html>"), WriterFault.MALFORMED),
    (refuses(200, '{"choices": [{"message": {"content": "no stream"}}]}'), WriterFault.MALFORMED),
    (refuses(200, ""), WriterFault.MALFORMED),
    (lambda exchange: exchange.send(b"not http at all\r\n\r\n"), WriterFault.UNAVAILABLE),
    (lambda exchange: None, WriterFault.UNAVAILABLE),
    (breaks_off("The vendor may"), WriterFault.CUT_SHORT),
    (says("The vendor may write", finish="length"), WriterFault.CUT_SHORT),
    (says("The vendor may write", finish="content_filter"), WriterFault.CUT_SHORT),
]  # fmt: skip


def _raw(*lines: str) -> Script:
    def script(exchange: Exchange) -> None:
        exchange.head()
        for line in lines:
            exchange.send(f"data: {line}\n\n".encode())

    return script


FAILURES += [
    (_raw("{broken"), WriterFault.MALFORMED),
    (_raw("[]"), WriterFault.MALFORMED),
    (_raw('"text"'), WriterFault.MALFORMED),
    (_raw("null"), WriterFault.MALFORMED),
    (_raw('{"choices": "none"}'), WriterFault.MALFORMED),
    (_raw('{"choices": [{"delta": null}]}'), WriterFault.MALFORMED),
    (_raw('{"choices": [{"delta": {"content": {"a": 1}}}]}'), WriterFault.MALFORMED),
    (_raw('{"error": {"message": "overloaded"}}'), WriterFault.MALFORMED),
    (_raw("[DONE]"), WriterFault.MALFORMED),
    (_raw('{"choices": []}', "[DONE]"), WriterFault.CUT_SHORT),
]


@pytest.mark.parametrize(("script", "fault"), FAILURES)
def test_an_endpoint_that_fails_is_said_to_and_quotes_answer(
    scene: ChatScene, script: Script, fault: WriterFault
) -> None:
    scene.endpoint.script = script
    written = scene.write()
    assert (written.writer, written.fault, written.cited.text) == ("extractive", fault, EXTRACTIVE)
    assert scene.endpoint.calls == 1


def test_where_nobody_listens_quotes_answer() -> None:
    with chat_scene(url="http://127.0.0.1:9/v1") as scene:
        written = scene.write()
    assert (written.writer, written.fault) == ("extractive", WriterFault.UNAVAILABLE)
    assert written.cited.text == EXTRACTIVE


def test_what_was_borne_out_before_the_stream_broke_stays_said(scene: ChatScene) -> None:
    scene.endpoint.script = breaks_off(f"{GOOD}\nYou cannot stop mail about sec")
    written = scene.write()
    assert (written.cited.text, written.writer, written.fault) == (GOOD, "chat", WriterFault.CUT_SHORT)


def test_a_sentence_that_the_tokens_did_not_reach_for_is_not_said(scene: ChatScene) -> None:
    scene.endpoint.script = says("The vendor may write to customers about outages [1]", finish="length")
    assert scene.write().writer == "extractive"


def test_a_silent_endpoint_is_left_after_the_stall_time() -> None:
    with chat_scene(stall_s=0.3) as scene:
        scene.endpoint.script = hangs
        began = time.monotonic()
        written = scene.write()
    assert (written.writer, written.fault) == ("extractive", WriterFault.SLOW)
    assert 0.3 <= time.monotonic() - began < 2


def test_a_model_that_thinks_before_it_writes_is_not_silent() -> None:
    def script(exchange: Exchange) -> None:
        exchange.head()
        for _ in range(5):
            exchange.event()
            time.sleep(0.15)
        exchange.event(GOOD)
        exchange.end()

    with chat_scene(stall_s=0.5) as scene:
        scene.endpoint.script = script
        assert (scene.write().cited.text, scene.write().fault) == (GOOD, None)


def test_an_endpoint_that_drips_is_left_when_its_time_is_over() -> None:
    with chat_scene(timeout_s=0.8) as scene:
        scene.endpoint.script = drips(GOOD * 10, pause_s=0.05)
        began = time.monotonic()
        written = scene.write()
        took = time.monotonic() - began
    assert (written.writer, written.fault) == ("extractive", WriterFault.SLOW)
    assert 0.8 <= took < 2


def test_the_writer_keeps_half_a_second_of_the_requests_time_for_the_quotes() -> None:
    with chat_scene(stall_s=5) as scene:
        scene.endpoint.script = hangs
        began = time.monotonic()
        written = scene.write(left_s=1.2)
        took = time.monotonic() - began
    assert (written.writer, written.fault) == ("extractive", WriterFault.SLOW)
    assert 0.6 <= took < 1.2


def test_without_time_the_endpoint_is_not_called(scene: ChatScene) -> None:
    written = scene.write(left_s=0.9)
    assert (written.writer, written.fault, scene.endpoint.calls) == ("extractive", WriterFault.SLOW, 0)


def test_the_call_ends_when_the_client_has_gone(scene: ChatScene) -> None:
    noticed: list[bool] = []

    def script(exchange: Exchange) -> None:
        exchange.head()
        exchange.event("The vendor")
        noticed.append(exchange.wait_until_left())
        scene.endpoint.left.set()

    def gone() -> None:
        if scene.endpoint.exchanges:
            raise DeadlinePassed("gone")

    scene.endpoint.script = script
    with pytest.raises(DeadlinePassed):
        scene.write(checkpoint=gone)
    assert scene.endpoint.left.wait(5)
    assert noticed == [True]


def test_the_call_ends_as_soon_as_enough_was_said() -> None:
    with chat_scene(sentences_max=1) as scene:

        def script(exchange: Exchange) -> None:
            exchange.head()
            exchange.event(f"{GOOD}\nMore")
            if exchange.wait_until_left():
                scene.endpoint.left.set()

        scene.endpoint.script = script
        written = scene.write()
        assert (written.cited.text, written.writer, written.fault) == (GOOD, "chat", None)
        assert scene.endpoint.left.wait(5)


def test_a_flood_of_unsupported_sentences_is_stopped(scene: ChatScene) -> None:
    scene.endpoint.script = says("Gold is paid.[1]\n" * (SENTENCES_READ_MAX + 1) + GOOD)
    assert scene.write().fault is WriterFault.UNSUPPORTED


def test_a_reply_without_an_end_is_cut_off(scene: ChatScene) -> None:
    sent = 0

    def script(exchange: Exchange) -> None:
        nonlocal sent
        exchange.head()
        exchange.send(b"data: ")
        while sent < 20 * RESPONSE_MAX_BYTES:
            exchange.send(b"x" * 65_536)
            sent += 65_536

    scene.endpoint.script = script
    written = scene.write()
    assert (written.writer, written.fault) == ("extractive", WriterFault.MALFORMED)
    assert scene.endpoint.left.wait(5)
    assert sent < 20 * RESPONSE_MAX_BYTES


def test_an_option_that_the_endpoint_refuses_by_name_is_left_out_from_then_on(scene: ChatScene) -> None:
    def script(exchange: Exchange) -> None:
        if "max_tokens" in exchange.body:
            exchange.reply(400, '{"error": {"message": "use max_completion_tokens, not max_tokens"}}')
        elif "temperature" in exchange.body:
            exchange.reply(422, '{"error": {"message": "temperature is not supported"}}')
        else:
            exchange.say(GOOD)

    scene.endpoint.script = script
    assert scene.write().writer == "chat"
    assert [sorted(exchange.body) for exchange in scene.endpoint.exchanges][-1] == [
        "max_completion_tokens", "messages", "model", "stream",
    ]  # fmt: skip
    assert scene.write().writer == "chat"
    assert scene.endpoint.calls == 4


def test_another_bad_request_is_not_tried_again(scene: ChatScene) -> None:
    scene.endpoint.script = refuses(400, '{"error": {"message": "no such model"}}')
    assert scene.write().fault is WriterFault.UNAVAILABLE
    assert scene.endpoint.calls == 1


def test_a_dead_endpoint_costs_nothing_after_some_failures_and_heals_by_itself(scene: ChatScene) -> None:
    scene.endpoint.script = refuses(503)
    assert [scene.write().fault for _ in range(3)] == [WriterFault.UNAVAILABLE] * 3
    assert [scene.write().fault for _ in range(5)] == [WriterFault.RESTING] * 5
    assert scene.endpoint.calls == 3
    assert scene.events == ["the chat endpoint is left alone for a while: unavailable: status 503"]
    scene.clock[0] += 5.1
    assert scene.write().fault is WriterFault.UNAVAILABLE
    assert scene.write().fault is WriterFault.RESTING
    scene.clock[0] += 10.1
    scene.endpoint.script = says(GOOD)
    assert [scene.write().writer for _ in range(2)] == ["chat", "chat"]
    assert scene.events[-1] == "the chat endpoint answers again"


def test_an_endpoint_that_wants_fewer_calls_is_left_alone_for_so_long(scene: ChatScene) -> None:
    scene.endpoint.script = refuses(429, Retry_After="30")
    assert scene.write().fault is WriterFault.RATE_LIMITED
    scene.endpoint.script = says(GOOD)
    scene.clock[0] += 29
    assert scene.write().fault is WriterFault.RESTING
    scene.clock[0] += 1.1
    assert scene.write().writer == "chat"


def test_a_model_whose_sentences_are_dropped_is_not_left_alone(scene: ChatScene) -> None:
    scene.endpoint.script = says("NONE")
    assert [scene.write().fault for _ in range(5)] == [WriterFault.UNSUPPORTED] * 5
    assert scene.endpoint.calls == 5


def test_no_event_holds_the_key_the_question_or_what_the_endpoint_said(scene: ChatScene) -> None:
    scene.endpoint.script = refuses(500, '{"error": {"message": "sk-canary outages"}}')
    for _ in range(4):
        scene.write()
    assert scene.events == ["the chat endpoint is left alone for a while: unavailable: status 500"]
