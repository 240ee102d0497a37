"""The widget as a reader meets it: by roles and names, in one language of its interface."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import FrameLocator, Locator, Page

from tests.browser.articles import QUESTION

STRINGS = Path(__file__).parents[2] / "service" / "widget" / "strings"


def read_words(locale: str) -> dict[str, str]:
    """The strings of the interface in a locale."""
    words: dict[str, str] = json.loads((STRINGS / f"{locale}.json").read_text(encoding="utf-8"))
    return words


class Chat:
    """The widget on a page or in a frame."""

    def __init__(self, root: Page | FrameLocator | Locator, *, ui_locale: str = "en-us") -> None:
        """Look at `root`; nothing is waited for."""
        self.root = root
        self.words = read_words(ui_locale)

    @property
    def question(self) -> Locator:
        """The field for the question."""
        return self.root.get_by_role("textbox", name=self.words["question_label"])

    @property
    def launcher(self) -> Locator:
        """What opens the panel."""
        return self.button("launcher")

    @property
    def log(self) -> Locator:
        """The conversation."""
        return self.root.locator("[part~=log]")

    def button(self, word: str, **values: object) -> Locator:
        """The button of this string."""
        return self.root.get_by_role("button", name=self.words[word].format(**values), exact=True)

    def source(self, number: int) -> Locator:
        """The button that opens a citation; the first of those of this number."""
        return self.button("citation", number=number).first

    def open(self) -> Chat:
        """Open the panel where it is closed."""
        self.launcher.or_(self.question).locator("visible=true").first.wait_for()
        if not self.question.is_visible():
            self.launcher.click()
        self.question.wait_for()
        return self

    def ask(self, question: str = QUESTION) -> None:
        """Type a question and send it."""
        self.open()
        self.question.fill(question)
        self.button("send").click()

    def text(self, text: str) -> Locator:
        """The first place where this text stands in the conversation."""
        return self.log.get_by_text(text).first
