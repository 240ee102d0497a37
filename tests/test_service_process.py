"""The service as a process: real sockets, slow clients, ports, signals."""

from __future__ import annotations

import json
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from service.__main__ import greet
from service.serving import PortError, resolve_host, take_port
from tests.exchanges import bytes_beside
from tests.processes import ASK_HEAD, ROOT, START_S, running, wait_until_live

QUESTION = {"question": "May the vendor write to customers about outages?"}


@pytest.fixture(scope="module")
def hurried() -> Iterator[int]:
    """The port of a service that waits half a second for headers and 1.5 s for bodies."""
    port = take_port("127.0.0.1", 0)
    with running(
        "tests.slow_service", str(port), "0", body_read_s="1.5", header_read_s="0.5", body_max_bytes="100000"
    ):
        wait_until_live(port)
        yield port


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    connection.settimeout(10)
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_a_body_that_does_not_arrive_is_408_and_the_connection_closes(hurried: int) -> None:
    with socket.create_connection(("127.0.0.1", hurried)) as connection:
        connection.sendall(ASK_HEAD + b'Content-Length: 50\r\n\r\n{"question": "')
        reply = received(connection)
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/slow-request" in reply


def test_a_body_that_trickles_is_408_too(hurried: int) -> None:
    with socket.create_connection(("127.0.0.1", hurried)) as connection:
        connection.sendall(ASK_HEAD + b"Content-Length: 50\r\n\r\n")
        for _ in range(49):
            connection.sendall(b" ")
            if select.select([connection], [], [], 0.1)[0]:
                break
        assert received(connection).startswith(b"HTTP/1.1 408 ")


def test_headers_that_do_not_arrive_close_the_connection(hurried: int) -> None:
    with socket.create_connection(("127.0.0.1", hurried)) as connection:
        connection.sendall(ASK_HEAD)
        reply = received(connection)
    assert reply == b"" or reply.startswith(b"HTTP/1.1 408 ")


