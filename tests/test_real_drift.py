"""zh-tw of March 2021 against de-de of July: what the index says is what the files' headers and pairs say."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer import Index, Passage, open_index
from indexer.drift_file import read_drift
from indexer.generation import current_generation, read_manifest
from indexer.records import EditionDrift
from indexer.statements import plain, read_statements
from tests.check_citations import ArticleFile, read_corpus_files
from tests.conftest import PAIR_LOCALES
from tests.fakes import HashEmbedder

pytestmark = pytest.mark.corpus
Files = dict[tuple[str, str], ArticleFile]


@pytest.fixture(scope="module")
def files(real_corpus: Path) -> Files:
    corpus = read_corpus_files(real_corpus / f"partner-center-pr.{locale}" for locale in PAIR_LOCALES)
    return {place: found for place, (found, *_) in corpus.files.items()}


@pytest.fixture(scope="module")
def drift(real_pair: Path) -> list[EditionDrift]:
    folder = current_generation(real_pair)
    return read_drift(folder, read_manifest(folder))


@pytest.fixture(scope="module")
def index(real_pair: Path) -> Index:
    return open_index(real_pair, open_model=lambda _: HashEmbedder())


def test_an_edition_lags_where_its_header_is_of_an_earlier_hand_over(
    drift: list[EditionDrift], files: Files, index: Index
) -> None:
    expected = set()
    for locale, other in (PAIR_LOCALES, PAIR_LOCALES[::-1]):
        for path in index.editions(locale).keys() & index.editions(other).keys():
            _, ours, commit = files[locale, path].provenance
            _, theirs, newer = files[other, path].provenance
            if ours is not None and theirs is not None and ours < theirs and commit != newer:
                expected.add((locale, path, other, theirs, newer))
    found = {
        (e.version.locale, e.path, e.newest.locale, e.newest.handed_over.isoformat(), e.newest.source_commit)
        for e in drift
        if e.version.locale != "en-us"
    }
    assert found == expected
    assert sum(locale == "zh-tw" for locale, *_ in found) > 200


def test_changed_sentences_stand_in_the_one_file_and_not_in_the_other(
    drift: list[EditionDrift], files: Files
) -> None:
    absent, left, changes = [], [], 0
    for edition in drift:
        if not edition.changes:
            continue
        before, after = (files[version.locale, edition.path] for version in (edition.version, edition.newest))
        for change in edition.changes:
            changes += 1
            for text, here, other in ((change.before, before, after), (change.after, after, before)):
                if text is not None and not here.holds(text, source=True):
                    absent.append((edition.path, text))
                if (
                    text is not None
                    and None in (change.before, change.after)
                    and other.holds(text, source=True)
                ):
                    left.append((edition.path, text))
    assert changes > 2000
    # Where a row is cut in two, what joins its parts is lost.
    assert len(absent) < changes / 200, absent
    # A short sentence that was added or removed may be part of another one.
    assert len(left) < changes / 20, left


def test_quotes_of_lagging_articles_are_told_and_others_are_not(
    drift: list[EditionDrift], index: Index
) -> None:
    lagging = {edition.path: edition for edition in drift if edition.version.locale == "zh-tw"}
    told: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    passages = index.shards["zh-tw"].passages
    for row in range(len(passages)):
        passage = passages[row]
        for sentence in passage.sentences:
            note = index.drift_of(passage, start=sentence.start, end=sentence.end)
            assert (note is not None) == (passage.edition.path in lagging)
            if note is not None:
                assert note.newest_locale == lagging[passage.edition.path].newest.locale
                told[note.sentence_changed] += 1
    # Most sentences of an article outlive a revision.
    assert told[False] > 5 * told[True] > 5000


def test_names_that_changed_are_those_of_the_editions(drift: list[EditionDrift], index: Index) -> None:
    changed = [edition for edition in drift if edition.roles is not None]
    assert len(changed) > 20
    for edition in changed:
        assert edition.roles is not None
        before, after = (
            index.editions(version.locale)[edition.path].roles
            for version in (edition.version, edition.newest)
        )
        assert (edition.roles.before, edition.roles.after) == (before, after)


def test_editions_of_one_version_have_the_same_statements(index: Index) -> None:
    """German and derived English of one commit: else a comparison of two would find what isn't there."""
    same = total = 0
    sides: dict[str, dict[str, list[str]]] = {}
    for locale in ("de-de", "en-us"):
        found: dict[str, list[Passage]] = {}
        passages = index.shards[locale].passages
        for row in range(len(passages)):
            found.setdefault(passages[row].edition.path, []).append(passages[row])
        sides[locale] = {
            path: [plain(text) for text in read_statements(own).texts] for path, own in found.items()
        }
    for path, german in sides["de-de"].items():
        editions = [index.editions(locale).get(path) for locale in ("de-de", "en-us")]
        commits = {edition.translation.source_commit if edition else None for edition in editions}
        if german and len(commits) == 1:
            total += 1
            same += german == sides["en-us"][path]
    assert total > 200
    assert same >= 0.93 * total
