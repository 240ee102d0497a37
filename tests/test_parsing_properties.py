"""Whatever a file holds, it gives an article or an ArticleError, in linear time and without loss."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.article_files import parse_article
from indexer.corpus import read_corpus
from indexer.errors import ArticleError
from indexer.faq import parse_faq
from indexer.passages import PassageOptions, split_article
from indexer.records import Article, Block, Sentence
from tests.articles import ORIGIN, PARSER, article, english, pair, parse, part_of

# Any text.

MARKUP = (
    "\n|\n\n|  |    |\t|# |## |- |1. |> |> [!NOTE]\n|>[!Tip]|`|```\n|**|_|[|](x.md)|](|![|\\"
    '|---\n|-|-|:-:|a|席|。|. |<|>|<a name="|</a>|<br>|<!--|-->|<script>|</script>|:::|&amp;'
    '|:::image alt-text="|":::|&#xE000;|\ue000|\u00a0|\u200b|</span>|<span class="sxs-lookup">'
    '|<span data-stu-id="8daaa-1">|<span data-ttu-id="8daaa-1">'
).split("|")
PAIR = st.builds(pair, st.text("席*|[\n`", max_size=5), st.text("a*|]\n<", max_size=5))
TEXT = st.lists(st.sampled_from([*MARKUP, "|"]) | PAIR | st.text(max_size=4)).map("".join)


@given(TEXT, st.booleans())
def test_any_text_gives_an_article_or_an_article_error(text: str, header: bool) -> None:
    with suppress(ArticleError):
        parsed = parse(f"---\n{text}" if header else text)
        check(parsed.article, text)
        if (source := parsed.source_article()) is not None:
            check(source, text)
    with suppress(ArticleError):
        check(parse_faq(f"summary: |\n  {text}\ntitle: {text}", ORIGIN, PARSER), text)


def check(found: Article, text: str) -> None:
    """What each article promises."""
    anchors = [section.anchor for section in found.sections]
    assert len(set(anchors)) == len(anchors)
    for section in found.sections:
        assert not re.search("[\ue000-\uf8ff]", section.text) or re.search("[\ue000-\uf8ff]|&#", text)
        both: tuple[Sequence[Sentence | Block], ...] = (section.blocks, section.sentences)
        for stretches in both:
            assert all(part_of(section, stretch).strip() for stretch in stretches)
            assert all(left.end <= right.start for left, right in pairwise(stretches))
        assert all(sentence.source != "" for sentence in section.sentences)
        rest = set(range(len(section.text))).difference(*(range(b.start, b.end) for b in section.blocks))
        assert {section.text[at] for at in rest} <= {"\n"}


# Linear time. Before their faults were mended, the first six took 3 to 11 s of 20 kB.

SMALL, LARGE = 20_000, 200_000
LIMIT_S = 2


def fill(text: str, size: int) -> str:
    return text * (size // len(text))


BOMBS: dict[str, Callable[[int], str]] = {
    "stops": lambda size: fill(".", size) + "x",
    "stops and closers": lambda size: fill(".", size // 2) + fill(")", size // 2) + "x",
    "an open docfx element": lambda size: ":::" + fill("a", size),
    "headings with links": lambda size: fill("## a\n[x](y)\n", size),
    "items below a long lead-in": lambda size: fill("a ", size // 2) + "\n\n" + fill("- b\n", size // 2),
    "rows below a long header": lambda size: fill("a ", size // 2) + "|b\n-|-\n" + fill("c|d\n", size // 2),
    "brackets": partial(fill, "["),
    "images": partial(fill, "!["),
    "open comments": partial(fill, "<!--"),
    "open tags": partial(fill, "<a "),
    "emphasis": partial(fill, "*a **b _c "),
    "backticks": lambda size: " ".join("`" * count for count in range(1, int((2 * size) ** 0.5))),
    "quotations": partial(fill, "> "),
    "one line a paragraph": partial(fill, "a\n\n"),
    "one paragraph of lines": partial(fill, "a\n"),
    "a wide table": lambda size: "\n".join(fill(cell, size // 3) for cell in ("a|", "-|", "b|")),
    "pairs": partial(fill, pair("席。", "Seats.") + "\n\n"),
    "pairs in one paragraph": partial(fill, pair("席。", "Seats.")),
    "a long pair": lambda size: pair(fill("席。", size // 2), fill("Seat. ", size // 2)),
    "open spans": partial(fill, '<span data-ttu-id="a-1">'),
    "entities": partial(fill, "&#x41;"),
    "definitions": lambda size: "".join(f"[{n}]: b\n" for n in range(size // 20)) + fill("[1] ", size // 2),
    "a header of keys": lambda size: "---\n" + "".join(f"k{n}: [a]\n" for n in range(size // 12)) + "---\n",
    "a header of brackets": lambda size: f"---\na: {fill('[', size)}\n---\n",
}


def seconds(text: str) -> float:
    """The processor's time for all that is done to an article."""
    started = time.process_time()
    with suppress(ArticleError):
        parsed = parse(text)
        parsed.source_article()
        split_article(parsed.article, count_characters, PassageOptions.for_model(512))
    return time.process_time() - started


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_small_bomb_takes_seconds_at_most(bomb: Callable[[int], str]) -> None:
    assert seconds(bomb(SMALL)) < LIMIT_S


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_large_bomb_takes_longer_by_no_more_than_its_size(bomb: Callable[[int], str]) -> None:
    assert seconds(bomb(LARGE)) < LIMIT_S * LARGE / SMALL