def test_a_huge_body_without_a_length_is_413_before_it_has_all_arrived(hurried: int) -> None:
    with socket.create_connection(("127.0.0.1", hurried)) as connection:
        connection.sendall(ASK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            connection.sendall((b"100000\r\n" + b" " * 0x100000 + b"\r\n") * 80)
        reply = received(connection)
    assert reply == b"" or reply.startswith(b"HTTP/1.1 413 ")


def test_a_declared_huge_body_is_413_at_once(hurried: int) -> None:
    with socket.create_connection(("127.0.0.1", hurried)) as connection:
        connection.sendall(ASK_HEAD + b"Content-Length: 80000000\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 413 ")


def test_ids_with_slash_and_hash_arrive_whole(hurried: int) -> None:
    reply = httpx.get(f"http://127.0.0.1:{hurried}/v1/passages/en-us/partner-help/mail%23stop.0").json()
    assert reply["text"] == "You cannot stop mail about security."


def test_a_health_check_by_head_gets_headers_alone(hurried: int) -> None:
    with socket.create_connection(("127.0.0.1", hurried)) as connection:
        connection.sendall(b"HEAD /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = received(connection)
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.endswith(b"\r\n\r\n")


def test_slow_clients_do_not_keep_others_waiting(hurried: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", hurried)) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(ASK_HEAD + b"Content-Length: 50\r\n\r\n{")
        assert httpx.post(f"http://127.0.0.1:{hurried}/v1/ask", json=QUESTION).status_code == 200
    finally:
        for connection in slow:
            connection.close()


def test_on_sigterm_readiness_ends_requests_finish_and_the_exit_code_is_0() -> None:
    port = take_port("127.0.0.1", 0)
    # Long enough that all requests have come in, on a busy machine too.
    with running("tests.slow_service", str(port), "1.5", concurrency="8", drain_s="3") as process:
        address = wait_until_live(port)
        with ThreadPoolExecutor(8) as pool:
            asked = [
                pool.submit(httpx.post, f"{address}/v1/ask", json=QUESTION, timeout=30) for _ in range(8)
            ]
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            ready = httpx.get(f"{address}/health/ready")
            replies = [future.result() for future in asked]
        assert process.wait(timeout=30) == 0
    assert (ready.status_code, ready.json()["detail"]) == (503, "the service is stopping")
    assert [reply.status_code for reply in replies] == [200] * 8
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health/live")


def test_work_beyond_the_queue_is_503_with_retry_after_and_at_the_deadline_504() -> None:
    port = take_port("127.0.0.1", 0)
    with running("tests.slow_service", str(port), "1", concurrency="1", queue_max="1", deadline_s="0.5"):
        address = wait_until_live(port)
        with ThreadPoolExecutor(6) as pool:
            replies = list(
                pool.map(lambda _: httpx.post(f"{address}/v1/ask", json=QUESTION, timeout=30), range(6))
            )
        statuses = sorted(reply.status_code for reply in replies)
        assert statuses == [503, 503, 503, 503, 504, 504]
        refusals = [reply for reply in replies if reply.status_code == 503]
        assert {reply.json()["type"] for reply in refusals} == {"/problems/overloaded"}
        assert {reply.headers["retry-after"] for reply in replies} == {"1"}


def test_without_an_index_the_service_starts_and_says_so(tmp_path: Path) -> None:
    with running(
        "service", "--index", str(tmp_path / "none"), "--port", "0", "--example", "Who's there?"
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("Citedesk answers at ").strip()
        example = process.stdout.readline()
        wait_until_live(int(address.rsplit(":", 1)[1]))
        ready = httpx.get(f"{address}/health/ready")
        page = httpx.get(f"{address}/")
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert ready.status_code == 503
    assert "python -m indexer build" in ready.json()["detail"]
    assert page.status_code == 200
    assert example.startswith(f"Try: curl -s {address}/v1/ask ")


def test_a_host_may_be_given_by_name(tmp_path: Path) -> None:
    with running(
        "service", "--index", str(tmp_path / "none"), "--host", "localhost", "--port", "0"
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("Citedesk answers at ").strip()
        assert address.startswith("http://localhost:")
        wait_until_live(int(address.rsplit(":", 1)[1]))
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_a_name_is_resolved_to_its_ipv4_address_first() -> None:
    assert [resolve_host(host) for host in ("localhost", "127.0.0.1", "0.0.0.0", "::", "::1")] == [
        "127.0.0.1",
        "127.0.0.1",
        "0.0.0.0",
        "::",
        "::1",
    ]


@pytest.mark.parametrize("host", ["no such host", "a" * 64, "desk..example"])
def test_a_name_that_has_no_address_is_refused(host: str) -> None:
    with pytest.raises(PortError, match=f"can't listen on {host}: .*; give another one with --host"):
        resolve_host(host)


def test_a_port_in_use_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running("service", "--index", str(tmp_path), "--port", str(port)) as process:
            assert process.wait(timeout=START_S) == 1
            assert process.stderr is not None
            assert process.stderr.read() == (
                f"service: can't listen on 127.0.0.1:{port}: stop what listens there, "
                "or take another one with --port\n"
            )


def test_a_second_service_does_not_share_the_port_of_the_first(hurried: int) -> None:
    with pytest.raises(PortError, match=f"can't listen on 127.0.0.1:{hurried}"):
        take_port("127.0.0.1", hurried)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortError, match="take another one with --host and --port"):
        take_port("192.0.2.1", 8000)
    with pytest.raises(PortError, match="take another one with --host and --port"):
        take_port("no such host", 8000)


def test_an_unknown_variable_ends_the_start(tmp_path: Path) -> None:
    with running("service", "--index", str(tmp_path), prot="1") as process:
        assert process.wait(timeout=START_S) == 2
        assert process.stderr is not None
        assert process.stderr.read().startswith(
            "service: unknown variable CITEDESK_PROT: unset it or use one of "
        )


def test_the_greeting_gives_a_command_that_a_shell_reads_back() -> None:
    lines = greet("::1", 8000, example="Who's there?").splitlines()
    assert lines[0] == "Citedesk answers at http://[::1]:8000"
    command = lines[1].removeprefix("Try: curl")
    printed = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True
    )
    assert json.loads(printed.stdout.splitlines()[-1]) == {"question": "Who's there?"}
    assert greet("127.0.0.1", 80, example=None) == "Citedesk answers at http://127.0.0.1:80"


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:8000"), ("::", "http://[::1]:8000"), ("0::0", "http://[::1]:8000")],
)
def test_where_it_listens_everywhere_the_greeting_gives_an_address_to_open(host: str, address: str) -> None:
    lines = greet(host, 8000, example="Why?").splitlines()
    assert lines[:2] == [
        f"Citedesk answers at {address}",
        f"It listens on all addresses of this machine ({host}).",
    ]
    assert lines[2].startswith(f"Try: curl -s {address}/v1/ask ")


def test_a_host_by_name_is_greeted_by_its_name() -> None:
    assert greet("desk.example", 80, example=None) == "Citedesk answers at http://desk.example:80"


def test_the_service_loads_no_model_framework() -> None:
    code = (
        "import sys, service.__main__, service.app\n"
        "print([n for n in ('torch', 'transformers', 'sentence_transformers') if n in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout == "[]\n"


def test_a_stopping_service_stores_what_was_asked_last(database_url: str) -> None:
    port = take_port("127.0.0.1", 0)
    with running("tests.slow_service", str(port), "0", database_url=database_url, drain_s="0") as process:
        address = wait_until_live(port)
        answer = httpx.post(f"{address}/v1/ask", json=QUESTION).json()
        body = {"id": answer["id"], "rating": "up", "reasons": ["other"]}
        rated = httpx.post(f"{address}/v1/feedback", json=body)
        last = httpx.post(
            f"{address}/v1/ask", json={**QUESTION, "conversation": answer["conversation"]}
        ).json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert rated.status_code == 200
    with running("service", "report", "--json", database_url=database_url) as process:
        printed, _ = process.communicate(timeout=START_S)
    figures = json.loads(printed)
    assert (figures["questions"], figures["conversations"], figures["up"]) == (2, 1, 1)
    with running(
        "service", "forget", "--conversation", last["conversation"], database_url=database_url
    ) as process:
        printed, _ = process.communicate(timeout=START_S)
    assert printed == "2 questions of the conversation deleted\n"


def call_tool(address: str, tool: str, **arguments: object) -> str:
    """The text of the response to a call of a tool."""
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }
    accepted = {"Accept": "application/json, text/event-stream"}
    return httpx.post(f"{address}/mcp", json=call, headers=accepted, timeout=30).text


def test_nothing_that_was_asked_stands_in_what_the_process_prints_or_keeps(tmp_path: Path) -> None:
    port = take_port("127.0.0.1", 0)
    file = tmp_path / "c.db"
    canary = "canary7319"
    with running("tests.slow_service", str(port), "0", database_url=f"sqlite:///{file}") as process:
        address = wait_until_live(port)
        turns = [{"role": "user", "content": canary}]
        asked = {"question": f"{canary} outages", "history": turns, "filters": {"roles": [canary]}}
        answer = httpx.post(f"{address}/v1/ask", json=asked).json()
        httpx.post(f"{address}/v1/search", json={"query": f"{canary} outages"})
        httpx.post(f"{address}/v1/ask", json={"question": canary, "top_k": canary})
        httpx.post(f"{address}/v1/feedback", json={"id": answer["id"], "rating": "down", "note": canary})
        httpx.get(f"{address}/v1/passages/{canary}")
        pages = [
            httpx.get(f"{address}/ask", params={"q": q}) for q in (f"{canary} outages", f"{canary} explode")
        ]
        tools = [call_tool(address, "ask", question=f"{canary} {word}") for word in ("outages", "explode")]
        tools.append(call_tool(address, "search_articles", query=f"{canary} explode", top_k=canary))
        tools.append(call_tool(address, "search_articles", query=f"{canary} explode"))
        process.send_signal(signal.SIGTERM)
        printed = "".join(process.communicate(timeout=START_S))
    assert [page.status_code for page in pages] == [200, 500]
    assert [('isError":true' in tool, "its log" in tool) for tool in tools] == [
        (False, False),
        (True, True),
        (True, False),
        (True, True),
    ]
    assert "RuntimeError" in printed
    content = bytes_beside(file)
    assert answer["id"].encode() in content
    assert canary.encode() not in content
    assert canary not in printed
    page = tmp_path / "report.html"
    with running("service", "report", "--html", str(page), database_url=f"sqlite:///{file}") as process:
        printed = "".join(process.communicate(timeout=START_S))
    assert process.returncode == 0
    assert canary not in printed + page.read_text("utf-8")


def test_tables_of_another_version_end_the_start(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE citedesk_schema (only_row INTEGER PRIMARY KEY, version INTEGER)")
        connection.execute("INSERT INTO citedesk_schema VALUES (1, 7)")
    connection.close()
    with running(
        "service", "--index", str(tmp_path), "--port", "0", database_url=f"sqlite:///{file}"
    ) as process:
        assert process.wait(timeout=START_S) == 1
        assert process.stderr is not None
        assert process.stderr.read().startswith(
            f"service: sqlite:///{file} has tables of version 7, this service reads and writes version 1: "
        )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"database_url": "oracle://h/d"}, "service: conversations can't be kept in 'oracle' like that"),
        (
            {"handover_url": "https://desk.example"},
            "service: handover_secret (CITEDESK_HANDOVER_SECRET): it is whsec_ and the base64",
        ),
    ],
)
def test_what_can_never_work_ends_the_start(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    with running("service", "--index", str(tmp_path), "--port", "0", **settings) as process:
        assert process.wait(timeout=START_S) == 2
        assert process.stderr is not None
        assert process.stderr.read().startswith(said)


def test_a_database_that_is_down_does_not_end_the_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'no' / 'c.db'}"
    with running("service", "--index", str(tmp_path), "--port", "0", database_url=url) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Citedesk answers at ")
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = [line for line in told.splitlines() if line.startswith("conversations")]
    assert lines == [f"conversations are not stored, answers go out: {url}: No such file or directory"]
