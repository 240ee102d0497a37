"""What an index holds, by locale: counted over editions made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from indexer import Edition, Translation, TranslationType
from indexer.corpus_figures import (
    EditionLag,
    LocaleAge,
    LocaleContents,
    LocaleLag,
    LocaleScope,
    compare_locales,
    count_contents,
    count_hand_overs,
    count_scope,
    editions_of,
    find_lags,
    measure_ages,
    measure_lags,
    share_roles,
)
from tests.small_corpus import FRENCH_MAIL, MAIL, SEATS, SmallIndex


def edition(
    path: str, locale: str, day: str | None, commit: str | None = "aaa", *, roles: tuple[str, ...] = ()
) -> Edition:
    handed_over = None if day is None else date.fromisoformat(day)
    translation = Translation(TranslationType.MACHINE, handed_over, commit)
    return Edition(path, locale, path, None, "", "", None, translation, roles=roles)


def by_locale(*editions: Edition) -> dict[str, dict[str, Edition]]:
    found: dict[str, dict[str, Edition]] = {}
    for each in editions:
        found.setdefault(each.locale, {})[each.path] = each
    return found


LAGGING = by_locale(
    edition("mail", "de-de", "2021-03-01", "old"),
    edition("mail", "fr-fr", "2021-03-11", "new"),
    edition("mail", "ja-jp", "2021-03-11", "new"),
    edition("seats", "de-de", "2021-04-01", "same"),
    edition("seats", "fr-fr", "2021-05-01", "same"),
    edition("taxes", "de-de", "2021-01-01", "old"),
    edition("taxes", "ja-jp", "2021-01-31", "new"),
)


def test_contents_are_counted_by_locale_and_kind_of_translation(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    small = SmallIndex(tmp_path_factory.mktemp("small"))
    human = SEATS.markdown().replace("translationtype: MT", "translationtype: HT")
    small.write("de-de", mail=MAIL, seats=SEATS, post=human)
    small.write("fr-fr", mail=FRENCH_MAIL)
    small.build()
    index = small.open()
    assert count_contents(index) == [
        LocaleContents("de-de", 3, 3, 4, machine=2, human=1, source=0, retired=0),
        LocaleContents("en-us", 3, 3, 4, machine=0, human=0, source=3, retired=0),
        LocaleContents("fr-fr", 1, 1, 2, machine=1, human=0, source=0, retired=0),
    ]
    assert sorted(editions_of(index)["de-de"]) == ["help/mail", "help/post", "help/seats"]


def test_the_age_is_counted_from_the_median_hand_over() -> None:
    editions = by_locale(
        edition("a", "de-de", "2021-05-03"),
        edition("b", "de-de", "2021-05-01"),
        edition("c", "de-de", "2021-05-09"),
        edition("d", "de-de", "2021-05-20"),
        edition("e", "de-de", None),
        edition("a", "fr-fr", None),
    )
    first, last = date(2021, 5, 1), date(2021, 5, 20)
    # The lower one of the two in the middle: a day on which something was handed over.
    assert measure_ages(editions, on=date(2021, 6, 2)) == [
        LocaleAge("de-de", 4, first, date(2021, 5, 3), last, median_days=30)
    ]


def test_hand_overs_are_counted_by_month_with_the_months_between() -> None:
    grid = count_hand_overs(
        by_locale(
            edition("a", "de-de", "2020-12-31"),
            edition("b", "de-de", "2020-12-01"),
            edition("a", "fr-fr", "2021-02-28"),
            edition("b", "fr-fr", None),
        )
    )
    assert grid.rows == ("de-de", "fr-fr")
    assert grid.columns == ("2020-12", "2021-01", "2021-02")
    assert grid.values.tolist() == [[2, 0, 0], [0, 0, 1]]


def test_hand_overs_of_a_long_time_are_counted_by_year() -> None:
    two_years = by_locale(edition("a", "de-de", "2019-01-01"), edition("b", "de-de", "2020-12-31"))
    assert len(count_hand_overs(two_years).columns) == 24
    longer = by_locale(edition("a", "de-de", "2019-01-01"), edition("b", "de-de", "2021-01-01"))
    grid = count_hand_overs(longer)
    assert (grid.columns, grid.values.tolist()) == (("2019", "2020", "2021"), [[1, 0, 1]])


def test_without_dates_there_are_no_periods() -> None:
    assert count_hand_overs(by_locale(edition("a", "de-de", None))).values.shape == (1, 0)


def test_an_edition_lags_behind_a_later_one_of_another_commit() -> None:
    start, end = date(2021, 1, 1), date(2021, 1, 31)
    assert find_lags(LAGGING) == [
        EditionLag("taxes", "de-de", start, "ja-jp", end, days=30),
        EditionLag("mail", "de-de", date(2021, 3, 1), "fr-fr", date(2021, 3, 11), days=10),
    ]


def test_of_equal_dates_a_translation_is_named_before_the_source() -> None:
    newest = [edition("mail", locale, "2021-03-11", "new") for locale in ("en-us", "ja-jp", "ko-kr")]
    (lag,) = find_lags(by_locale(edition("mail", "de-de", "2021-03-01"), *newest))
    assert lag.newest_locale == "ja-jp"


@pytest.mark.parametrize(
    "other",
    [
        edition("mail", "fr-fr", "2021-03-02", "aaa"),
        edition("mail", "fr-fr", "2021-03-01", "bbb"),
        edition("mail", "fr-fr", None, "bbb"),
        edition("mail", "fr-fr", "2021-03-02", None),
        edition("post", "fr-fr", "2021-03-02", "bbb"),
    ],
    ids=["same commit", "same day", "no date", "no commit", "another article"],
)
def test_what_is_not_told_apart_is_no_lag(other: Edition) -> None:
    assert find_lags(by_locale(edition("mail", "de-de", "2021-03-01", "aaa"), other)) == []


def test_a_locale_is_set_against_all_others() -> None:
    assert measure_lags(LAGGING) == [
        LocaleLag("de-de", 3, missing=0, behind=2, median_days=10, longest_days=30),
        LocaleLag("fr-fr", 2, missing=1, behind=0, median_days=0, longest_days=0),
        LocaleLag("ja-jp", 2, missing=1, behind=0, median_days=0, longest_days=0),
    ]


def test_locales_are_compared_over_the_articles_that_both_have() -> None:
    alone = edition("other", "ko-kr", "2021-01-01")
    grid = compare_locales({**LAGGING, **by_locale(alone)})
    assert grid.rows == grid.columns == ("de-de", "fr-fr", "ja-jp", "ko-kr")
    nan = np.nan
    # de-de lags behind fr-fr in mail but not in seats, behind ja-jp in mail and taxes.
    expected = [[nan, 0.5, 1, nan], [0, nan, 0, nan], [0, 0, nan, nan], [nan, nan, nan, nan]]
    assert np.array_equal(grid.values, np.array(expected), equal_nan=True)


def test_scope_is_counted_by_articles_and_by_names() -> None:
    first = edition("a", "de-de", None, roles=("Admin agent", "Global admin"))
    second = replace(edition("b", "de-de", None, roles=("Global admin",)), applies_to=("Cloud",))
    found = count_scope(by_locale(first, second, edition("c", "de-de", None)))
    assert found == [LocaleScope("de-de", 3, with_roles=2, roles=2, with_applies_to=1, applies_to=1)]


def test_the_most_frequent_roles_come_with_their_share_of_each_locale() -> None:
    editions = by_locale(
        edition("a", "de-de", None, roles=("Global admin", "Sales agent")),
        edition("b", "de-de", None, roles=("Global admin",)),
        edition("a", "fr-fr", None, roles=("Admin agent", "Account admin")),
    )
    grid = share_roles(editions, most=2)
    assert (grid.rows, grid.columns) == (("Global admin", "Account admin"), ("de-de", "fr-fr"))
    assert grid.values.tolist() == [[1, 0], [0, 1]]
    assert share_roles(by_locale(edition("a", "de-de", None)), most=2).values.shape == (0, 1)


def test_one_article_in_one_locale_is_neither_behind_nor_missing() -> None:
    assert measure_lags(by_locale(edition("a", "de-de", "2021-05-07"))) == [LocaleLag("de-de", 1, 0, 0, 0, 0)]
