"""Passages written and read again are the same passages."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import Block, BlockKind, Edition, IndexCorrupt, Passage, Sentence, Translation, TranslationType
from indexer.passage_file import PassageFile, write_passages

# Any text that UTF-8 can hold, line and paragraph separators of every kind in it.
texts = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('\n\r\x85\u2028\u2029"\\'), max_size=12
)
maybe = st.none() | texts
several = st.lists(texts, max_size=3).map(tuple)
numbers = st.integers(0, 10**6)
dates = st.none() | st.dates()
translations = st.builds(
    Translation, type=st.sampled_from(TranslationType), handed_over=dates, source_commit=maybe
)
editions = st.builds(
    Edition, path=texts, locale=texts, title=texts, source_title=maybe, description=texts, url=texts,
    updated=dates, translation=translations, roles=several, applies_to=several, retired_to=maybe,
)  # fmt: skip
blocks = st.builds(
    Block, kind=st.sampled_from(BlockKind), start=numbers, end=numbers, context=texts, source_context=texts
)
sentences = st.builds(Sentence, start=numbers, end=numbers, source=maybe, ordinal=st.none() | numbers)
passages = st.builds(
    Passage, id=texts, edition=editions, anchor=texts, url=texts, headings=several, source_headings=several,
    start=numbers, text=texts, source_text=maybe, context=texts, source_context=texts,
    blocks=st.lists(blocks, max_size=2).map(tuple), sentences=st.lists(sentences, max_size=2).map(tuple),
)  # fmt: skip

EDITION = Edition(
    "help/mail", "de-de", "E-Mail", "Mail", "", "https://example.org/de-de/help/mail", date(2021, 5, 7),
    Translation(TranslationType.MACHINE, None, None),
)  # fmt: skip


def passage(number: int) -> Passage:
    return Passage(
        f"de-de/help/mail#stop.{number}", EDITION, "stop", EDITION.url, ("Stopp",), ("Stop",), 0,
        "Ein Satz.", "A sentence.", "", "", (), (Sentence(0, 9, "A sentence.", 104),),
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(written=st.lists(passages, max_size=4, unique_by=lambda passage: passage.id))
def test_what_was_written_is_read(written: list[Passage]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_passages(Path(folder), written)
        read = PassageFile(Path(folder))
        assert [read[row] for row in range(len(read))] == written
        assert [read.row_of(passage.id) for passage in written] == list(range(len(written)))
        assert read.editions == list(dict.fromkeys(passage.edition for passage in written))


def test_an_edition_is_stored_once_and_shared_by_its_passages(tmp_path: Path) -> None:
    write_passages(tmp_path, [passage(0), passage(1)])
    read = PassageFile(tmp_path)
    assert read.editions == [EDITION]
    assert read[0].edition is read[1].edition


def test_an_unknown_id_has_no_row(tmp_path: Path) -> None:
    write_passages(tmp_path, [passage(0)])
    assert PassageFile(tmp_path).row_of("de-de/help/mail#stop.7") is None


def test_two_passages_of_one_id_are_refused(tmp_path: Path) -> None:
    write_passages(tmp_path, [passage(0), passage(0)])
    with pytest.raises(IndexCorrupt, match="2 passages stand beside 1 ids"):
        PassageFile(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("passages.jsonl", b""),
        ("passages.rows.json", b"[]"),
        ("passages.rows.json", b"{"),
        ("passages.rows.json", b'[["de-de/help/mail#stop.0"]]'),
        ("editions.jsonl", b"[1, 2]\n"),
        ("editions.jsonl", b"\xff\n"),
    ],
)
def test_a_damaged_file_is_refused_by_folder(tmp_path: Path, name: str, content: bytes) -> None:
    write_passages(tmp_path, [passage(0)])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IndexCorrupt, match=str(tmp_path)):
        PassageFile(tmp_path)
