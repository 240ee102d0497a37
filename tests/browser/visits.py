"""Pages that are watched: what they ask for, what they complain of, and what runs in them.

A page on which nothing was expected to go wrong must leave nothing behind: no request to another
origin than the two, no violation of a policy, no error in the console, no dialog, no struck mark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page
from playwright.sync_api import Request as PageRequest

REPORT = "citedeskTestReport"
# Each document of each frame tells of its violations, also of those before a reload.
WATCH = f"""
addEventListener('securitypolicyviolation', event =>
    window.{REPORT}(`${{event.effectiveDirective}} ${{event.blockedURI}} ${{event.sourceFile}}`));
"""
# The browser says this of each refusal and lost connection; the tests look at the page for those.
UNLOADED = "Failed to load resource"
WAIT_S = 10
INERT = frozenset({"data", "blob", "about"})


@dataclass
class Visit:
    """A page and what was seen on it; a test that expects complaints empties `complaints` itself."""

    page: Page
    origins: frozenset[str]
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def strangers(self) -> list[str]:
        """The addresses that were asked and are of none of the origins."""
        return [url for url in self.requests if not self._ours(url)]

    def struck(self) -> list[str]:
        """The frames in which a script of an article has run."""
        return [frame.url for frame in self.page.frames if frame.evaluate("'struck' in window")]

    def check(self) -> None:
        """Assert that nothing was left behind."""
        left = [*self.struck(), *self.complaints, *self.strangers()]
        assert not left, "\n".join(left)

    def _ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in INERT or f"{parts.scheme}://{parts.netloc}" in self.origins


@contextmanager
def visiting(browser: Browser, *, origins: Collection[str], options: Mapping[str, Any]) -> Iterator[Visit]:
    """A page in a context of its own, checked at the end of the block."""
    context = browser.new_context(**options)
    try:
        visit = _watch(context, frozenset(origins))
        yield visit
        visit.check()
    finally:
        context.close()


def _watch(context: BrowserContext, origins: frozenset[str]) -> Visit:
    complaints: list[str] = []
    context.expose_binding(REPORT, lambda source, text: complaints.append(f"violation: {text}"))
    context.add_init_script(WATCH)
    visit = Visit(context.new_page(), origins, complaints)

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(UNLOADED):
            complaints.append(f"console: {message.text}")

    def dismiss(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def note(request: PageRequest) -> None:
        visit.requests.append(request.url)

    context.on("console", hear)
    context.on("dialog", dismiss)
    context.on("weberror", lambda error: complaints.append(f"error: {error.error}"))
    context.on("request", note)
    return visit


def wait_until(page: Page, expression: str) -> None:
    """Wait until an expression is true; Playwright's own way to wait asks the page's policy for eval."""
    for _ in range(WAIT_S * 50):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"not within {WAIT_S} s: {expression}")
