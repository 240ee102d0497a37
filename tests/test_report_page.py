"""The report as a page and as tables: nothing that users or articles wrote does anything there."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from datetime import timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from rich.console import Console

from indexer import TranslationType
from service.charts import Bar, columns, horizontal_bars
from service.exchanges import CitedPassage, RatedExchange
from service.report import build_report
from service.report_figures import Report
from service.report_page import report_page
from service.report_tables import print_tables
from service.terminal import printable
from tests.exchanges import NOON, answered, feedback, refused

HOSTILE = [
    "<script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "<svg/onload=alert(1)>",
    "&lt;b&gt; &amp;amp;",
    "[bold]markup[/bold]",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnirts \u2066x",
]
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "table", "thead", "tbody", "tr",
    "th", "td", "bdi", "ul", "li", "span", "svg", "rect", "text",
}  # fmt: skip


def hostile_report() -> Report:
    """A report in which every text that comes from outside is hostile."""
    cited = [
        CitedPassage(1, f"de-de/p/{text}#{text}.0", text, TranslationType.MACHINE, drifted=True)
        for text in HOSTILE
    ]
    rated = []
    for n, text in enumerate(HOSTILE):
        liked = answered(f"a{n}", locale_requested=text, citations=(cited[n],), answer=text)
        rated.append(RatedExchange(liked, feedback(f"a{n}", "up", note=text)))
        disliked = answered(f"b{n}", citations=(cited[n],))
        rated.append(RatedExchange(disliked, feedback(f"b{n}", "down", "other", note=text)))
        asked = refused(f"c{n}", question=text, nearest_article=text, locale_requested=text)
        rated.append(RatedExchange(asked, None))
    return build_report(
        rated, since=NOON - timedelta(days=1), until=NOON + timedelta(days=1), open_model=lambda: None
    )


class Reader(HTMLParser):
    """Collects a page's elements, attributes and text as a browser sees them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page() -> str:
    return report_page(hostile_report())


def test_the_page_holds_only_elements_of_its_own(page: str) -> None:
    assert Reader(page).elements <= ELEMENTS


def test_the_page_names_no_address_and_runs_nothing(page: str) -> None:
    names = {name for name, _ in Reader(page).attributes}
    assert names == {
        "lang", "charset", "http-equiv", "name", "content", "class", "viewbox", "role", "aria-label",
        "x", "y", "width", "height", "text-anchor", "dominant-baseline",
    }  # fmt: skip
    assert not re.search(r"url\(|@import|https?:", page)


def test_the_policy_of_the_page_allows_its_own_style_alone(page: str) -> None:
    style = page.split("<style>")[1].split("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert ("content", f"default-src 'none'; style-src 'sha256-{allowed}'") in Reader(page).attributes


def test_hostile_texts_are_shown_as_they_were_written(page: str) -> None:
    text = Reader(page).text
    for written in HOSTILE:
        assert text.count(printable(written)) >= 4, written
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_page_without_figures_is_whole() -> None:
    empty = build_report([], since=NOON, until=NOON, open_model=lambda: None)
    page = report_page(empty)
    assert "0 questions in 0 conversations, none answered" in Reader(page).text
    assert "<table" not in page


def test_figures_stand_in_the_page() -> None:
    rated = [RatedExchange(answered("a"), feedback("a", "up")), RatedExchange(refused("b"), None)]
    text = Reader(
        report_page(build_report(rated, since=NOON, until=NOON + timedelta(days=1), open_model=lambda: None))
    ).text
    assert "2024-06-10 to 2024-06-11 (UTC): 2 questions in 1 conversations, 50% answered" in text
    assert "1 rated, 1 up and 0 down" in text
    assert "de-de/partner-help/mail#stop" in text
    assert "Darf der Anbieter schreiben?" in text


def test_tables_print_hostile_texts_without_obeying_them() -> None:
    out = io.StringIO()
    print_tables(hostile_report(), Console(file=out, width=200, markup=False, highlight=False, emoji=False))
    printed = out.getvalue()
    assert "[bold]markup[/bold]" in printed
    assert "<script>alert(1)</script>" in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    for title in (
        "Questions per locale", "What the articles don't answer", "Feedback by reason",
        "Most liked citations", "Least liked citations", "Where the quotes come from",
        "Cited though changed in a newer version", "Notes",
    ):  # fmt: skip
        assert title in printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n b\t c", "a b c"),
        ("a\x1b[31m", "a\ufffd[31m"),
        ("a\u202eb\u200b", "a\ufffdb\ufffd"),
        ("日本語 ok", "日本語 ok"),
    ],
)
def test_a_printed_text_is_one_line_that_steers_nothing(text: str, shown: str) -> None:
    assert printable(text) == shown


def shapes(svg: str) -> list[tuple[str, float, float, float, float]]:
    """The rectangles of a chart: class, x, y, width, height."""
    return [
        (e.attrib["class"], *(float(e.attrib[k]) for k in ("x", "y", "width", "height")))  # type: ignore[misc]
        for e in ElementTree.fromstring(svg).iter("rect")
    ]


def test_the_longest_bar_fills_the_width_and_its_parts_follow_each_other() -> None:
    # 450 units for 30: 15 each.
    svg = horizontal_bars([Bar("a", (10, 20)), Bar("b", (0, 6))], title="t", names=("answered", "refused"))
    assert shapes(svg) == [
        ("part-0", 180.0, 4.0, 150.0, 16.0),
        ("part-1", 330.0, 4.0, 300.0, 16.0),
        ("part-1", 180.0, 28.0, 90.0, 16.0),
    ]
    titles = [e.text for e in ElementTree.fromstring(svg).iter("title")]
    assert titles == ["t", "a: 10 answered", "a: 20 refused", "b: 6 refused"]


def test_columns_stand_on_the_line_and_the_highest_reaches_the_top() -> None:
    svg = columns([Bar("mon", (7, 7)), Bar("tue", (7, 0))], title="t", names=("answered", "refused"))
    assert shapes(svg) == [
        ("part-0", 0.0, 70.0, 39.0, 70.0),
        ("part-1", 0.0, 0.0, 39.0, 70.0),
        ("part-0", 40.0, 70.0, 39.0, 70.0),
    ]


def test_charts_without_bars_or_counts_are_whole() -> None:
    assert horizontal_bars([], title="t", names=()) == ""
    assert columns([], title="t", names=()) == ""
    assert shapes(horizontal_bars([Bar("a", (0,))], title="t", names=("x",))) == []


def test_labels_of_charts_are_escaped_and_short() -> None:
    svg = horizontal_bars([Bar("<b>" + "x" * 40, (1,))], title='"<&', names=("<i>",))
    root = ElementTree.fromstring(svg)
    assert root.attrib["aria-label"] == '"<&'
    assert [e.text for e in root.iter("text")] == ["<b>" + "x" * 20 + "…", "1"]
