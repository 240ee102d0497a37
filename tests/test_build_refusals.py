"""What a build refuses: files, locales and generations that can't be used; and what it then leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from indexer import CorpusError, IndexBusy, IndexCorrupt
from indexer.build import BuildOptions
from indexer.generation import generations, stage, verify_generation
from tests.small_corpus import FRENCH_MAIL, MAIL, SEATS, TAXES, SmallIndex, content, damage

MANY = 20


@pytest.fixture
def small(memory_dir: Path) -> SmallIndex:
    """Two German articles and one of them in French: each has a row a side and two as an article."""
    small = SmallIndex(memory_dir)
    small.write("de-de", mail=MAIL, seats=SEATS)
    small.write("fr-fr", mail=FRENCH_MAIL)
    return small


BROKEN = "---\ntitle: never closed\n"


def test_a_file_that_can_not_be_read_is_counted_and_named_and_stops_nothing(small: SmallIndex) -> None:
    small.write("de-de", broken=BROKEN)
    latin = small.file("de-de", "latin")
    latin.write_bytes("# Gebühren\n\nGebühren".encode("latin-1"))
    report = small.build()
    assert report.locales["de-de"].articles == 2
    assert [(failed.file, failed.line) for failed in report.failed] == [
        (str(small.file("de-de", "broken")), 1),
        (str(latin), 1),
    ]
    assert "front matter is not closed" in report.failed[0].reason
    assert "not UTF-8" in report.failed[1].reason


def test_it_is_named_again_by_a_build_without_a_change(small: SmallIndex) -> None:
    small.write("de-de", broken=BROKEN)
    small.build()
    again = small.build()
    assert not again.published
    assert [failed.file for failed in again.failed] == [str(small.file("de-de", "broken"))]


def test_it_is_named_again_where_english_alone_is_built_and_loses_no_article(small: SmallIndex) -> None:
    newer = replace(FRENCH_MAIL, handed_over="06/01/2021").markdown()
    small.write("fr-fr", mail=newer + '<span data-ttu-id="a-1">')
    first, again = (small.build(options=BuildOptions(locales=("en-us",))) for _ in range(2))
    assert (again.published, again.locales["en-us"].articles) == (False, 2)
    assert [(failed.file, failed.line) for failed in first.failed] == [
        (str(small.file("fr-fr", "mail")), newer.count("\n") + 1)
    ]
    assert again.failed == first.failed


def test_a_file_without_text_is_named_again_too(small: SmallIndex) -> None:
    small.write("de-de", empty="---\ntitle: Leer\n---\n")
    first, again = small.build(), small.build()
    assert [(skipped.file, skipped.reason) for skipped in again.skipped] == [
        (str(small.file("de-de", "empty")), "an article without text")
    ]
    assert (again.published, again.skipped) == (False, first.skipped)


def test_an_unchanged_corpus_that_was_moved_is_named_where_it_lies_now(small: SmallIndex) -> None:
    small.write("de-de", broken=BROKEN)
    small.build()
    small.corpus_dir = small.corpus_dir.rename(small.corpus_dir.with_name("moved"))
    again = small.build()
    assert not again.published
    assert [failed.file for failed in again.failed] == [str(small.file("de-de", "broken"))]


def test_a_build_without_a_change_reads_each_file_once_to_list_it(
    small: SmallIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("de-de", broken=BROKEN)
    small.build()
    read: list[Path] = []
    read_bytes = Path.read_bytes

    def noted(file: Path) -> bytes:
        read.append(file)
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", noted)
    assert small.build().failed
    articles = [file for file in read if file.is_relative_to(small.corpus_dir)]
    assert sorted(articles) == sorted(small.corpus_dir.rglob("*.md"))


@pytest.mark.parametrize("built_before", [False, True])
def test_strict_stops_at_a_file_that_can_not_be_read(small: SmallIndex, built_before: bool) -> None:
    small.write("de-de", broken=BROKEN)
    if built_before:
        small.build()
    with pytest.raises(CorpusError, match=r"--strict stops here.* 1, the first is .*broken\.md:1: "):
        small.build(options=BuildOptions(strict=True))
    assert len(generations(small.index_dir)) == built_before


def test_a_locale_without_one_readable_article_is_refused_and_the_first_fault_named(
    small: SmallIndex,
) -> None:
    small.write("it-it", broken=BROKEN)
    with pytest.raises(CorpusError, match=r"no article in it-it has text.*broken\.md:1: "):
        small.build()


def test_a_bilingual_one_is_named_though_english_is_built_from_it_first(memory_dir: Path) -> None:
    small = SmallIndex(memory_dir)
    small.write("de-de", mail=MAIL.markdown().replace("\n---\n", "\n"))
    with pytest.raises(CorpusError, match=r"no article in de-de has text.*mail\.md:1: "):
        small.build()


def test_an_empty_folder_is_refused_by_name(small: SmallIndex, memory_dir: Path) -> None:
    small.build()
    serving = small.generation
    small.corpus_dir = memory_dir / "nothing"
    small.corpus_dir.mkdir()
    with pytest.raises(CorpusError, match=r"no article in .*nothing: name a checkout"):
        small.build()
    assert small.generation == serving


@pytest.fixture
def shrunken(small: SmallIndex) -> SmallIndex:
    """Twenty German articles were built; two of them are left."""
    small.write("de-de", **{f"mail{number}": MAIL for number in range(MANY - 2)})
    small.build(options=BuildOptions(locales=("de-de",)))
    for number in range(MANY - 2):
        small.file("de-de", f"mail{number}").unlink()
    return small


def test_a_locale_that_shrank_to_a_tenth_is_refused_with_both_numbers(shrunken: SmallIndex) -> None:
    serving = shrunken.generation
    for full in (False, True):
        with pytest.raises(CorpusError, match=r"de-de would shrink from 20 passages to 2.*--allow-shrink"):
            shrunken.build(options=BuildOptions(locales=("de-de",), full=full))
    assert shrunken.generation == serving
    verify_generation(serving)


def test_it_is_published_where_that_is_meant(shrunken: SmallIndex) -> None:
    report = shrunken.build(options=BuildOptions(locales=("de-de",), allow_shrink=True))
    assert (report.published, report.locales["de-de"].passages) == (True, 2)


def test_a_locale_left_with_more_than_a_tenth_is_published(shrunken: SmallIndex) -> None:
    shrunken.write("de-de", taxes=TAXES)
    assert shrunken.build(options=BuildOptions(locales=("de-de",))).locales["de-de"].passages == 3


def test_a_second_writer_is_refused(small: SmallIndex) -> None:
    with stage(small.index_dir), pytest.raises(IndexBusy):
        small.build()


def test_nothing_is_copied_from_a_damaged_generation(small: SmallIndex) -> None:
    small.build()
    good = content(small.generation)
    damage(small.generation / "de-de" / "sentences.faiss")
    report = small.build()
    assert (report.embedded, report.published) == (12, True)
    assert report.damage is not None
    assert "sentences.faiss" in report.damage
    assert content(small.generation) == good


def test_a_damaged_model_is_written_anew(small: SmallIndex) -> None:
    small.build()
    damage(small.generation / "model" / "model.json")
    assert small.build().published
    verify_generation(small.generation)


def test_a_damaged_locale_is_not_kept_and_not_lost_in_silence(small: SmallIndex) -> None:
    small.build()
    serving = small.generation
    damage(serving / "de-de" / "vectors.faiss")
    with pytest.raises(IndexCorrupt, match=r"vectors\.faiss.*also holds de-de: .*--prune"):
        small.build("fr-fr")
    assert small.generation == serving


def lose_manifest(small: SmallIndex) -> None:
    (small.generation / "manifest.json").unlink()


def spoil_manifest(small: SmallIndex) -> None:
    lose_manifest(small)
    (small.generation / "manifest.json").write_text("{}")


def spoil_current(small: SmallIndex) -> None:
    (small.index_dir / "CURRENT").unlink()
    (small.index_dir / "CURRENT").write_text("nonsense\n")


def lose_current(small: SmallIndex) -> None:
    (small.index_dir / "CURRENT").unlink()


UNREADABLE = {
    "manifest.json: is not there": lose_manifest,
    "manifest.json: has no key 'format'": spoil_manifest,
    "CURRENT: holds 'nonsense'": spoil_current,
    "no generation is published here": lose_current,
}


@pytest.mark.parametrize(("fault", "harm"), UNREADABLE.items(), ids=UNREADABLE)
def test_locales_of_a_generation_that_can_not_be_read_are_not_lost_in_silence(
    small: SmallIndex, fault: str, harm: Callable[[SmallIndex], None]
) -> None:
    small.build()
    before = generations(small.index_dir)
    harm(small)
    with pytest.raises(IndexCorrupt, match=f"{re.escape(fault)}.*; it also holds de-de: .*--prune"):
        small.build("fr-fr")
    assert generations(small.index_dir) == before
    report = small.build("fr-fr", options=BuildOptions(prune=True))
    assert (report.published, report.kept, report.copied) == (True, [], 2)
    assert fault in (report.damage or "")


@pytest.mark.parametrize(("fault", "harm"), UNREADABLE.items(), ids=UNREADABLE)
def test_it_is_mended_by_a_build_that_names_all_of_them(
    small: SmallIndex, fault: str, harm: Callable[[SmallIndex], None]
) -> None:
    small.build()
    good = content(small.generation)
    harm(small)
    report = small.build()
    assert (report.published, report.embedded) == (True, 12)
    assert content(small.generation) == good


def test_a_lost_manifest_is_mended_by_a_build(small: SmallIndex) -> None:
    small.build()
    (small.generation / "manifest.json").unlink()
    assert small.build().published
    verify_generation(small.generation)
