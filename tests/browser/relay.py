"""A service that misbehaves as it is told: it stands before the real one and passes everything on.

A test puts faults on addresses; each fault is used up by one request. What is streamed is the real
answer, in parts that wait for the test, so that no test sleeps.
"""

from __future__ import annotations

import http.client
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from tests.local_server import LocalServer

RESPONSES = "/v1/responses"
HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "content-length", "te", "upgrade"})
WAIT_S = 20.0


@dataclass(frozen=True)
class Reply:
    """What the service behind said."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def events(self) -> list[bytes]:
        """The events of a stream, each with its blank line; in one form of line end."""
        parts = self.body.replace(b"\r\n", b"\n").split(b"\n\n")
        return [part + b"\n\n" for part in parts if part.strip()]


@dataclass(frozen=True)
class Request:
    """What a browser sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


Fault = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request, and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    relay: Relay

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_OPTIONS(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked = Request(self.command, self.path, headers, body)
        self.relay.requests.append(self.asked)
        faults = self.relay.faults[(self.command, urlsplit(self.path).path)]
        fault = faults.pop(0) if faults else pass_on
        try:
            fault(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def ask_behind(self) -> Reply:
        """The real answer, whole."""
        connection = http.client.HTTPConnection(self.relay.behind, timeout=WAIT_S)
        try:
            connection.request(
                self.command,
                self.path,
                self.asked.body or None,
                {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP},
            )
            reply = connection.getresponse()
            return Reply(reply.status, tuple(reply.getheaders()), reply.read())
        finally:
            connection.close()

    def send_whole(self, reply: Reply) -> None:
        """Send a reply as it is."""
        self._send_head(reply.status, reply.headers, ("Content-Length", str(len(reply.body))))
        if reply.status != 204:
            self.wfile.write(reply.body)

    def begin_stream(self, reply: Reply) -> None:
        """Send the head of a reply whose parts follow."""
        self._send_head(reply.status, reply.headers, ("Transfer-Encoding", "chunked"))

    def send_part(self, part: bytes) -> None:
        """Send one part of a stream."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.flush()

    def end_stream(self) -> None:
        """End a stream in order."""
        self.wfile.write(b"0\r\n\r\n")

    def refuse(self, status: int, kind: str, **headers: str) -> None:
        """Answer with a problem that the page may read."""
        body = json.dumps({"type": f"/problems/{kind}", "title": kind, "status": status, "detail": kind})
        shown = {
            "Content-Type": "application/problem+json",
            "Access-Control-Allow-Origin": self.asked.headers.get("origin", "*"),
            "Access-Control-Expose-Headers": "Retry-After",
            "Vary": "Origin",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.send_whole(Reply(status, tuple(shown.items()), body.encode()))

    def _send_head(self, status: int, headers: tuple[tuple[str, str], ...], framing: tuple[str, str]) -> None:
        self.send_response_only(status)
        for name, value in (*headers, framing):
            if name.lower() not in HOP_BY_HOP or (name, value) == framing:
                self.send_header(name, value)
        self.end_headers()


def pass_on(exchange: Exchange) -> None:
    """No fault."""
    exchange.send_whole(exchange.ask_behind())


def refused(status: int, kind: str, **headers: str) -> Fault:
    """A problem in place of an answer."""
    return lambda exchange: exchange.refuse(status, kind, **headers)


@dataclass(frozen=True)
class Cut:
    """A stream whose connection is lost after so many events, as soon as the test says so."""

    events: int
    gate: Event

    def __call__(self, exchange: Exchange) -> None:
        reply = exchange.ask_behind()
        exchange.begin_stream(reply)
        for event in reply.events()[: self.events]:
            exchange.send_part(event)
        self.gate.wait(WAIT_S)
        exchange.close_connection = True

    def go_on(self) -> None:
        """Lose the connection."""
        self.gate.set()


def cut_after(events: int) -> Cut:
    """A stream that is lost after so many events."""
    return Cut(events, Event())


def ended_after(events: int) -> Fault:
    """The stream ends in order, but early."""

    def end(exchange: Exchange) -> None:
        reply = exchange.ask_behind()
        exchange.begin_stream(reply)
        for event in reply.events()[:events]:
            exchange.send_part(event)
        exchange.end_stream()

    return end


def garbled(exchange: Exchange) -> None:
    """A stream whose events are none."""
    reply = exchange.ask_behind()
    exchange.begin_stream(reply)
    for part in (b"data: {\n\n", b"event: nonsense\ndata\n\n", b"\xff\xfe\x00", b"data: []\n\n", b": \n\n"):
        exchange.send_part(part)
    exchange.end_stream()


def in_bytes(exchange: Exchange) -> None:
    """A stream in single bytes' parts around the places where letters of several bytes are torn."""
    reply = exchange.ask_behind()
    exchange.begin_stream(reply)
    for start in range(0, len(reply.body), 7):
        exchange.send_part(reply.body[start : start + 7])
    exchange.end_stream()


def told(*sentences: str) -> Fault:
    """A stream that says these sentences and ends early."""

    def tell(exchange: Exchange) -> None:
        exchange.begin_stream(exchange.ask_behind())
        for sentence in sentences:
            event = {"type": "response.output_text.delta", "delta": sentence}
            exchange.send_part(b"data: %s\n\n" % json.dumps(event).encode())
        exchange.end_stream()

    return tell


def rewritten(change: Callable[[Any], None]) -> Fault:
    """The stream with another reply at its end; `change` changes the body of `/v1/ask` in place."""

    def rewrite(exchange: Exchange) -> None:
        reply = exchange.ask_behind()
        exchange.begin_stream(reply)
        for event in reply.events():
            head, _, data = event.partition(b"data: ")
            if b"response.completed" in head:
                content = json.loads(data)
                change(content["response"]["citedesk"])
                event = head + b"data: " + json.dumps(content).encode() + b"\n\n"
            exchange.send_part(event)
        exchange.end_stream()

    return rewrite


@dataclass(frozen=True)
class Paused:
    """A stream that waits before the event of each of these numbers until the test lets it go on."""

    events: tuple[int, ...]
    gates: tuple[Event, ...]

    def __call__(self, exchange: Exchange) -> None:
        reply = exchange.ask_behind()
        begun = False
        for number, event in enumerate(reply.events()):
            if number in self.events and not self.gates[self.events.index(number)].wait(WAIT_S):
                return
            if not begun:
                exchange.begin_stream(reply)
                begun = True
            exchange.send_part(event)
        exchange.end_stream()

    def go_on(self) -> None:
        """Open the next gate."""
        next(gate for gate in self.gates if not gate.is_set()).set()


def paused_before(*events: int) -> Paused:
    """A stream with gates before these events; one before event 0 holds back the head too."""
    return Paused(events, tuple(Event() for _ in events))


class Relay:
    """The misbehaving service at `http://127.0.0.1:PORT`, before the one at `behind`."""

    def __init__(self, port: int, *, behind: str) -> None:
        """Listen on this port; `behind` is the real service's address."""
        self.behind = urlsplit(behind).netloc
        self.faults: dict[tuple[str, str], list[Fault]] = defaultdict(list)
        self._gates: list[Event] = []
        self.requests: list[Request] = []
        handler = type("RelayExchange", (Exchange,), {"relay": self})
        self.server = LocalServer(handler, port)
        self.address = self.server.url

    def put(self, *faults: Fault, method: str = "POST", path: str = RESPONSES) -> None:
        """Answer the next requests to an address with these faults, one each."""
        self.faults[(method, path)].extend(faults)
        for fault in faults:
            if isinstance(fault, Paused):
                self._gates.extend(fault.gates)
            elif isinstance(fault, Cut):
                self._gates.append(fault.gate)

    def asked(self, path: str = RESPONSES, method: str = "POST") -> list[Request]:
        """What came to an address."""
        return [
            request
            for request in self.requests
            if (request.method, urlsplit(request.path).path) == (method, path)
        ]

    def forget(self) -> None:
        """Begin anew: no faults, no requests, nobody waits."""
        for gate in self._gates:
            gate.set()
        self._gates.clear()
        self.faults.clear()
        self.requests.clear()


@contextmanager
def relaying(port: int = 0, *, behind: str) -> Iterator[Relay]:
    """The misbehaving service, until the end of the block."""
    relay = Relay(port, behind=behind)
    with relay.server:
        yield relay
