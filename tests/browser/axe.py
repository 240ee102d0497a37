"""axe-core, the checker of accessible pages, run in a page by the test, whatever the page's policy."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Frame, Page

# Everything that axe can check, what is off by default (the size of targets) too.
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}


def find_faults(page: Page | Frame) -> list[str]:
    """What axe finds in a document and its shadow trees: rule, element, what is wrong."""
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found: Any = page.evaluate("options => axe.run(document, options)", OPTIONS)
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
