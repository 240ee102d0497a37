"""The articles as tools: the protocol's own client against a running service, and hostile requests."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp_types import CallToolResult, TextContent

from service.mcp_mount import HostRule, McpMount, Sessions, host_rule
from service.problems import Problem
from service.serving import take_port
from service.settings import Settings
from tests.processes import ROOT, running, wait_until_live
from tests.service_app import Client as WireClient
from tests.service_app import build_app
from tests.test_service_bad_input import anything, json_values

T = TypeVar("T")
OUTAGES = "May the vendor write to customers about outages?"
SENTENCE = "ベンダーは障害についてお客様にメールを送ることがあります。"
URL = "https://example.com/ja-jp/partner-help/mail#when-we-write"
MODES = ["auto", "legacy"]
SHARED = ["locale", "roles", "applies_to", "articles", "docset", "top_k", "history"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A running service over the fake articles."""
    port = take_port("127.0.0.1", 0)
    with running("tests.slow_service", str(port), "0", drain_s="0"):
        yield wait_until_live(port)


def call(address: str, tool: str, mode: str = "auto", /, **arguments: object) -> CallToolResult:
    async def scenario() -> CallToolResult:
        async with Client(f"{address}/mcp", mode=mode) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(scenario())


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


def fields_of(result: CallToolResult) -> Any:
    assert result.is_error is False
    assert result.structured_content is not None
    return result.structured_content


@pytest.mark.parametrize("mode", MODES)
def test_the_tools_are_listed_with_described_arguments_and_results(address: str, mode: str) -> None:
    async def scenario() -> Any:
        async with Client(f"{address}/mcp", mode=mode) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(scenario())}
    arguments = {name: list(tool.input_schema["properties"]) for name, tool in tools.items()}
    assert arguments == {
        "ask": ["question", *SHARED, "conversation"],
        "search_articles": ["query", *SHARED],
        "read_article": ["article", "locale", "section"],
    }
    for tool in tools.values():
        assert tool.description is not None
        assert "  " not in tool.description
        assert all(argument["description"] for argument in tool.input_schema["properties"].values())
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
    results = {name: sorted(tool.output_schema["properties"])[:3] for name, tool in tools.items()}
    assert results == {
        "ask": ["abstain_reason", "answer", "citations"],
        "search_articles": ["generation", "hits", "locale"],
        "read_article": ["applies_to", "article", "generation"],
    }


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_comes_as_text_and_as_the_fields_of_the_http_route(address: str, mode: str) -> None:
    result = call(address, "ask", mode, question=OUTAGES, locale="ja-JP", top_k=1)
    assert text_of(result) == (
        f"{SENTENCE}[1]\n\n"
        f"[1] お客様へのメール > メールを送る場合 (machine translation, 2024-05-14)\n{URL}\n"
        f'"{SENTENCE} 価格についてお客様に書くことはありません。"\n'
        'English original: "The vendor may write to your customers about outages. '
        'It never writes to them about prices."'
    )
    body = {"question": OUTAGES, "locale": "ja-jp", "top_k": 1}
    asked = httpx.post(f"{address}/v1/ask", json=body).json()
    varying = {"id": 0, "conversation": 0, "timings_ms": 0}
    assert {**fields_of(result), **varying} == {**asked, **varying}


def test_a_refusal_is_no_error(address: str) -> None:
    result = call(address, "ask", question="月の高さは？", locale="zh-tw")
    assert (fields_of(result)["status"], text_of(result)) == ("abstained", "沒有與此問題相關的文章。")


def test_a_search_gives_passages_in_their_order(address: str) -> None:
    result = call(address, "search_articles", query="outages customers", locale="en-us", top_k=2)
    assert text_of(result).startswith(
        "1. Mail to your customers > When we write to them (source, 2024-05-14)\n"
        "https://example.com/en-us/partner-help/mail#when-we-write\n"
        "article: partner-help/mail\n"
        "The vendor may write to your customers about outages. It never writes to them about prices.\n\n"
        "2. "
    )
    assert [hit["rank"] for hit in fields_of(result)["hits"]] == [1, 2]


