"""YAML headers are read as text, and what could bite is refused with its line."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import ArticleError
from indexer.frontmatter import (
    MAX_HEADER_CHARS,
    MAX_YAML_CHARS,
    header_date,
    header_text,
    load_yaml,
    split_front_matter,
)


def test_header_body_and_the_bodys_first_line_are_split() -> None:
    header, body, line = split_front_matter("---\ntitle: 席\nms.date: 05/06/2021\n---\n\n# 席\n", path="a.md")
    assert header == {"title": "席", "ms.date": "05/06/2021"}
    assert (body, line) == ("\n# 席\n", 5)


@pytest.mark.parametrize("text", ["", "# 席\n", "----\ntitle: a\n----\n", " ---\na: b\n---\n"])
def test_an_article_without_a_header_is_all_body(text: str) -> None:
    assert split_front_matter(text, path="a.md") == ({}, text, 1)


@pytest.mark.parametrize("text", ["---\n---\nbody", "---\n# nothing\n---\nbody", "---  \n...\nbody"])
def test_an_empty_header_is_an_empty_mapping(text: str) -> None:
    header, body, _ = split_front_matter(text, path="a.md")
    assert (header, body) == ({}, "body")


def test_scalars_stay_as_written() -> None:
    text = "a: 1.10\nb: No\nc: 2021-05-06\nd: 0x1F\ne: 1:30\nf:\ng: ~\nh: [x, y]\n<<: z\n"
    assert load_yaml(text, path="a.md") == {
        "a": "1.10", "b": "No", "c": "2021-05-06", "d": "0x1F", "e": "1:30",
        "f": None, "g": None, "h": ["x", "y"], "<<": "z",
    }  # fmt: skip


BAD = {
    "broken": ("title: a: b", "mapping values", 2),
    "open quote": ('title: "a', "unexpected end of stream", 3),
    "alias": ("a: &x [1]\nb: *x", "aliases are not allowed", 3),
    "tag": ("a: 1\nb: !!python/object:os.system x", "tags are not allowed", 3),
    "tag of a bool": ("a: !!bool x", "tags are not allowed", 2),
    "key twice": ("a: 1\nb: 2\na: 3", "key 'a' stands twice", 4),
    "key twice inside": ("a: {b: 1, b: 2}", "key 'b' stands twice", 2),
    "key that is a list": ("[a]: b", "a key is no plain word", 2),
    "deep": ("a: " + "[" * 12 + "]" * 12, "nested deeper than 12", 2),
    "half a surrogate pair": ('a: "\\ud800"', "surrogate", 2),
    "control character": ("a: \x01", "special characters are not allowed", 2),
}


@pytest.mark.parametrize(("header", "reason", "line"), BAD.values(), ids=BAD)
def test_a_header_that_could_bite_is_refused_with_its_line(header: str, reason: str, line: int) -> None:
    with pytest.raises(ArticleError, match=reason) as error:
        split_front_matter(f"---\n{header}\n---\nbody", path="docs/a.md")
    assert (error.value.path, error.value.line) == ("docs/a.md", line)


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    levels = [
        f"{name}: &{name} [{', '.join(['*' + above] * 9)}]"
        for above, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    bomb = "\n".join(["a: &a [x, x, x]", *levels])
    with pytest.raises(ArticleError, match=r"a\.yml:2: YAML: aliases"):
        load_yaml(bomb, path="a.yml")


def test_eleven_levels_are_not_too_deep() -> None:
    assert load_yaml("a: " + "[" * 10 + "]" * 10, path="a.yml") == {"a": [[[[[[[[[[]]]]]]]]]]}


def test_a_header_that_is_not_closed_is_refused() -> None:
    with pytest.raises(ArticleError, match=r"a\.md:1: the front matter is not closed"):
        split_front_matter("---\ntitle: a\n\n# body\n", path="a.md")


def test_a_header_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ArticleError, match=r"a\.md:2: the front matter is no mapping"):
        split_front_matter("---\n- a\n---\n", path="a.md")


def test_yaml_beyond_its_size_is_refused() -> None:
    with pytest.raises(ArticleError, match="longer than 65536 characters"):
        split_front_matter(f"---\n# {'x' * MAX_HEADER_CHARS}\n---\n", path="a.md")
    with pytest.raises(ArticleError, match="longer than 1048576 characters"):
        load_yaml("a" * (MAX_YAML_CHARS + 1), path="a.yml")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("05/06/2021", date(2021, 5, 6)),
        ("2021-05-06", date(2021, 5, 6)),
        ("31/12/2021", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_as_docfx_writes_them(value: str | None, expected: date | None) -> None:
    assert header_date({"ms.date": value}, "ms.date") == expected


def test_a_list_is_no_text() -> None:
    header = {"ms.custom": ["a", "b"], "title": " 席 "}
    assert (header_text(header, "ms.custom"), header_text(header, "title"), header_text(header, "x")) == (
        "",
        "席",
        "",
    )


@given(st.text(st.sampled_from("ab:-#&*!?|>[]{}'\"%@`,~\n \t0\\x") | st.characters()))
def test_any_text_gives_a_value_or_an_article_error(text: str) -> None:
    with suppress(ArticleError):
        load_yaml(text, path="a.yml")
    with suppress(ArticleError):
        split_front_matter(f"---\n{text}\n---\n", path="a.md")
