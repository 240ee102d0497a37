"""Drift in a generation: written by each build that publishes, read back whole, refused where damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from indexer import Drift, Index, IndexCorrupt, IndexMissing
from indexer.build import BuildOptions
from indexer.drift_file import DRIFT_FILE, read_drift
from indexer.durable import hash_file
from indexer.generation import read_manifest
from indexer.manifest import FileEntry, Manifest, format_manifest
from indexer.records import EditionDrift, NamesChange, SentenceChange, Version
from tests.small_corpus import MAIL, SEATS, SmallArticle, SmallIndex, content, damage

MAY = date(2021, 5, 7)
JULY = date(2021, 7, 12)
# Newer than MAIL, with one sentence changed, one added, and another role.
NEW_MAIL = SmallArticle(
    ("Courrier aux clients", "Mail to customers"),
    [
        ("Le vendeur écrit aux clients lors de pannes.", "The vendor writes to customers about outages."),
        ("Il écrit rarement sur les prix.", "It rarely writes about prices."),
        ("Répondez-lui.", "Do answer."),
    ],
    handed_over="07/12/2021",
    roles=("**Rôles appropriés** : Agent d'aide", "**Appropriate roles**: Help agent"),
    commit="bbb",
)
EXPECTED = EditionDrift(
    "help/mail",
    Version("de-de", MAY, None),
    Version("fr-fr", JULY, "bbb"),
    (
        SentenceChange("It never writes about prices.", "It rarely writes about prices."),
        SentenceChange(None, "Do answer."),
    ),
    NamesChange(("Admin agent",), ("Help agent",)),
)


@pytest.fixture
def small(memory_dir: Path) -> SmallIndex:
    """A German article that lags behind its French edition, and one that does not."""
    small = SmallIndex(memory_dir)
    small.write("de-de", mail=MAIL, seats=SEATS)
    small.write("fr-fr", mail=NEW_MAIL)
    return small


def drift(small: SmallIndex) -> list[EditionDrift]:
    return read_drift(small.generation, read_manifest(small.generation))


def told(index: Index, passage_id: str, number: int) -> Drift | None:
    """What the index says of a sentence."""
    passage = index.passage(passage_id)
    sentence = passage.sentences[number]
    return index.drift_of(passage, start=sentence.start, end=sentence.end)


def rewrite_manifest(small: SmallIndex, change: Manifest) -> None:
    file = small.generation / "manifest.json"
    file.unlink()
    file.write_bytes(format_manifest(change))


def test_a_build_records_who_lags_and_the_index_tells_a_quote(small: SmallIndex) -> None:
    small.build()
    assert drift(small) == [EXPECTED]
    index = small.open()
    assert told(index, "de-de/help/mail#top.0", 0) == Drift("fr-fr", JULY, False, None)
    assert told(index, "de-de/help/mail#top.0", 1) == Drift(
        "fr-fr", JULY, True, "It rarely writes about prices."
    )
    for newest in ("fr-fr/help/mail#top.0", "en-us/help/mail#top.0", "de-de/help/seats#top.0"):
        assert told(index, newest, 0) is None


def test_only_what_differs_is_stored(small: SmallIndex) -> None:
    small.build()
    [line] = (small.generation / DRIFT_FILE).read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "article": "help/mail",
        "texts": ["It never writes about prices.", "It rarely writes about prices.", "Do answer."],
        "editions": [
            {
                "version": ["de-de", "2021-05-07", None],
                "newest": ["fr-fr", "2021-07-12", "bbb"],
                "changes": [[0, 1], [None, 2]],
                "roles": [["Admin agent"], ["Help agent"]],
                "applies_to": None,
                "quotes": {"top.0": [[1, 1]]},
            }
        ],
    }


def test_a_removed_sentence_and_an_article_without_english_are_read_back(small: SmallIndex) -> None:
    small.write(
        "fr-fr", mail=replace(NEW_MAIL, sentences=NEW_MAIL.sentences[:1]),
        seats="---\nms.translationtype: HT\nms.lasthandoff: 07/12/2021\n---\n# Places\n\nSept jours.\n",
    )  # fmt: skip
    small.build()
    mail, seats, english = drift(small)
    assert mail.changes == (SentenceChange("It never writes about prices.", None),)
    assert (seats.version.locale, seats.newest.locale, seats.changes) == ("de-de", "fr-fr", None)
    assert (english.version.locale, english.path, english.changes) == ("en-us", "help/seats", None)
    index = small.open()
    assert told(index, "de-de/help/mail#top.0", 1) == Drift("fr-fr", JULY, True, None)
    assert told(index, "de-de/help/seats#top.0", 0) == Drift("fr-fr", JULY, None, None)


def test_a_change_in_one_locale_changes_what_an_untouched_one_is_told(small: SmallIndex) -> None:
    small.build()
    small.write("fr-fr", mail=replace(NEW_MAIL, sentences=MAIL.sentences))
    report = small.build("fr-fr")
    assert report.kept == ["de-de"]
    assert told(small.open(), "de-de/help/mail#top.0", 1) == Drift("fr-fr", JULY, False, None)


def test_a_dropped_locale_is_no_longer_named(small: SmallIndex) -> None:
    options = BuildOptions(locales=("de-de", "fr-fr"))
    small.build(options=options)
    small.build("de-de", options=replace(options, locales=("de-de",), prune=True))
    assert drift(small) == []
    assert (small.generation / DRIFT_FILE).read_bytes() == b""
    assert told(small.open(), "de-de/help/mail#top.0", 1) is None


def test_a_build_without_a_change_leaves_it_as_it_is(small: SmallIndex) -> None:
    small.build()
    assert not small.build().published


def test_a_generation_of_before_there_was_drift_is_served_and_the_next_build_adds_it(
    small: SmallIndex,
) -> None:
    small.build()
    whole, manifest = content(small.generation), read_manifest(small.generation)
    (small.generation / DRIFT_FILE).unlink()
    rewrite_manifest(
        small,
        replace(
            manifest,
            options={name: value for name, value in manifest.options.items() if name != "drift"},
            files={name: entry for name, entry in manifest.files.items() if name != DRIFT_FILE},
        ),
    )
    assert told(small.open(), "de-de/help/mail#top.0", 1) is None
    with pytest.raises(IndexMissing, match="built before drift was recorded; run `python -m indexer build`"):
        drift(small)
    small.embedder.passages.clear()
    report = small.build()
    assert (report.published, report.embedded, small.embedder.passages) == (True, 0, [])
    assert content(small.generation) == whole
    assert told(small.open(), "de-de/help/mail#top.0", 1) is not None


def test_a_damaged_file_is_refused_by_name(small: SmallIndex) -> None:
    small.build()
    damage(small.generation / DRIFT_FILE)
    with pytest.raises(IndexCorrupt, match=f"{DRIFT_FILE}: is not what the manifest says"):
        drift(small)
    with pytest.raises(IndexCorrupt, match=DRIFT_FILE):
        small.open()


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"article": "a", "texts": []}', '{"article": "a", "texts": [], "editions": [{}]}'],
    ids=["no JSON", "no object", "a missing field", "an empty edition"],
)
def test_a_file_that_no_build_wrote_is_refused(small: SmallIndex, line: str) -> None:
    small.build()
    file = small.generation / DRIFT_FILE
    file.unlink()
    file.write_text(line, "utf-8")
    manifest = read_manifest(small.generation)
    size, sha256 = hash_file(file)
    entry = FileEntry(size=size, sha256=sha256)
    rewrite_manifest(small, replace(manifest, files={**manifest.files, DRIFT_FILE: entry}))
    with pytest.raises(IndexCorrupt, match="holds no readable drift"):
        small.open()


def test_the_file_is_of_this_generation_alone(small: SmallIndex) -> None:
    small.build()
    before = small.generation
    small.write("de-de", seats=replace(SEATS, handed_over="05/08/2021"))
    small.build()
    assert not (before / DRIFT_FILE).samefile(small.generation / DRIFT_FILE)
