"""An OpenAI-style chat endpoint on loopback that does what a test tells it to, well or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from socket import SHUT_RDWR, socket
from socketserver import StreamRequestHandler
from typing import Any

from tests.local_server import LocalServer

# No script waits longer than this, whatever the test forgets.
WAIT_MAX_S = 20.0


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, connection: socket, body: Any, headers: Mapping[str, str], released: threading.Event):
        self.body = body
        self.headers = headers
        self.released = released
        self._connection = connection

    @property
    def prompt(self) -> str:
        """All that the model is told."""
        return "\n".join(message["content"] for message in self.body["messages"])

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {kind}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def reply(self, status: int, text: str, kind: str = "application/json", **headers: str) -> None:
        """A whole response that is no stream."""
        self.head(status, kind, Content_Length=str(len(text.encode())), **headers)
        self.send(text.encode())

    def event(self, text: str | None = None, finish: str | None = None) -> None:
        delta = {} if text is None else {"content": text}
        chunk = {
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }  # fmt: skip
        self.send(f"data: {json.dumps(chunk)}\n\n".encode())

    def end(self, finish: str = "stop") -> None:
        self.event(finish=finish)
        self.send(b"data: [DONE]\n\n")

    def say(self, text: str, *, finish: str = "stop", chars: int = 7) -> None:
        """A whole stream: the text in small pieces."""
        self.head()
        for start in range(0, len(text), chars):
            self.event(text[start : start + chars])
        self.end(finish)

    def wait(self, seconds: float = WAIT_MAX_S) -> None:
        """Do nothing until the test is over, or for so long."""
        self.released.wait(seconds)

    def wait_until_left(self) -> bool:
        """Whether the client closes the connection before the time is over."""
        self._connection.settimeout(WAIT_MAX_S)
        try:
            return self._connection.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


Script = Callable[[Exchange], None]


class ScriptedEndpoint:
    """Answers every request with `script`; keeps what it was sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.script: Script = says("")
        self.exchanges: list[Exchange] = []
        self.left = threading.Event()
        self.released = threading.Event()

    @property
    def calls(self) -> int:
        return len(self.exchanges)


@contextmanager
def scripted_endpoint() -> Iterator[ScriptedEndpoint]:
    """A running endpoint; it says nothing until its script is set."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            exchange = self._read()
            if exchange is None:
                return
            endpoint.exchanges.append(exchange)
            try:
                endpoint.script(exchange)
                self.connection.shutdown(SHUT_RDWR)
            except OSError:
                endpoint.left.set()

        def _read(self) -> Exchange | None:
            headers: dict[str, str] = {}
            if not self.rfile.readline():
                return None
            while line := self.rfile.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = json.loads(self.rfile.read(int(headers["content-length"])))
            return Exchange(self.connection, body, headers, endpoint.released)

    class Server(LocalServer):
        daemon_threads = False

    server = Server(Handler)
    endpoint = ScriptedEndpoint(f"{server.url}/v1")
    with server:
        try:
            yield endpoint
        finally:
            endpoint.released.set()


def says(text: str, **options: Any) -> Script:
    return lambda exchange: exchange.say(text, **options)


def refuses(status: int, text: str = '{"error": {"message": "no"}}', **headers: str) -> Script:
    return lambda exchange: exchange.reply(status, text, **headers)


def breaks_off(text: str) -> Script:
    """Half a stream: the text, and then the connection is closed."""

    def script(exchange: Exchange) -> None:
        exchange.head()
        exchange.event(text)

    return script


def hangs(exchange: Exchange) -> None:
    exchange.wait()


def drips(text: str, *, pause_s: float) -> Script:
    """One character at a time."""

    def script(exchange: Exchange) -> None:
        exchange.head()
        for character in text:
            exchange.event(character)
            time.sleep(pause_s)
        exchange.end()

    return script
