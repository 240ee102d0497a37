"""Which address asks for which scopes: one table, read from top to bottom.

An address that is not in it asks for admin, so that a new route is closed until it is listed.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.keys import Scope


@dataclass(frozen=True, slots=True)
class RouteRule:
    """An address, or with `subtree` all below it too; an empty `scopes` is open to everybody.

    `label` stands for the address in metrics.
    """

    path: str
    scopes: frozenset[Scope]
    subtree: bool = False

    @property
    def label(self) -> str:
        """The address, with /* where what follows differs."""
        return f"{self.path}/*" if self.subtree else self.path

    def covers(self, path: str) -> bool:
        """Whether `path` is its address, or below it."""
        return path == self.path or (self.subtree and path.startswith(f"{self.path}/"))


def _rule(path: str, *scopes: Scope, subtree: bool = False) -> RouteRule:
    return RouteRule(path, frozenset(scopes), subtree)


ROUTE_RULES = (
    _rule("/v1/ask", Scope.ASK),
    _rule("/v1/responses", Scope.ASK, subtree=True),
    _rule("/v1/chat/completions", Scope.ASK, subtree=True),
    _rule("/v1/models", Scope.ASK, subtree=True),
    _rule("/v1/search", Scope.SEARCH),
    _rule("/v1/passages", Scope.SEARCH, subtree=True),
    _rule("/v1/locales", Scope.SEARCH),
    _rule("/v1/feedback", Scope.FEEDBACK, subtree=True),
    _rule("/v1/handover", Scope.FEEDBACK),
    _rule("/v1/widget/session", Scope.SESSION),
    _rule("/mcp", Scope.ASK, Scope.SEARCH, subtree=True),
    _rule("/ask", Scope.ASK),
    _rule("/metrics", Scope.ADMIN),
    _rule("/report", Scope.ADMIN, subtree=True),
    _rule("/"),
    _rule("/demo", subtree=True),
    _rule("/widget", subtree=True),
    _rule("/health", subtree=True),
    _rule("/openapi.json"),
)
UNLISTED = RouteRule("other", frozenset({Scope.ADMIN}))


def rule_for(path: str) -> RouteRule:
    """The rule of an address."""
    return next((rule for rule in ROUTE_RULES if rule.covers(path)), UNLISTED)
