"""Handing a conversation over to a person: one signed call of the operator's webhook.

The call follows Standard Webhooks: the headers `webhook-id`, `webhook-timestamp` (Unix seconds)
and `webhook-signature`, which is `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`
with the secret's bytes. A receiver checks it before it believes the body, refuses old times, and
knows a repeated call by its id. Source: https://www.standardwebhooks.com, version 1.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import httpx2

from service.conversation_schemas import HandoverBody
from service.exchanges import Exchange

SECRET_PREFIX = "whsec_"
SECRET_MIN_BYTES = 24
CALLS_MAX = 8


class HandoverFailed(Exception):
    """The webhook did not take the hand-over; nothing of its reply or address is told."""


class SecretError(Exception):
    """The secret can't sign; the message says how to make one."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What is handed over.

    `exchanges` is what is stored, oldest first; None where nothing could be looked up.
    """

    id: str
    asked_at: datetime
    body: HandoverBody
    exchanges: Sequence[Exchange] | None


class Webhook:
    """Calls the operator's system; at most `CALLS_MAX` at the same time."""

    def __init__(
        self,
        url: str,
        *,
        secret: str,
        timeout_s: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Call nothing yet. `timeout_s` is for a whole call; `transport` stands in for the network.

        Raises:
            SecretError: not `whsec_` and the base64 of at least 24 bytes.
        """
        self._url = url
        self._key = read_secret(secret)
        self._timeout_s = timeout_s
        # Made once: reading the certificates takes some 100 ms, which would hold up every other request.
        self._certificates = httpx2.create_ssl_context(trust_env=False)
        self._transport = transport
        self._calls = asyncio.Semaphore(CALLS_MAX)

    async def call(self, handover: Handover) -> None:
        """Deliver the hand-over once.

        Raises:
            HandoverFailed: no 2xx reply within the time; redirections are not followed.
        """
        body = json.dumps(payload(handover)).encode()
        headers = {
            "Content-Type": "application/json",
            **signed_headers(self._key, message_id=handover.id, at=handover.asked_at, body=body),
        }
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._calls,
                self._client() as client,
                # Streamed: what the reply says is not read.
                client.stream("POST", self._url, content=body, headers=headers) as reply,
            ):
                status = reply.status_code
        except (httpx2.HTTPError, TimeoutError) as error:
            raise HandoverFailed(f"the operator's webhook can't be called: {type(error).__name__}") from None
        if not 200 <= status < 300:
            raise HandoverFailed(f"the operator's webhook answered {status}")

    def _client(self) -> httpx2.AsyncClient:
        # The environment (its proxies, its .netrc) is read in settings.py alone.
        return httpx2.AsyncClient(
            verify=self._certificates,
            transport=self._transport,
            timeout=self._timeout_s,
            trust_env=False,
        )


def read_secret(secret: str) -> bytes:
    """The bytes that `secret` names.

    Raises:
        SecretError: not `whsec_` and the base64 of at least 24 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) < SECRET_MIN_BYTES:
        raise SecretError(
            f"it is {SECRET_PREFIX} and the base64 of at least {SECRET_MIN_BYTES} random bytes: "
            f"echo {SECRET_PREFIX}$(openssl rand -base64 32)"
        )
    return key


def signed_headers(key: bytes, *, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers by which the receiver knows the sender, the time and the message."""
    timestamp = str(int(at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


def payload(handover: Handover) -> dict[str, object]:
    """The body of the call as JSON values; `exchanges` is null where nothing could be looked up."""
    body, exchanges = handover.body, handover.exchanges
    return {
        "type": "handover.requested",
        "timestamp": handover.asked_at.isoformat(),
        "data": {
            "id": handover.id,
            "answer": body.answer,
            "conversation": body.conversation or (exchanges[-1].conversation if exchanges else None),
            "note": body.note,
            "contact": body.contact,
            "history": [{"role": turn.role, "content": turn.content} for turn in body.history],
            "exchanges": None if exchanges is None else [_exchange(exchange) for exchange in exchanges],
        },
    }


def _exchange(exchange: Exchange) -> dict[str, object]:
    return {
        "answer": exchange.id,
        "asked_at": exchange.asked_at.isoformat(),
        "locale": exchange.locale,
        "status": "answered" if exchange.reason is None else "abstained",
        "abstain_reason": exchange.reason,
        "confidence": exchange.confidence,
        "question": exchange.question,
        "text": exchange.answer,
        "nearest_article": exchange.nearest_article,
        "passages": [citation.passage_id for citation in exchange.citations],
    }
