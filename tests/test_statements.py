"""The English side as statements, the same in every locale, and two versions of it aligned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import Passage
from indexer.passages import PassageOptions, split_article
from indexer.statements import PAIRS_MAX, align, is_same, plain, read_statements
from tests.articles import ORIGIN, PARSER, pair
from tests.fakes import HashEmbedder

ALIKE = ["Wait seven days.", "Pay by card.", "Ask the seller for help."]


def passages(text: str, locale: str = "de-de") -> list[Passage]:
    """The passages of an article, or of its English side for en-us."""
    parsed = PARSER.parse(text, replace(ORIGIN, locale="de-de"))
    article = parsed.source_article() if locale == "en-us" else parsed.article
    assert article is not None
    return split_article(article, HashEmbedder().count_tokens, PassageOptions(1000, 1000))


def statements(text: str, locale: str = "de-de") -> list[str]:
    return list(read_statements(passages(text, locale)).texts)


def owned(text: str) -> list[list[int]]:
    return [list(own) for own in read_statements(passages(text)).owned.values()]


def test_each_english_sentence_is_a_statement_however_the_translation_is_cut() -> None:
    one = pair("Eins, und dann zwei.", "First one. Then two.")
    two = pair("Eins. Dann zwei.", "First one. Then two.")
    assert statements(one) == statements(two) == ["First one.", "Then two."]
    assert owned(one) == [[0, 1]]
    assert owned(two) == [[0], [1]]


def test_a_row_is_one_statement_though_long_words_have_cut_it_into_cells() -> None:
    def table(cell: str) -> str:
        row = f"| {pair(cell, 'Days', 101)} | ✔ | 15 | {pair('Ja. Nein.', 'Yes. No.', 102)} |"
        return f"| A | B | C | D |\n|---|---|---|---|\n{row}\n"

    short, long = table("Tage"), table("Tage" * 120)
    assert len(passages(short)[0].sentences) == 1
    assert len(passages(long)[0].sentences) > 1
    assert statements(short) == statements(long) == ["Days | ✔ | 15 | Yes. No."]
    assert statements(short, "en-us") == ["Days | ✔ | 15 | Yes. No."]
    assert {tuple(own) for own in owned(long)} == {(0,)}


def test_code_and_a_sentence_without_english_are_no_statements() -> None:
    text = f"Ohne Englisch.\n\n{pair('Mit.', 'With it.')}\n\n```\nget-seats\n```\n"
    assert statements(text) == ["With it."]
    assert statements(text, "en-us") == ["Ohne Englisch.", "With it."]
    assert read_statements([]).texts == ()


def test_roles_have_left_the_text() -> None:
    roles = pair("**Geeignete Rollen**: Globaler Administrator", "**Appropriate roles**: Global admin", 101)
    assert statements(f"{roles}\n\n{pair('Eins.', 'One.')}") == ["One."]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Don't wait.", "Don’t  wait .", True),
        ("**Pay** | now", "Pay now", True),
        ("Ｐａｙ now", "Pay now", True),
        ("Pay 10 days", "Pay 15 days", False),
        ("Pay < 10", "Pay > 10", False),
        ("The Global Admin, on May 4 pays.", "The Global admin on May 4, pays", True),
        ("Yes. | No", "Yes | No", True),
        ("Wait 1.5 days", "Wait 15 days", False),
        ("Start at 10:30", "Start at 1030", False),
        ("", " . ", True),
    ],
)
def test_what_makes_no_difference_to_a_reader_is_none(one: str, other: str, same: bool) -> None:
    assert is_same(plain(one), plain(other)) is same


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ([], [], []),
        ([], ALIKE, []),
        (ALIKE, [], [None, None, None]),
        (ALIKE, ALIKE, [0, 1, 2]),
        (ALIKE, ["Wait ten days.", *ALIKE[1:]], [0, 1, 2]),
        (ALIKE, [ALIKE[0], "Something else entirely.", ALIKE[2]], [0, None, 2]),
        (ALIKE, ["New here.", *ALIKE], [1, 2, 3]),
        (ALIKE, [ALIKE[2], ALIKE[0], ALIKE[1]], [1, 2, 0]),
        (["Yes", "No", "Yes"], ["Yes", "No"], [0, 1, None]),
        (["a b c d", "e f g h"], ["e f g x", "a b c y"], [1, None]),
    ],
    ids=[
        "nothing", "all added", "all removed", "the same", "one changed", "one replaced", "one added",
        "one moved", "one of two removed", "changed ones keep their order",
    ],
)  # fmt: skip
def test_statements_are_aligned_in_order_by_likeness(
    old: list[str], new: list[str], found: list[int | None]
) -> None:
    assert align(old, new) == found


def test_half_of_the_words_make_two_versions_of_one_statement() -> None:
    assert align(["one two three four"], ["one two five six"]) == [0]
    assert align(["one two three four"], ["one five six seven"]) == [None]


def test_of_articles_too_long_to_compare_only_equal_statements_are_paired() -> None:
    count = round(PAIRS_MAX**0.5) + 1
    old = [f"Number {number} of many." for number in range(count)]
    new = [f"Number {number} of some." for number in range(count - 1)] + [old[7]]
    assert [at for at in enumerate(align(old, new)) if at[1] is not None] == [(7, count - 1)]


texts = st.lists(st.sampled_from(["a b", "a c", "b c d", "e", "e f", "a b c d e", ""]), max_size=12)


@given(texts, texts)
def test_a_counterpart_is_used_once_and_no_equal_one_is_left_out(old: list[str], new: list[str]) -> None:
    found = align(old, new)
    paired = [at for at in found if at is not None]
    assert len(found) == len(old)
    assert len(paired) == len(set(paired))
    assert all(0 <= at < len(new) for at in paired)
    removed = Counter(text for text, at in zip(old, found, strict=True) if at is None)
    added = Counter(text for at, text in enumerate(new) if at not in paired)
    assert not removed & added


@given(texts, st.lists(st.integers(0, 11), max_size=4))
def test_what_is_only_cut_out_leaves_the_rest_where_it_was(old: list[str], cut: list[int]) -> None:
    kept = [number for number in range(len(old)) if number not in cut]
    new = [old[number] for number in kept]
    found = align(old, new)
    assert [new[at] for at in found if at is not None] == [
        old[i] for i, at in enumerate(found) if at is not None
    ]
    assert sum(at is not None for at in found) == len(new)
