"""One browser, one service and one host page for all browser tests; a context of its own for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from service.key_file import change_ring
from service.keys import EVERYDAY_SCOPES, make_key
from service.serving import take_port
from tests.browser.host import Host, hosting
from tests.browser.relay import Relay, relaying
from tests.browser.visits import Visit, visiting
from tests.lacking import skip_for_lack
from tests.processes import running, wait_until_live

FOLDER = Path(__file__).parent
SCREENSHOTS = FOLDER.parents[1] / "build" / "screenshots"
# What a person would wait for on a busy machine.
EXPECT_MS = 10_000
WEBHOOK_SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBicm93c2VyIHRlc3RzIQ=="


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.browser)


# For the package: Playwright keeps an event loop in this thread, which other tests start for themselves.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    program = shutil.which("chromium")
    if program is None:
        skip_for_lack("Chromium is not installed: apt install chromium")
    expect.set_options(timeout=EXPECT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program)
        yield chromium
        chromium.close()


@dataclass(frozen=True)
class Desk:
    """A running service and the host page that embeds it; `key` is a publishable key for its origin.

    `narrow_key` allows one session and one question in a minute.
    """

    address: str
    host: Host
    key: str
    narrow_key: str


@pytest.fixture(scope="package")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The service over the made-up articles; it takes questions without a key too."""
    folder = tmp_path_factory.mktemp("desk")
    port = take_port("127.0.0.1", 0)
    with ExitStack() as stack:
        host = stack.enter_context(hosting())
        keys = folder / "keys.json"
        texts = [_add_key(keys, name, host, rate) for name, rate in (("wide", None), ("narrow", "2/minute"))]
        stack.enter_context(
            running(
                "tests.browser.desk", str(port), database_url=f"sqlite:///{folder / 'c.db'}",
                keys_file=str(keys), open="true", rate="6000/minute", drain_s="0",
                handover_url=f"http://127.0.0.1:{host.port}/hook", handover_secret=WEBHOOK_SECRET,
            )
        )  # fmt: skip
        yield Desk(wait_until_live(port), host, *texts)


def _add_key(file: Path, name: str, host: Host, rate: str | None) -> str:
    text, key = make_key(
        name,
        scopes=EVERYDAY_SCOPES,
        origins=[host.origin, f"http://127.0.0.1:{host.port}"],
        rate=rate,
        total_rate=None,
        expires=None,
        now=datetime.now(UTC),
    )
    change_ring(file, lambda ring: ring.with_key(key))
    return text


@pytest.fixture(scope="package")
def relays(desk: Desk) -> Iterator[Relay]:
    """The misbehaving service before the real one."""
    with relaying(behind=desk.address) as relay:
        yield relay


@pytest.fixture
def relay(relays: Relay) -> Iterator[Relay]:
    """The misbehaving service, behaving."""
    relays.forget()
    yield relays
    relays.forget()


Visiting = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture
def visit(browser: Browser, desk: Desk, relays: Relay) -> Iterator[Callable[..., Visit]]:
    """Opens watched pages with the options of Playwright's `new_context`; checked at the test's end."""
    origins = (desk.address, relays.address, desk.host.origin)
    with ExitStack() as stack:
        open_page = partial(visiting, browser, origins=origins)

        def start(**options: object) -> Visit:
            return stack.enter_context(open_page(options={"locale": "en-US", **options}))

        yield start