def test_filters_are_arguments(address: str) -> None:
    result = call(address, "search_articles", query="vendor", locale="en-us", roles=["Billing admin"])
    assert [hit["article"] for hit in fields_of(result)["hits"]] == ["partner-help/seats"]
    for name in ("roles", "docset"):
        nothing = call(address, "search_articles", "auto", query="vendor", locale="en-us", **{name: []})
        assert (fields_of(nothing)["hits"], text_of(nothing)) == ([], "No passage in en-us matches.")
    docset = call(address, "ask", question=OUTAGES, locale="en-us", docset=["other-help"])
    assert fields_of(docset)["status"] == "abstained"


def test_a_question_of_a_conversation_is_answered_as_on_its_http_route(address: str) -> None:
    turns = [{"role": "user", "content": OUTAGES}]
    body = {
        "question": "And when?",
        "locale": "en-us",
        "history": turns,
        "conversation": "talk-1",
        "top_k": 3,
    }
    answered = fields_of(call(address, "ask", "auto", **body))
    varying = {"id": 0, "timings_ms": 0}
    assert {**answered, **varying} == {**httpx.post(f"{address}/v1/ask", json=body).json(), **varying}
    assert answered["conversation"] == "talk-1"
    body = {"query": "And when?", "locale": "en-us", "history": turns, "top_k": 3}
    found = fields_of(call(address, "search_articles", "auto", **body))
    assert found == httpx.post(f"{address}/v1/search", json=body).json()


def test_an_article_is_read_whole_or_by_section(address: str) -> None:
    whole = call(address, "read_article", article="partner-help/mail")
    assert text_of(whole) == (
        "# Mail to your customers\n\n"
        "https://example.com/en-us/partner-help/mail (source, 2024-05-14)\n\n"
        "## When we write to them\n\n"
        "The vendor may write to your customers about outages. It never writes to them about prices.\n\n"
        "## Stop the mail\n\n"
        "You cannot stop mail about security."
    )
    section = fields_of(call(address, "read_article", article="partner-help/mail", section="stop"))
    assert [passage["text"] for passage in section["passages"]] == ["You cannot stop mail about security."]


def test_an_article_is_read_in_the_nearest_locale_with_its_english(address: str) -> None:
    fields = fields_of(call(address, "read_article", article="partner-help/mail", locale="de-AT"))
    assert (fields["locale"], fields["translation"]["type"]) == ("de-de", "machine")
    assert fields["passages"][0]["source_text"].startswith("The vendor may write")


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("ask", {"question": ""}, "at least 1 character"),
        ("ask", {"question": " "}, "holds no visible character"),
        ("ask", {"question": OUTAGES, "top_k": 0}, "greater than or equal to 1"),
        ("ask", {"question": OUTAGES, "role": ["a"]}, "role: Extra inputs are not permitted"),
        ("search_articles", {"query": OUTAGES, "conversation": "a"}, "conversation: Extra inputs"),
        ("ask", {"question": OUTAGES, "history": [{"role": "user"}]}, "history.0.content: Field required"),
        ("ask", {"question": OUTAGES, "locale": "not a tag"}, "no language tag"),
        ("ask", {"question": OUTAGES, "locale": "sv"}, "there are: de-de, en-us, ja-jp, zh-tw"),
        ("search_articles", {}, "query"),
        ("read_article", {"article": "partner-help/nothing"}, "no article 'partner-help/nothing' in en-us"),
        ("read_article", {"article": "partner-help/mail", "locale": "sv"}, "no articles in locale 'sv'"),
        (
            "read_article",
            {"article": "partner-help/mail", "section": "x"},
            "no section 'x'; it has: when-we-write, stop",
        ),
        ("nothing", {}, "Unknown tool"),
    ],
)
def test_what_a_caller_can_mend_is_an_error_of_the_tool(
    address: str, tool: str, arguments: dict[str, object], why: str
) -> None:
    result = call(address, tool, **arguments)
    assert result.is_error is True
    assert why in text_of(result)


