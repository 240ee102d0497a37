"""axe-core, the checker of accessible pages, run in a page by the test, whatever the page's policy."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Frame, Page

# Everything that axe can check; the rules below change what is off or on by default.
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


RULES = {"target-size": {"enabled": True}}
# A frame is a part of a page, which has that heading.
NOT_IN_FRAMES = {"page-has-heading-one": {"enabled": False}}


def find_faults(page: Page | Frame) -> list[str]:
    """What axe finds in a document and its shadow trees: rule, element, what is wrong."""
    framed = isinstance(page, Frame) and page.parent_frame is not None
    rules = {**RULES, **(NOT_IN_FRAMES if framed else {})}
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found: Any = page.evaluate("options => axe.run(document, options)", {**OPTIONS, "rules": rules})
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
