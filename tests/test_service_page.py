"""The chat page: served whole, and fit for a policy that allows nothing inline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.pages import WIDGET_DIR
from tests.service_app import Client, build_app

FILES = sorted(path.name for path in WIDGET_DIR.iterdir())
PAGE = (WIDGET_DIR / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def test_the_page_stands_at_the_root(client: Client) -> None:
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text == PAGE


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("chat.css", "text/css; charset=utf-8"),
        ("chat.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_its_files_are_served_with_their_types(client: Client, name: str, media_type: str) -> None:
    response = client.get(f"/widget/{name}")
    assert response.headers["content-type"] == media_type
    assert response.content == (WIDGET_DIR / name).read_bytes()


def test_a_file_that_the_browser_has_is_not_sent_again(client: Client) -> None:
    tag = client.get("/widget/chat.js").headers["etag"]
    response = client.get("/widget/chat.js", headers={"If-None-Match": tag})
    assert (response.status_code, response.content) == (304, b"")
    assert client.get("/widget/chat.css", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e%2fapp.py", "chat.js%00", "none.js", "", "chat.js/"])
def test_nothing_else_is_served(client: Client, name: str) -> None:
    assert client.get(f"/widget/{name}").status_code == 404


def test_all_that_the_page_loads_is_its_own() -> None:
    loaded = re.findall(r'(?:src|href)="([^"]*)"', PAGE)
    assert sorted(loaded) == ["/widget/chat.css", "/widget/chat.js", "/widget/icon.svg"]
    assert all(Path(address).name in FILES for address in loaded)


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    assert re.findall(r"<script(?![^>]* src=)[^>]*>", PAGE) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", PAGE) == []


def test_text_enters_the_page_as_text_alone() -> None:
    script = (WIDGET_DIR / "chat.js").read_text(encoding="utf-8")
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\.style\b|srcdoc"
    assert re.findall(forbidden, script) == []
    assert re.findall(r"https?://", script) == []


def test_every_input_has_a_label_and_the_outcome_is_announced() -> None:
    inputs = re.findall(r'<(?:textarea|select)[^>]* id="([^"]+)"', PAGE)
    assert inputs == re.findall(r'<label for="([^"]+)"', PAGE) == ["question", "locale"]
    assert '<p id="status" role="status"></p>' in PAGE
