"""Calls of Chatwoot's API with an agent bot's token: saying something, and calling a person.

1. Every address is the configured one with two numbers in it; redirections are not followed.
2. A call that surely did nothing is repeated: no connection, 429, 500, 502, 503. After a time-out or
   504 the message may stand in the conversation, so only what may be done twice is repeated.
3. Between two tries lies what `Retry-After` says, else a rest that doubles and is part chance, so
   that many conversations don't come back at the same moment.

Source: Chatwoot's API, "Create New Message" and "Toggle Status"; an agent bot's token allows these.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

TRIES = 4
REST_S = 0.5
# A longer wish would keep a reader waiting who could talk to a person instead.
RETRY_AFTER_MAX_S = 30.0
CALLS_MAX = 8
DID_NOTHING = frozenset({429, 500, 502, 503})
UNCERTAIN = frozenset({504})


class ChatwootFailed(Exception):
    """Chatwoot did not take a call; the message tells nothing of what was to be said."""


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation: its number within its account, and the account's."""

    account: int
    conversation: int


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a try failed; `rest_s` is what Chatwoot asks for, `again` whether to try again."""

    why: str
    again: bool
    rest_s: float | None = None


class ChatwootClient:
    """Speaks as an agent bot; at most `CALLS_MAX` calls at the same time."""

    def __init__(
        self,
        url: str,
        *,
        token: str,
        timeout_s: float,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Call nothing yet. `timeout_s` is for one try; the rest stands in for the outside in tests."""
        self._url = url.rstrip("/")
        self._headers = {"api_access_token": token}
        self._timeout_s = timeout_s
        # Made once: reading the certificates takes some 100 ms, which would hold up every other request.
        self._certificates = httpx2.create_ssl_context(trust_env=False)
        self._transport = transport
        self._sleep = sleep
        self._chance = chance
        self._now = now
        self._calls = asyncio.Semaphore(CALLS_MAX)

    async def say(self, place: Place, text: str, *, private: bool = False) -> None:
        """Put a message into the conversation, or a note that only people of the desk see.

        Raises:
            ChatwootFailed: after a time-out it may stand there all the same.
        """
        body = {"content": text, "message_type": "outgoing", "content_type": "text", "private": private}
        await self._post(place, "messages", body, twice_is_harmless=False)

    async def call_person(self, place: Place) -> None:
        """Open the conversation, so that it stands before the people of the desk.

        Raises:
            ChatwootFailed
        """
        await self._post(place, "toggle_status", {"status": "open"}, twice_is_harmless=True)

    async def _post(
        self, place: Place, what: str, body: dict[str, object], *, twice_is_harmless: bool
    ) -> None:
        url = f"{self._url}/api/v1/accounts/{place.account:d}/conversations/{place.conversation:d}/{what}"
        for tried in range(1, TRIES + 1):
            async with self._calls:
                fault = await self._try(url, body, twice_is_harmless=twice_is_harmless)
            if fault is None:
                return
            rest_s = fault.rest_s if fault.rest_s is not None else self._rest_s(tried)
            if not fault.again or tried == TRIES or rest_s > RETRY_AFTER_MAX_S:
                raise ChatwootFailed(f"{what}: {fault.why}, tried {tried} times")
            await self._sleep(rest_s)

    async def _try(self, url: str, body: dict[str, object], *, twice_is_harmless: bool) -> _Fault | None:
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client() as client,
                # Streamed: what the reply says is not read.
                client.stream("POST", url, json=body, headers=self._headers) as reply,
            ):
                status, rest_s = reply.status_code, self._read_rest(reply.headers.get("retry-after"))
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            return _Fault(f"no connection ({type(error).__name__})", again=True)
        except (httpx2.HTTPError, TimeoutError) as error:
            return _Fault(f"no reply ({type(error).__name__})", again=twice_is_harmless)
        if 200 <= status < 300:
            return None
        again = status in DID_NOTHING or (status in UNCERTAIN and twice_is_harmless)
        return _Fault(f"answered {status}", again=again, rest_s=rest_s)

    def _rest_s(self, tried: int) -> float:
        return REST_S * 2.0 ** (tried - 1) * (0.5 + 0.5 * self._chance())

    def _read_rest(self, text: str | None) -> float | None:
        """The seconds of a `Retry-After`, none where it is absent or no such thing (RFC 9110, 10.2.3)."""
        if text is None:
            return None
        if text.isascii() and text.isdecimal():
            # As many digits as a float holds; far more than is waited for.
            return float(text[:300])
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (aware - self._now()).total_seconds())

    def _client(self) -> httpx2.AsyncClient:
        # The environment (its proxies, its .netrc) is read in settings.py alone.
        return httpx2.AsyncClient(
            verify=self._certificates,
            transport=self._transport,
            timeout=self._timeout_s,
            trust_env=False,
            follow_redirects=False,
        )
