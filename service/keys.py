"""API keys: what they are, what they allow, and how one is recognised.

A key reads `ck_<id>_<secret>` (a server's own) or `pk_<id>_<secret>` (publishable: it stands in web
pages, is bound to their origins, and only opens sessions). The id finds the record; the secret is
256 random bits, of which only a SHA-256 is kept. This module reads and writes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from service.origins import Origin
from service.rates import RateText

SECRET_BYTES = 32
NAME_MAX_CHARS = 100
_KEY = re.compile(r"(ck|pk)_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)

KeyName = Annotated[
    str, StringConstraints(min_length=1, max_length=NAME_MAX_CHARS, pattern=r"^[^\x00-\x1f\x7f]+$")
]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TokenSecret = Annotated[str, StringConstraints(min_length=SECRET_BYTES)]


class Scope(StrEnum):
    """What a caller may do; `session` is what a publishable key may, and is never granted."""

    ASK = "ask"
    SEARCH = "search"
    FEEDBACK = "feedback"
    ADMIN = "admin"
    SESSION = "session"


EVERYDAY_SCOPES = (Scope.ASK, Scope.SEARCH, Scope.FEEDBACK)
GRANTABLE_SCOPES = (*EVERYDAY_SCOPES, Scope.ADMIN)


class KeyFault(Exception):
    """A key can't be made or used as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. With `origins` it is publishable, and `scopes` are those of its sessions.

    `rate` counts for a secret key as a whole, for a publishable one for each visitor's address;
    `total_rate` counts for all visitors together. `expires` is the last day (UTC) it works on.
    """

    id: KeyId
    name: KeyName
    digest: Digest
    scopes: tuple[Scope, ...]
    origins: tuple[Origin, ...]
    rate: RateText | None
    total_rate: RateText | None
    created: datetime
    expires: date | None
    revoked: datetime | None

    __pydantic_config__ = ConfigDict(extra="forbid")

    @property
    def publishable(self) -> bool:
        """Whether it is bound to origins and only opens sessions."""
        return bool(self.origins)

    def why_unusable(self, now: datetime) -> str | None:
        """Why it doesn't work any more, None where it does."""
        if self.revoked is not None:
            return f"the key was revoked on {self.revoked:%Y-%m-%d}"
        if self.expires is not None and now.astimezone(UTC).date() > self.expires:
            return f"the key expired after {self.expires}"
        return None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys in the order they were made, and the secret that signs session tokens."""

    keys: tuple[Key, ...]
    token_secret: TokenSecret

    __pydantic_config__ = ConfigDict(extra="forbid")

    def find(self, key_id: str) -> Key | None:
        """The key of this id."""
        return next((key for key in self.keys if key.id == key_id), None)

    def recognise(self, text: str) -> Key | None:
        """The key that `text` is, usable or not; None where it is none of these."""
        found = _KEY.fullmatch(text)
        key = None if found is None else self.find(found[2])
        if key is None or not hmac.compare_digest(key.digest, digest_of(text)):
            return None
        return key

    def with_key(self, key: Key) -> KeyRing:
        """The same with one more."""
        return replace(self, keys=(*self.keys, key))

    def without(self, key_id: str, *, now: datetime) -> KeyRing:
        """The same with this key revoked; one that is revoked already keeps its date.

        Raises:
            KeyFault: there is no such key.
        """
        key = self.find(key_id)
        if key is None:
            raise KeyFault(f"there is no key {key_id!r}; list them with: python -m service keys list")
        revoked = replace(key, revoked=key.revoked or now)
        return replace(self, keys=tuple(revoked if each is key else each for each in self.keys))


def is_key(text: str) -> bool:
    """Whether `text` has the form of a key."""
    return _KEY.fullmatch(text) is not None


def digest_of(text: str) -> str:
    """What is kept of a key's text: its SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_ring() -> KeyRing:
    """A ring without keys and with a new token secret."""
    return KeyRing((), secrets.token_urlsafe(SECRET_BYTES))


def make_key(
    name: str,
    *,
    scopes: Sequence[Scope],
    origins: Sequence[str],
    rate: str | None,
    total_rate: str | None,
    expires: date | None,
    now: datetime,
) -> tuple[str, Key]:
    """A new key's text, which is kept nowhere, and what is kept of it.

    Raises:
        KeyFault: these can't be had together.
    """
    if not scopes or not set(scopes) <= set(GRANTABLE_SCOPES):
        raise KeyFault(f"a key has at least one scope of {', '.join(GRANTABLE_SCOPES)}")
    if origins and Scope.ADMIN in scopes:
        raise KeyFault("a publishable key stands in web pages for all to read: it can't have scope admin")
    if total_rate is not None and not origins:
        raise KeyFault(
            "a total rate is for the visitors of a publishable key: give --origin, or --rate alone"
        )
    if expires is not None and expires < now.astimezone(UTC).date():
        raise KeyFault(f"{expires} is in the past")
    key_id = secrets.token_hex(6)
    text = f"{'pk' if origins else 'ck'}_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return text, Key(
        id=key_id, name=name, digest=digest_of(text), scopes=tuple(dict.fromkeys(scopes)),
        origins=tuple(dict.fromkeys(origins)), rate=rate, total_rate=total_rate,
        created=now, expires=expires, revoked=None,
    )  # fmt: skip
