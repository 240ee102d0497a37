"""Session tokens of the widget: signed, short-lived, bound to a publishable key and an origin.

A token reads `st_<payload>.<signature>`: the payload is base64url JSON `[key id, origin, expiry]`,
the signature HMAC-SHA256 over it. Nothing is stored; a revoked key ends its sessions, for the key
is looked up at each use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from dataclasses import dataclass

# Keeps this use of the secret apart from any other.
_DOMAIN = b"citedesk widget session 1\n"
_TOKEN = re.compile(r"st_([A-Za-z0-9_-]{1,800})\.([A-Za-z0-9_-]{43})", re.ASCII)


class TokenInvalid(Exception):
    """No token of this service."""


class TokenExpired(Exception):
    """A token of this service, but too old."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a token says; `expires_s` is in seconds since 1970, the first at which it is too old."""

    key_id: str
    origin: str
    expires_s: int


def sign_session(session: Session, *, secret: str) -> str:
    """The token."""
    payload = _encode(json.dumps([session.key_id, session.origin, session.expires_s]).encode())
    return f"st_{payload}.{_sign(payload, secret)}"


def read_session(token: str, *, secret: str, now_s: float) -> Session:
    """What `token` says.

    Raises:
        TokenInvalid: not signed with `secret`.
        TokenExpired: signed, and too old.
    """
    found = _TOKEN.fullmatch(token)
    if found is None or not hmac.compare_digest(_sign(found[1], secret), found[2]):
        raise TokenInvalid
    try:
        key_id, origin, expires_s = json.loads(_decode(found[1]))
    except (ValueError, binascii.Error):
        raise TokenInvalid from None
    if now_s >= expires_s:
        raise TokenExpired
    return Session(key_id, origin, expires_s)


def is_token(text: str) -> bool:
    """Whether `text` has the form of a session token."""
    return _TOKEN.fullmatch(text) is not None


def _sign(payload: str, secret: str) -> str:
    return _encode(hmac.digest(secret.encode(), _DOMAIN + payload.encode(), hashlib.sha256))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
