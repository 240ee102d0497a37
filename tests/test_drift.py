"""Who lags behind whom, what changed since, and what a quote is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from indexer import Drift, Edition, Passage, Sentence, Translation, TranslationType
from indexer.drift import DriftNotes, Lag, find_drift
from indexer.records import Block, BlockKind, EditionDrift, NamesChange, SentenceChange, Version

MARCH, MAY, JULY = date(2021, 3, 1), date(2021, 5, 7), date(2021, 7, 12)
OLD = ("Wait seven days.", "Pay by card.", "Call the seller.")
NEW = ("Wait ten days.", "Pay by card.", "A receipt follows.")


def edition(
    locale: str,
    handed_over: date | None,
    commit: str | None,
    *,
    path: str = "help/pay",
    roles: tuple[str, ...] = (),
    applies_to: tuple[str, ...] = (),
) -> Edition:
    kind = TranslationType.SOURCE if locale == "en-us" else TranslationType.MACHINE
    return Edition(
        path, locale, "Title", None, "", f"https://help.example/{locale}/{path}", None,
        Translation(kind, handed_over, commit), roles, applies_to,
    )  # fmt: skip


def passage(own: Edition, english: Sequence[str | None]) -> Passage:
    """One paragraph; the target sentences are numbers, in the source language the English itself."""
    text, sentences = "", []
    for number, source in enumerate(english):
        said = f"Satz {number}." if own.locale != "en-us" or source is None else source
        sentences.append(
            Sentence(len(text), len(text) + len(said), None if own.locale == "en-us" else source)
        )
        text += f"{said} "
    return Passage(
        f"{own.locale}/{own.path}#top.0", own, "top", own.url, (), (), 0, text.strip(), None, "", "",
        (Block(BlockKind.PARAGRAPH, 0, len(text) - 1),), tuple(sentences),
    )  # fmt: skip


def lags(*versions: tuple[Edition, Sequence[str | None]]) -> list[Lag]:
    english = dict(versions)
    return list(find_drift(english, lambda own: [passage(own, english[own])]))


def drifts(*versions: tuple[Edition, Sequence[str | None]]) -> list[EditionDrift]:
    return [lag.drift for lag in lags(*versions)]


def test_the_older_hand_over_lags_behind_the_newer_and_says_what_changed() -> None:
    behind = edition("zh-tw", MARCH, "aaa", roles=("User admin",), applies_to=("Partner portal",))
    ahead = edition("de-de", JULY, "bbb", roles=("User management admin",))
    assert drifts((ahead, NEW), (behind, OLD)) == [
        EditionDrift(
            "help/pay",
            Version("zh-tw", MARCH, "aaa"),
            Version("de-de", JULY, "bbb"),
            (
                SentenceChange("Wait seven days.", "Wait ten days."),
                SentenceChange("Call the seller.", None),
                SentenceChange(None, "A receipt follows."),
            ),
            NamesChange(("User admin",), ("User management admin",)),
            NamesChange(("Partner portal",), ()),
        )
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (edition("zh-tw", JULY, "aaa"), edition("de-de", JULY, "bbb")),
        (edition("zh-tw", MARCH, "aaa"), edition("de-de", JULY, "aaa")),
        (edition("zh-tw", None, "aaa"), edition("de-de", JULY, "bbb")),
        (edition("zh-tw", MARCH, "aaa"), edition("de-de", None, "bbb")),
        (edition("zh-tw", MARCH, "aaa"), edition("de-de", JULY, "bbb", path="help/other")),
    ],
    ids=["one date", "one commit", "no date", "no other date", "another article"],
)
def test_nothing_lags_without_a_later_hand_over_from_another_commit(one: Edition, other: Edition) -> None:
    assert lags((one, OLD), (other, NEW)) == []


def test_a_hand_over_without_a_commit_is_ordered_by_its_date_alone() -> None:
    found = drifts((edition("zh-tw", MARCH, None), OLD), (edition("de-de", JULY, None), NEW))
    assert [(drift.version.locale, drift.newest.locale) for drift in found] == [("zh-tw", "de-de")]


def test_each_edition_is_compared_with_the_newest_and_a_translation_comes_before_what_is_derived() -> None:
    found = drifts(
        (edition("en-us", JULY, "ccc"), NEW),
        (edition("ja-jp", JULY, "ccc"), NEW),
        (edition("it-it", JULY, "ccc"), NEW),
        (edition("de-de", MAY, "bbb"), OLD),
        (edition("zh-tw", MARCH, "aaa"), OLD),
    )
    assert [(drift.version.locale, drift.newest.locale) for drift in found] == [
        ("de-de", "it-it"),
        ("zh-tw", "it-it"),
    ]


def test_english_alone_is_the_newest_where_no_translation_is_as_new() -> None:
    [drift] = drifts((edition("en-us", JULY, "ccc"), NEW), (edition("zh-tw", MARCH, "aaa"), OLD))
    assert drift.newest == Version("en-us", JULY, "ccc")
    assert drift.changes is not None
    assert len(drift.changes) == 3


def test_a_newer_version_without_english_is_named_only_where_none_has_any() -> None:
    behind = (edition("zh-tw", MARCH, "aaa"), OLD)
    plain = (edition("de-de", JULY, "ccc"), (None, None))
    [drift] = drifts(behind, plain)
    assert (drift.newest.locale, drift.changes) == ("de-de", None)
    found = drifts(behind, plain, (edition("ja-jp", MAY, "bbb"), NEW))
    assert [(drift.version.locale, drift.newest.locale, drift.changes is None) for drift in found] == [
        ("ja-jp", "de-de", True),
        ("zh-tw", "ja-jp", False),
    ]


def test_an_edition_without_english_lags_but_is_not_compared() -> None:
    [lag] = lags((edition("zh-tw", MARCH, "aaa"), (None,)), (edition("de-de", JULY, "bbb"), NEW))
    assert (lag.drift.changes, lag.drift.roles, lag.quotes) == (None, None, {})


def test_names_in_other_letters_or_another_order_are_the_same() -> None:
    [drift] = drifts(
        (edition("zh-tw", MARCH, "aaa", roles=("Global Admin", "Sales agent")), OLD),
        (edition("de-de", JULY, "bbb", roles=("Sales agent", "Global admin")), OLD),
    )
    assert (drift.roles, drift.changes) == (None, ())


def test_an_article_is_read_only_where_it_drifts() -> None:
    read: list[str] = []

    def passages(own: Edition) -> list[Passage]:
        read.append(f"{own.locale} {own.path}")
        return [passage(own, OLD)]

    editions = [
        edition("de-de", JULY, "bbb"),
        edition("ja-jp", MAY, "aaa"),
        edition("ko-kr", JULY, "bbb"),
        edition("de-de", JULY, "bbb", path="help/same"),
        edition("ja-jp", JULY, "bbb", path="help/same"),
    ]
    assert len(list(find_drift(editions, passages))) == 1
    assert sorted(read) == ["de-de help/pay", "ja-jp help/pay"]


BEHIND = edition("zh-tw", MARCH, "aaa")
# What changed, what stayed, what was removed, one without English, and two sentences under one stretch.
ENGLISH = (*OLD, None, "Ask for help. Then wait seven days.")
NEWEST = (*NEW[:2], "Ask for help.", "Then wait two days.")


@pytest.fixture(scope="module")
def notes() -> DriftNotes:
    return DriftNotes(lags((BEHIND, ENGLISH), (edition("de-de", JULY, "bbb"), NEWEST)))


@pytest.mark.parametrize(
    ("first", "last", "changed", "newest"),
    [
        (0, 0, True, "Wait ten days."),
        (1, 1, False, None),
        (2, 2, True, None),
        (3, 3, None, None),
        (4, 4, True, "Ask for help. Then wait two days."),
        (0, 2, True, "Wait ten days. Pay by card."),
        (1, 3, True, "Pay by card."),
    ],
    ids=["changed", "unchanged", "removed", "no English", "half changed", "three", "with a removed one"],
)
def test_a_quote_is_told_what_became_of_its_sentences(
    notes: DriftNotes, first: int, last: int, changed: bool | None, newest: str | None
) -> None:
    own = passage(BEHIND, ENGLISH)
    start, end = own.sentences[first].start, own.sentences[last].end
    assert notes.of(own, start=start, end=end) == Drift("de-de", JULY, changed, newest)
    # A part of a sentence stands for it.
    assert notes.of(own, start=start + 1, end=end - 1) == Drift("de-de", JULY, changed, newest)


def test_a_quote_of_the_newest_version_or_of_another_article_is_told_nothing(notes: DriftNotes) -> None:
    for other in (edition("de-de", JULY, "bbb"), replace(BEHIND, path="help/other")):
        assert notes.of(passage(other, NEWEST), start=0, end=5) is None


def test_a_quote_is_told_of_a_newer_version_that_can_not_be_compared() -> None:
    notes = DriftNotes(lags((BEHIND, OLD), (edition("de-de", JULY, "bbb"), (None,))))
    assert notes.of(passage(BEHIND, OLD), start=0, end=5) == Drift("de-de", JULY, None, None)


def test_the_cells_of_a_row_have_one_newest_text() -> None:
    def row(own: Edition, days: str) -> Passage:
        text = "Tage | Zehn"
        return replace(
            passage(own, ()), text=text, blocks=(Block(BlockKind.ROW, 0, 11),),
            sentences=(Sentence(0, 4, "Days"), Sentence(7, 11, days)),
        )  # fmt: skip

    ahead = edition("de-de", JULY, "bbb")
    rows = {BEHIND: row(BEHIND, "Ten"), ahead: row(ahead, "Fifteen")}
    notes = DriftNotes(find_drift(rows, lambda own: [rows[own]]))
    assert notes.of(rows[BEHIND], start=0, end=11) == Drift("de-de", JULY, True, "Days | Fifteen")