def test_an_error_of_arguments_names_the_field_and_repeats_nothing(address: str) -> None:
    result = call(address, "ask", question="canary7319\0", top_k="x")
    assert text_of(result) == (
        "question: holds a NUL character; "
        "top_k: Input should be a valid integer, unable to parse string as an integer"
    )


def test_many_callers_are_served_at_once(address: str) -> None:
    async def scenario() -> list[str]:
        async with Client(f"{address}/mcp") as one, Client(f"{address}/mcp") as other:
            results = await asyncio.gather(
                *(client.call_tool("ask", {"question": OUTAGES}) for client in (one, other) * 5)
            )
        return [text_of(result) for result in results]

    assert len(set(asyncio.run(scenario()))) == 1


def test_a_host_that_is_not_the_services_is_421(address: str) -> None:
    def status(**headers: str) -> int:
        return httpx.post(f"{address}/mcp", json=INITIALIZE, headers={**ACCEPT, **headers}).status_code

    port = urlsplit(address).port
    assert status() == 200
    assert status(Host=f"localhost:{port}") == 200
    assert status(Host="evil.example") == 421
    assert status(Origin="https://evil.example") == 403


def test_only_post_is_answered(address: str) -> None:
    for method in ("GET", "DELETE", "PUT"):
        response = httpx.request(method, f"{address}/mcp", headers=ACCEPT)
        assert (response.status_code, response.json()["type"]) == (405, "/problems/method-not-allowed")
        assert response.headers["allow"] == "POST"
    assert httpx.post(f"{address}/mcp/", json=INITIALIZE, headers=ACCEPT).status_code == 200


ACCEPT = {"Accept": "application/json, text/event-stream"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
arguments = st.dictionaries(
    st.sampled_from(
        ["question", "query", "article", "locale", "top_k", "roles", "articles", "section", "history"]
    ),
    anything | st.sampled_from(["ja-jp", "partner-help/mail", OUTAGES, 1]) | json_values,
)
tool_calls = st.fixed_dictionaries(
    {
        "jsonrpc": st.just("2.0"),
        "id": st.integers(0, 9) | anything,
        "method": st.just("tools/call"),
        "params": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["ask", "search_articles", "read_article"]) | anything,
                "arguments": arguments,
            },
            optional={"_meta": json_values},
        ),
    }
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | json_values,
        "id": st.integers() | json_values,
        "method": st.sampled_from(["initialize", "tools/list", "ping", "resources/read"]) | anything,
        "params": json_values,
    },
)
protocol_headers = st.fixed_dictionaries(
    {},
    optional={
        "MCP-Protocol-Version": st.sampled_from(["2025-06-18", "2026-07-28", "x"]),
        "Mcp-Session-Id": st.just("x"),
        "Mcp-Method": st.sampled_from(["tools/call", "x"]),
        "Mcp-Name": st.sampled_from(["ask", "x"]),
        "Content-Type": st.sampled_from(["application/json", "text/plain"]),
        "Accept": st.sampled_from(["*/*", "application/json", "text/event-stream"]),
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tool_calls | envelopes | json_values | st.binary(max_size=50), st.just({}) | protocol_headers)
def test_junk_never_gives_a_fault(address: str, body: Any, headers: dict[str, str]) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {**ACCEPT, "Content-Type": "application/json", **headers}
    with httpx.Client(base_url=address) as client:
        response = client.post("/mcp", content=content, headers=sent)
    assert response.status_code < 500, response.text


def test_a_caller_that_leaves_frees_its_thread() -> None:
    port = take_port("127.0.0.1", 0)
    options = {"concurrency": "1", "queue_max": "0", "drain_s": "0"}
    with running("tests.slow_service", str(port), "0.6", **options):
        address = wait_until_live(port)
        assert httpx.post(f"{address}/mcp", json=INITIALIZE, headers=ACCEPT, timeout=30).status_code == 200
        # Searched for in four locales, .6 s each.
        arguments = {"name": "ask", "arguments": {"question": "月の高さは？", "locale": "zh-tw"}}
        body = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": arguments}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/mcp", json=body, headers=ACCEPT, timeout=0.3).read()
        left = time.monotonic()
        assert httpx.get(f"{address}/v1/passages/x").status_code == 503
        while httpx.get(f"{address}/v1/passages/x").status_code == 503:
            time.sleep(0.02)
        assert time.monotonic() - left < 1.8


