"""Who calls, and what they may do.

1. A secret key (`ck_...`) has its scopes. A publishable key (`pk_...`) may only open sessions, and
   only from its origins. A session token (`st_...`) has its key's scopes, from its origin.
2. Without one of these, a caller on this machine may do everything where the service listens on
   loopback alone, has no keys and was not told otherwise. A request that came through a proxy, or
   for another host name, is not from this machine.
3. Else, where the service is open, everybody has the everyday scopes, limited by address.
4. Else a key is needed.

A credential that is wrong is refused even where none is needed: its sender believes in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from starlette.datastructures import Headers

from service.addresses import Network, is_local, visitor_address
from service.credentials import comes_from, is_page_of, read_credentials
from service.keys import EVERYDAY_SCOPES, GRANTABLE_SCOPES, Key, KeyRing, Scope, is_key
from service.origins import LOOPBACK_SOURCES, is_loopback_origin
from service.problems import EXPIRED_TOKEN, INVALID_KEY, MISSING_KEY, MISSING_SCOPE, REFUSED_ORIGIN, Problem
from service.rate_limits import RateLimiter, Refused
from service.rates import Rate, parse_rate
from service.session_tokens import Session, TokenExpired, TokenInvalid, is_token, read_session, sign_session


class KeySource(Protocol):
    """Gives the keys as they are now."""

    @property
    def fault(self) -> str | None:
        """Why the newest keys were not taken, None where they were."""
        ...

    def ring(self) -> KeyRing | None:
        """The keys, None where there is no file of them."""
        ...


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What the operator decided; `open` is None where nothing was said.

    `own_names` are the host names, without ports, that the service is known by; None is any.
    """

    open: bool | None
    loopback: bool
    rate: Rate
    token_s: int
    token_secret: str | None = None
    origins: frozenset[str] = frozenset()
    proxies: Sequence[Network] = ()
    own_names: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: `key` is None without one; each request is counted in every budget."""

    key: Key | None
    scopes: frozenset[Scope]
    budgets: tuple[tuple[str, Rate], ...]


class Access:
    """Tells callers apart, by the keys and the rules."""

    def __init__(
        self, keys: KeySource, rules: AccessRules, *, limiter: RateLimiter, now: Callable[[], float]
    ) -> None:
        """Nothing is read before the first request; `now` gives seconds since 1970."""
        self.limiter = limiter
        self._keys = keys
        self._rules = rules
        self._now = now

    @property
    def keys_fault(self) -> str | None:
        """Why the newest keys were not taken, None where they were."""
        return self._keys.fault

    def allows_origin(self, origin: str) -> bool:
        """Whether pages of this origin may read responses."""
        named = origin in self._rules.origins or origin in self.key_origins()
        return named or (self._is_private(self._keys.ring()) and is_loopback_origin(origin))

    def frame_ancestors(self, key: str | None, origin: str | None) -> Sequence[str]:
        """The origins whose pages may show the widget in an iframe, as sources of a policy.

        `key` is a publishable key and `origin` the page's, None where it isn't said. Without a key
        they are the settings' origins, and this machine's where it alone is served.

        Raises:
            Problem: the key does not work here, a key is missing, or `origin` is none of them.
        """
        ring = self._keys.ring()
        if key is None:
            if not self._open_to_all(ring):
                raise Problem(MISSING_KEY, "name a publishable key in the address: ?key=pk_...")
            origins = self._rules.origins
            private = self._is_private(ring)
        else:
            found = None if ring is None else ring.recognise(key)
            if found is None or not found.publishable:
                raise Problem(INVALID_KEY, "the key in the address is no publishable key of this service")
            self._require_usable(found)
            origins, private = frozenset(found.origins), False
        if origin is not None and origin not in origins and not (private and is_loopback_origin(origin)):
            raise Problem(REFUSED_ORIGIN, "the origin in the address is none that may show the widget")
        return [*sorted(origins), *(LOOPBACK_SOURCES if private else ())]

    def key_origins(self) -> frozenset[str]:
        """The origins of all keys that work."""
        ring, now = self._keys.ring(), self._time()
        usable = [] if ring is None else [key for key in ring.keys if key.why_unusable(now) is None]
        return frozenset(origin for key in usable for origin in key.origins)

    def identify(self, headers: Headers, peer: str | None) -> Caller:
        """The caller of a request from the address `peer`.

        Raises:
            Problem: a key is missing, or what was sent is none that works here.
        """
        address = visitor_address(headers, peer, proxies=self._rules.proxies)
        ring = self._keys.ring()
        for credential in read_credentials(headers):
            if is_key(credential):
                return self._by_key(credential, ring, headers, address)
            if credential.startswith("st_"):
                return self._by_token(credential, ring, headers, address)
            if credential.startswith(("ck_", "pk_")):
                raise Problem(INVALID_KEY, "this is no whole key")
            if not self._open_to_all(ring):
                raise Problem(INVALID_KEY, "this is no key of this service: keys begin with ck_")
        return self._anonymous(ring, headers, address)

    async def count(self, caller: Caller) -> Refused | None:
        """Count one request in each of the caller's budgets; None where it is within all of them."""
        for bucket, rate in caller.budgets:
            refused = await self.limiter.count(bucket, rate)
            if refused is not None:
                return refused
        return None

    def open_session(self, key: Key, headers: Headers) -> tuple[str, int]:
        """A token for a publishable key's page, and the seconds that it lasts."""
        ring = self._keys.ring()
        if ring is None:
            raise Problem(INVALID_KEY, "there are no keys any more")
        session = Session(key.id, headers["origin"], int(self._now()) + self._rules.token_s)
        return sign_session(session, secret=self._token_secret(ring)), self._rules.token_s

    def _by_key(self, text: str, ring: KeyRing | None, headers: Headers, address: str) -> Caller:
        key = None if ring is None else ring.recognise(text)
        if key is None:
            raise Problem(INVALID_KEY, "this service doesn't know the key")
        self._require_usable(key)
        if not key.publishable:
            return Caller(key, frozenset(key.scopes), ((f"key:{key.id}", self._rate(key)),))
        if not self._is_page_of(key, headers.getlist("origin"), headers):
            raise Problem(REFUSED_ORIGIN, "the key is for pages of other origins")
        return Caller(key, frozenset({Scope.SESSION}), self._visitor_budgets(key, address))

    def _by_token(self, token: str, ring: KeyRing | None, headers: Headers, address: str) -> Caller:
        try:
            if ring is None or not is_token(token):
                raise TokenInvalid
            session = read_session(token, secret=self._token_secret(ring), now_s=self._now())
        except TokenExpired:
            raise Problem(EXPIRED_TOKEN, "open a new session with POST /v1/widget/session") from None
        except TokenInvalid:
            raise Problem(INVALID_KEY, "this is no session token of this service") from None
        key = ring.find(session.key_id)
        if key is None:
            raise Problem(INVALID_KEY, "the key of this session is gone")
        self._require_usable(key)
        if not self._is_page_of(key, [session.origin], headers) or not comes_from(session.origin, headers):
            raise Problem(REFUSED_ORIGIN, "the session belongs to another origin")
        return Caller(key, frozenset(key.scopes), self._visitor_budgets(key, address))

    def _is_page_of(self, key: Key, origins: Sequence[str], headers: Headers) -> bool:
        return is_page_of(key, origins, headers, own_names=self._rules.own_names)

    def _anonymous(self, ring: KeyRing | None, headers: Headers, address: str) -> Caller:
        if not self._open_to_all(ring):
            raise Problem(MISSING_KEY, "send a key: Authorization: Bearer ck_... or X-API-Key: ck_...")
        if self._rules.open is None and is_local(headers):
            return Caller(None, frozenset(GRANTABLE_SCOPES), ())
        return Caller(None, frozenset(EVERYDAY_SCOPES), ((f"address:{address}", self._rules.rate),))

    def _open_to_all(self, ring: KeyRing | None) -> bool:
        if self._rules.open is not None:
            return self._rules.open
        return self._rules.loopback and not has_keys(ring)

    def _is_private(self, ring: KeyRing | None) -> bool:
        """Whether this machine is served without a key, and no other."""
        return self._rules.open is None and self._open_to_all(ring)

    def _require_usable(self, key: Key) -> None:
        why_unusable = key.why_unusable(self._time())
        if why_unusable is not None:
            raise Problem(INVALID_KEY, why_unusable)

    def _visitor_budgets(self, key: Key, address: str) -> tuple[tuple[str, Rate], ...]:
        budgets = ((f"visitor:{key.id}:{address}", self._rate(key)),)
        return (
            budgets if key.total_rate is None else (*budgets, (f"key:{key.id}", parse_rate(key.total_rate)))
        )

    def _rate(self, key: Key) -> Rate:
        return self._rules.rate if key.rate is None else parse_rate(key.rate)

    def _token_secret(self, ring: KeyRing) -> str:
        return self._rules.token_secret or ring.token_secret

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)


def require_scopes(caller: Caller, needed: frozenset[Scope]) -> None:
    """Let the caller pass who has all of these.

    Raises:
        Problem: missing-key where a key may help, else missing-scope.
    """
    missing = ", ".join(sorted(needed - caller.scopes))
    if not missing:
        return
    if Scope.SESSION in needed:
        kind = MISSING_KEY if caller.key is None else MISSING_SCOPE
        raise Problem(kind, "a session is opened with a publishable key (pk_...)")
    if caller.key is None:
        raise Problem(MISSING_KEY, f"send a key with scope {missing}")
    if caller.key.publishable and Scope.SESSION in caller.scopes:
        raise Problem(MISSING_SCOPE, "a publishable key only opens sessions: POST /v1/widget/session")
    raise Problem(MISSING_SCOPE, f"the key has no scope {missing}")


def has_keys(ring: KeyRing | None) -> bool:
    """Whether a key was ever made: revoking the last one opens nothing."""
    return ring is not None and bool(ring.keys)
