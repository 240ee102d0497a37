"""A Chatwoot on loopback, deliveries as it sends them, and a service that they are sent to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
from starlette.types import ASGIApp, Message

from service.chatwoot import ChatwootLink
from service.chatwoot_client import ChatwootClient
from tests.local_server import LocalServer

SECRET = "bot-secret-6c1f"
TOKEN = "bot-token-93ab"
DELIVERED_AT = 1_718_020_800


@dataclass(frozen=True)
class Call:
    """What the bot asked of Chatwoot."""

    what: str
    body: dict[str, Any]


@dataclass
class Answer:
    """What the fake answers a call, after `after_s` seconds."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0


class FakeChatwoot(LocalServer):
    """Takes an agent bot's calls as Chatwoot does, and refuses what Chatwoot would refuse.

    `answers` are given in their order, then 200. `calls` holds what was taken with 2xx, `tries` all.
    """

    def __init__(self, answers: Sequence[Answer] = ()) -> None:
        super().__init__(_Taking)
        self.answers = list(answers)
        self.calls: list[Call] = []
        self.tries: list[str] = []
        self._lock = threading.Lock()

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one call."""
        with self._lock:
            self.tries.append(path)
            refusal = refuse(path, headers, body)
            answer = Answer(refusal) if refusal else self.answers.pop(0) if self.answers else Answer()
            if 200 <= answer.status < 300:
                self.calls.append(Call(path.removeprefix("/api/v1/accounts/"), json.loads(body)))
        return answer


def refuse(path: str, headers: Mapping[str, str], body: bytes) -> int:
    """The status with which Chatwoot refuses a call of an agent bot, 0 where it takes it."""
    parts = path.split("/")
    if parts[:4] != ["", "api", "v1", "accounts"] or parts[5:6] != ["conversations"] or len(parts) != 8:
        return 404
    if headers.get("api_access_token") != TOKEN:
        return 401
    if not headers.get("content-type", "").startswith("application/json"):
        return 415
    told = json.loads(body)
    if parts[7] == "messages":
        fits = set(told) == {"content", "message_type", "content_type", "private"} and told["content"]
        return 0 if fits and told["message_type"] == "outgoing" else 422
    return 0 if parts[7] == "toggle_status" and told == {"status": "open"} else 404


class _Taking(BaseHTTPRequestHandler):
    server: FakeChatwoot

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = self.server.take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        time.sleep(answer.after_s)
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            pass  # the bot has given up

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def delivery(
    content: Any = "May the vendor write to your customers about outages?", **changes: Any
) -> dict[str, Any]:
    """A contact's message as Chatwoot 4 tells it to an agent bot; dotted names change what lies deeper."""
    event = {
        "account": {"id": 3, "name": "Example desk"},
        "additional_attributes": {},
        "content_attributes": {},
        "content_type": "text",
        "content": content,
        "conversation": {
            "additional_attributes": {
                "browser": {
                    "device_name": "Unknown",
                    "browser_name": "Firefox",
                    "platform_name": "Generic Linux",
                    "browser_version": "128.0",
                    "platform_version": "0",
                },
                "referer": "https://shop.example/help",
                "initiated_at": {"timestamp": "Mon Jun 10 2024 14:00:00 GMT+0200"},
                "browser_language": "en",
            },
            "can_reply": True,
            "channel": "Channel::WebWidget",
            "contact_inbox": {"id": 21, "contact_id": 20, "inbox_id": 2, "hmac_verified": False},
            "id": 42,
            "inbox_id": 2,
            "messages": [{"id": 311, "content": content, "message_type": 0, "private": False}],
            "labels": [],
            "meta": {"sender": {"id": 20, "type": "contact"}, "assignee": None, "hmac_verified": False},
            "status": "pending",
            "custom_attributes": {},
            "snoozed_until": None,
            "unread_count": 1,
            "priority": None,
            "timestamp": 1718020799,
            "updated_at": 1718020799.731843,
        },
        "created_at": "2024-06-10T12:00:00.000Z",
        "id": 311,
        "inbox": {"id": 2, "name": "Website"},
        "message_type": "incoming",
        "private": False,
        "sender": {
            "account": {"id": 3, "name": "Example desk"},
            "additional_attributes": {},
            "avatar": "",
            "custom_attributes": {},
            "email": "kim@example.com",
            "id": 20,
            "identifier": None,
            "name": "Kim",
            "phone_number": None,
            "thumbnail": "",
            "blocked": False,
        },
        "source_id": None,
        "event": "message_created",
    }
    for name, value in changes.items():
        *way, last = name.split("__")
        place: Any = event
        for step in way:
            place = place[step]
        place[last] = value
    return event


def signed(body: bytes, *, secret: str = SECRET, at: object = None) -> dict[str, str]:
    """The headers with which Chatwoot sends `body`."""
    timestamp = str(int(time.time()) if at is None else at)
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "X-Chatwoot-Timestamp": timestamp,
        "X-Chatwoot-Signature": f"sha256={mac.hexdigest()}",
        "X-Chatwoot-Delivery": "5b1f5d8e-0a43-4a9e-9a44-0f1f7a6f2c11",
    }


def link_to(
    url: str,
    *,
    locale: str = "",
    events: list[str] | None = None,
    rest: Callable[[], Awaitable[object]] | None = None,
) -> ChatwootLink:
    """The setting up of a Chatwoot at this address; between two tries `rest` is awaited, or nothing."""

    async def sleep(seconds: float) -> None:
        await (asyncio.sleep(0) if rest is None else rest())

    client = ChatwootClient(url, token=TOKEN, timeout_s=5, sleep=sleep)
    told = [] if events is None else events
    return ChatwootLink(client, SECRET.encode(), locale, on_event=told.append)


@dataclass(frozen=True)
class Hook:
    """Where Chatwoot sends what happens."""

    client: httpx.AsyncClient

    async def send(self, event: object, **headers: str) -> httpx.Response:
        """One signed delivery."""
        body = json.dumps(event).encode()
        return await self.client.post("/v1/chatwoot", content=body, headers={**signed(body), **headers})


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[Hook]:
    """The application from its start to its end; at the end it answers what it has taken."""
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()

    async def live() -> None:
        await app({"type": "lifespan", "asgi": {}, "state": {}}, inbox.get, outbox.put)

    life = asyncio.create_task(live())
    await inbox.put({"type": "lifespan.startup"})
    assert (await outbox.get())["type"] == "lifespan.startup.complete"
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Hook(client)
    await inbox.put({"type": "lifespan.shutdown"})
    assert (await outbox.get())["type"] == "lifespan.shutdown.complete"
    await life


def deliver(app: ASGIApp, *events: object) -> list[tuple[int, Any]]:
    """Send these one after another, let the service end, and give the status and body of each reply."""

    async def send_all() -> list[tuple[int, Any]]:
        async with serving(app) as hook:
            replies = [await hook.send(event) for event in events]
        return [(reply.status_code, reply.json()) for reply in replies]

    return asyncio.run(send_all())