def test_the_sdk_is_loaded_by_the_first_request_only() -> None:
    code = (
        "import sys, service.__main__, service.app\n"
        "print([name for name in ('mcp', 'mcp_types', 'openai') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout == "[]\n"


@pytest.mark.parametrize(
    ("listening", "more", "names"),
    [
        ("127.0.0.1", "", ("127.0.0.1", "localhost", "[::1]")),
        ("127.0.0.2", "", ("127.0.0.2", "127.0.0.1", "localhost", "[::1]")),
        ("localhost", "", ("localhost", "127.0.0.1", "[::1]")),
        ("::1", "", ("[::1]", "127.0.0.1", "localhost")),
        ("10.0.0.5", "", ("10.0.0.5",)),
        ("Desk.Example", "Help.Example , ", ("desk.example", "help.example")),
        ("127.0.0.1", "help.example", ("127.0.0.1", "localhost", "[::1]", "help.example")),
        ("0.0.0.0", "", None),
        ("::", "help.example", None),
        ("127.0.0.1", "*", None),
    ],
)
def test_the_names_follow_the_address_listened_on(
    listening: str, more: str, names: tuple[str, ...] | None
) -> None:
    assert host_rule(listening, more) == HostRule(names)


def test_before_the_start_a_request_is_told_to_wait() -> None:
    client = WireClient(build_app(settings=Settings()))
    response = client.post("/mcp", INITIALIZE)
    assert (response.status_code, response.json()["type"]) == (503, "/problems/not-ready")


class FakeSessions:
    """Answers with its number of requests."""

    def __init__(self) -> None:
        self.states: list[str] = []

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        self.states.append("started")
        try:
            yield
        finally:
            self.states.append("ended")

    async def handle_request(self, scope: Any, receive: Any, send: Any) -> None:
        self.states.append("asked")


async def ignored(*_: object) -> Any:
    raise AssertionError("nothing is read or sent")


def mounted(load: Callable[[], Sessions], ask: Callable[[McpMount], Coroutine[Any, Any, T]]) -> T:
    async def scenario() -> T:
        mount = McpMount(load)
        async with mount.serving():
            return await ask(mount)

    return asyncio.run(scenario())


def test_sessions_run_from_the_first_request_to_the_end() -> None:
    sessions = FakeSessions()

    async def ask(mount: McpMount) -> list[str]:
        await asyncio.sleep(0)
        before = list(sessions.states)
        await asyncio.gather(*(mount({}, ignored, ignored) for _ in range(2)))
        return before

    assert mounted(lambda: sessions, ask) == []
    assert sessions.states == ["started", "asked", "asked", "ended"]


def test_who_never_asks_loads_nothing() -> None:
    def load() -> Sessions:
        raise AssertionError("nobody asked")

    async def wait(mount: McpMount) -> None:
        await asyncio.sleep(0.01)

    mounted(load, wait)


def test_each_request_is_told_when_the_sdk_can_not_be_loaded() -> None:
    def load() -> Sessions:
        raise ImportError("no module named mcp")

    async def ask(mount: McpMount) -> None:
        for _ in range(2):
            with pytest.raises(ImportError):
                await mount({}, ignored, ignored)

    mounted(load, ask)


def test_after_the_end_nothing_is_answered() -> None:
    async def scenario() -> None:
        mount = McpMount(FakeSessions)
        async with mount.serving():
            await mount({}, ignored, ignored)
        with pytest.raises(Problem):
            await mount({}, ignored, ignored)

    asyncio.run(scenario())