def count_characters(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]


def test_a_file_of_empty_lines_is_listed_in_linear_time(tmp_path: Path) -> None:
    folder = tmp_path / "ja-jp" / "help"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text("\n" * LARGE + "席", "utf-8")
    started = time.process_time()
    (files,) = read_corpus([tmp_path]).articles("ja-jp")
    assert parse_article(files, PARSER).article is not None
    assert time.process_time() - started < LIMIT_S


# Completeness: documents are made from their structure; headings and bodies have their own letters.


@dataclass(frozen=True)
class Part:
    """A stretch of Markdown with what is seen of it on each side; a heading's is kept apart."""

    markdown: str
    target: str = ""
    source: str = ""
    headings: tuple[tuple[str, str], ...] = ()


def joined(parts: Sequence[Part], gap: str = "") -> Part:
    return Part(
        gap.join(part.markdown for part in parts),
        "".join(part.target for part in parts),
        "".join(part.source for part in parts),
        tuple(heading for part in parts for heading in part.headings),
    )


def wrapped(part: Part, form: str) -> Part:
    return Part(form.replace("X", part.markdown), part.target, part.source, part.headings)


def letters(alphabet: str) -> st.SearchStrategy[str]:
    """A few words with no blank around them, at least one letter among them."""
    words = st.text(alphabet, min_size=1, max_size=8).map(str.strip)
    return words.filter(lambda text: any(map(str.isalnum, text)))


def paired(target: str, source: str, form: str) -> Part:
    return Part(pair(form.replace("X", target), form.replace("X", source)), target, source)


def heading(level: int, name: str, target: str, source: str) -> Part:
    markdown = f'{"#" * level} <a name="{name}"></a>{pair(target, source)}'
    return Part(markdown, headings=((target, source),))


FORMS = st.sampled_from(["X", "**X**", "[X](a.md)", "*X* ", "`X`", "<b>X</b>"])
PAIRS = st.builds(paired, letters("席を追加。A1 "), letters("seat. 42"), FORMS)
NEUTRAL = letters("XYZ09").map(lambda text: Part(f" `{text}` ", text, text))
INLINE = st.builds(
    wrapped, PAIRS | NEUTRAL, st.sampled_from(["X", "**X**", "[X](b.md)", "X<!-- c -->", "X\n"])
)
LINE = st.lists(INLINE, min_size=1, max_size=3).map(joined)
ONE_LINE = st.lists(PAIRS, min_size=1, max_size=2).map(joined)
LIST = st.lists(st.builds(wrapped, LINE, st.sampled_from(["- X", "  - X"])), min_size=1, max_size=4).map(
    lambda items: joined([wrapped(items[0], "X"), *items[1:]], "\n")
)
TABLE = st.lists(st.lists(ONE_LINE, min_size=2, max_size=2), min_size=1, max_size=3).map(
    lambda rows: joined(
        [joined(rows[0], " | "), Part("--- | ---"), *(joined(row, " | ") for row in rows[1:])], "\n"
    )
)
CODE = letters("XYZ09 ").map(lambda text: Part(f"```\n{text}\n```", text, text))
ALERT = st.builds(wrapped, ONE_LINE, st.sampled_from(["> [!NOTE]\n> X", ">[!Important]\n>X", "> X"]))
HEADINGS = st.builds(
    heading, st.integers(1, 4), st.sampled_from(["a", "b", "c"]), letters("アイウ"), letters("ΑΒΓ")
)
DOCUMENT = st.lists(HEADINGS | LINE | LIST | TABLE | CODE | ALERT, min_size=1, max_size=8).map(
    lambda parts: joined(parts, "\n\n")
)


@given(DOCUMENT)
def test_both_sides_are_complete_and_in_order(document: Part) -> None:
    assume("data-ttu-id" in document.markdown)  # else there is no English side
    sides = ((article, document.target, "アイウ", 0), (english, document.source, "ΑΒΓ", 1))
    for read, body, alphabet, side in sides:
        found = read(document.markdown)
        written = "\n".join(section.text for section in found.sections)
        assert [char for char in written if char not in f"{alphabet}| \n"] == list(body.replace(" ", ""))
        paths = {name for section in found.sections for name in section.headings}
        for names in document.headings:
            assert names[side] in {found.edition.title, *paths, *written.split("\n")}


@given(st.lists(ONE_LINE, min_size=1, max_size=5))
def test_every_sentence_keeps_its_english(lines: list[Part]) -> None:
    found = article("\n\n".join(line.markdown for line in lines))
    sources = [sentence.source or "" for section in found.sections for sentence in section.sentences]
    spoken = "".join(line.source for line in lines)
    assert "".join(sources).replace(" ", "") == spoken.replace(" ", "")
