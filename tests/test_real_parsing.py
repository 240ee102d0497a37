"""Real articles, zh-tw in full and every fifth of ja-jp: none fails, and no letter of either side is lost.

What went in is taken from the files by regular expressions, without the parser.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.article_files import parse_file
from indexer.corpus import Corpus, read_corpus
from indexer.docfx import Origin, ParsedFile
from indexer.records import Article, BlockKind
from tests.articles import PARSER, part_of

pytestmark = pytest.mark.corpus

JA_STEP = 5
PAIR = re.compile(
    r'^ *(?P<mark>#?)|<span\s+data-ttu-id="[^"]*">(?P<target>.*?)</span>\s*'
    r'<span class="sxs-lookup">\s*<span data-stu-id="[^"]*">(?P<source>.*?)</span>\s*</span>',
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Pair:
    """The letters of a pair that a reader sees, on both sides."""

    target: str
    source: str
    in_heading: bool


@dataclass(frozen=True)
class RealFile:
    """A file with what the parser made of it; `parsed` is None for an FAQ page."""

    path: str
    text: str
    article: Article
    parsed: ParsedFile | None


@pytest.fixture(scope="module")
def corpora(real_corpus: Path) -> dict[str, Corpus]:
    return {
        locale: read_corpus([real_corpus / f"partner-center-pr.{locale}"]) for locale in ("ja-jp", "zh-tw")
    }


@pytest.fixture(scope="module")
def files(corpora: dict[str, Corpus]) -> list[RealFile]:
    return [
        file
        for locale, corpus in corpora.items()
        for file in read(corpus, JA_STEP if locale == "ja-jp" else 1)
    ]


def read(corpus: Corpus, step: int) -> Iterator[RealFile]:
    (sources,) = corpus.files.values()
    for source in sources[::step]:
        text = source.file.read_text("utf-8")
        article = parse_file(corpus.origin(source), PARSER)
        edition = article.edition
        origin = Origin(str(source.file), source.path, edition.locale, edition.url, edition.url)
        parsed = PARSER.parse(text, origin) if source.file.suffix == ".md" else None
        yield RealFile(f"{edition.locale}/{source.path}", text, article, parsed)


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def seen(markdown: str) -> str:
    """The letters of one side of a pair that a reader sees."""
    text = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)
    text = re.sub(r':::no-loc text="([^"]*)":::', r"\1", text)
    text = re.sub(r"\]\(\s*(?:[^()\s]|\([^()\s]*\))*\s*\)", "]", text)
    text = re.sub(r"</?(?:a|b|br|code|em|font|i|p|span|strong|sup|u)\b[^>]*>", "", text)
    return letters(
        html.unescape(re.sub(r"\[!(?:note|tip|important|warning)\]", "", text, flags=re.IGNORECASE))
    )


def pairs(text: str) -> Iterator[Pair]:
    """The pairs of a file in order; a line that begins with # is a heading."""
    in_heading = False
    for match in PAIR.finditer(text):
        if match["target"] is None:
            in_heading = match["mark"] == "#"
        else:
            yield Pair(seen(match["target"]), seen(match["source"]), in_heading)


def missing(bodies: Sequence[str], headings: Sequence[str], article: Article) -> list[str]:
    """What the article lacks: bodies stand in its texts, each behind the one before."""
    text = letters("".join(section.text for section in article.sections))
    names = {article.edition.title, *(name for section in article.sections for name in section.headings)}
    known = letters("|".join(names)) + text
    lost, at = [heading for heading in headings if heading not in known], 0
    for body in bodies:
        found = text.find(body, at)
        if found < 0:
            lost.append(body)
        else:
            at = found + len(body)
    return lost


def test_no_real_file_fails_and_all_are_named(corpora: dict[str, Corpus], files: list[RealFile]) -> None:
    for locale, corpus in corpora.items():
        assert corpus.failed == []
        assert {entry.reason for entry in corpus.skipped} <= {
            "a table of contents", "a breadcrumb", "a YamlMime:Landing page"
        }  # fmt: skip
        folder = corpus.files[locale][0].docset.root
        on_disk = {str(file) for kind in ("md", "yml") for file in folder.glob(f"*/**/*.{kind}")}
        named = [str(source.file) for source in corpus.files[locale]] + [
            entry.file for entry in corpus.skipped
        ]
        assert Counter(named) == Counter(on_disk)
    assert len(files) == 324 + 64
    assert all(file.article.edition.title and file.article.sections for file in files)


def test_no_letter_of_either_side_is_lost(files: list[RealFile]) -> None:
    for file in files:
        scope = letters("".join(file.article.scope))
        inside = [pair for pair in pairs(file.text) if pair.in_heading or pair.target not in scope]
        bodies = [pair for pair in inside if not pair.in_heading]
        headings = [pair for pair in inside if pair.in_heading]
        targets = [pair.target for pair in bodies], [pair.target for pair in headings]
        assert missing(*targets, file.article) == [], file.path
        english = file.parsed.source_article() if file.parsed is not None else None
        assert (english is not None) == bool(inside), file.path
        if english is not None:
            sources = [pair.source for pair in bodies], [pair.source for pair in headings]
            assert missing(*sources, english) == [], file.path


def test_every_pair_of_a_body_keeps_its_english(files: list[RealFile]) -> None:
    for file in files:
        sections = file.article.sections
        spoken = [sentence.source for section in sections for sentence in section.sentences]
        columns = [block.source_context for section in sections for block in section.blocks]
        kept = letters("".join(source or "" for source in (*spoken, *columns)))
        scope = letters("".join(file.article.scope))
        bodies = [pair for pair in pairs(file.text) if not pair.in_heading and pair.target not in scope]
        assert [pair for pair in bodies if pair.source not in kept] == [], file.path


def test_sections_are_what_their_blocks_and_sentences_say(files: list[RealFile]) -> None:
    for file in files:
        for section in file.article.sections:
            assert "\n".join(part_of(section, block) for block in section.blocks) == section.text
            quoted = letters("".join(part_of(section, sentence) for sentence in section.sentences))
            silent = (BlockKind.COLUMNS, BlockKind.FOLDED)
            spoken = "".join(part_of(section, block) for block in section.blocks if block.kind not in silent)
            assert not Counter(letters(spoken)) - Counter(quoted), file.path


def test_anchors_are_unique_and_english(files: list[RealFile]) -> None:
    for file in files:
        anchors = [section.anchor for section in file.article.sections]
        assert len(set(anchors)) == len(anchors), file.path


def test_roles_are_canonical_english_names(files: list[RealFile]) -> None:
    bilingual = [file for file in files if any(pairs(file.text))]
    names = Counter(role for file in bilingual for role in file.article.edition.roles)
    known = {name for labels in PARSER.labels.values() for name in labels.names.values()}
    assert all(name.isascii() for name in names)
    assert sum(count for name, count in names.items() if name in known) > 0.95 * names.total()
