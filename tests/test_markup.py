"""HTML from elements: what is text stays text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.markup import Markup, document, element, in_locale, is_web_address, joined, link


class Reader(HTMLParser):
    """What a browser would find: the elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_and_attributes_are_escaped() -> None:
    assert element("p", {"title": 'a"b<'}, "<i>&") == '<p title="a&quot;b&lt;">&lt;i&gt;&amp;</p>'


def test_an_element_in_an_element_is_not_escaped_again() -> None:
    assert element("p", None, element("b", None, "1 < 2"), " & 3") == "<p><b>1 &lt; 2</b> &amp; 3</p>"


def test_an_attribute_of_none_or_false_is_left_out_and_one_of_true_has_no_value() -> None:
    assert element("input", {"name": "q", "value": None, "checked": False, "required": True}) == (
        '<input name="q" required>'
    )


def test_what_is_joined_of_nothing_is_empty() -> None:
    assert joined([]) == ""
    assert isinstance(joined(["a"]), Markup)


def test_a_document_says_its_language_and_direction() -> None:
    page = document([element("title", None, "x")], element("body"), locale="ar-sa")
    assert page == (
        '<!doctype html>\n<html lang="ar-sa" dir="rtl"><head><title>x</title></head><body></body></html>\n'
    )
    assert in_locale("ja-jp") == {"lang": "ja-jp", "dir": "ltr"}


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "//host/x",
        "/x",
        "http:x",
        "http://[",
        "",
    ],
)
def test_a_link_that_is_none_of_the_web_is_bare_text(address: str) -> None:
    assert not is_web_address(address)
    assert link(address, "Seats") == "<span>Seats</span>"


def test_a_link_of_the_web_tells_its_target_nothing_of_the_page() -> None:
    assert link("https://example.com/?a&b", "Seats", {"lang": "en"}) == (
        '<a href="https://example.com/?a&amp;b" rel="noopener noreferrer" lang="en">Seats</a>'
    )


@given(st.text(), st.text())
def test_no_text_becomes_an_element_or_an_attribute(text: str, value: str) -> None:
    read = Reader(element("p", {"title": value}, text))
    assert [(name, [key for key, _ in given]) for name, given in read.elements] == [("p", ["title"])]
