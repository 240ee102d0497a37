"""Sentences end where readers of each script see an end, and both sides of a pair are cut alike."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sentences import align_sentences, split_sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("You add seats. You pay later!", ["You add seats.", "You pay later!"]),
        ("席を追加します。支払いは後です！次は？", ["席を追加します。", "支払いは後です！", "次は？"]),
        ("「席です。」次です。", ["「席です。」", "次です。"]),
        ("좌석을 추가합니다. 나중에 지불합니다.", ["좌석을 추가합니다.", "나중에 지불합니다."]),
        ("Вы платите позже. Это всё.", ["Вы платите позже.", "Это всё."]),
        ("أضف مقاعد؟ نعم.", ["أضف مقاعد؟", "نعم."]),
        ("¿Puede pagar? Sí.", ["¿Puede pagar?", "Sí."]),
        ("Wait... Then pay.", ["Wait...", "Then pay."]),
        ("(See below.) Then pay.", ["(See below.)", "Then pay."]),
        ("No stop", ["No stop"]),
        ("  One.  Two.\n", ["One.", "Two."]),
        ("", []),
        (" \n", []),
    ],
)
def test_a_stop_ends_a_sentence_in_every_script(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Seats, e.g. Ten of them",
        "Plätze, z. B. Zehn davon",
        "Dr. Example pays",
        "Click 3. Then pay",
        "Version 1.2 costs 3.50 today",
        "See help.example.com for more",
        "It costs approx. ten a month",
        "И т.д. Вот так",
    ],
)
def test_a_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert split(text) == [text]


def test_sides_with_equally_many_sentences_are_cut_in_pairs() -> None:
    target, source = "席を追加します。 支払いは後です。", "You add seats. You pay later."
    cuts = align_sentences(target, source)
    assert [(target[start:end], text) for start, end, text in cuts] == [
        ("席を追加します。", "You add seats."),
        ("支払いは後です。", "You pay later."),
    ]


def test_a_short_pair_whose_sides_differ_stays_whole() -> None:
    target, source = "席を追加します。支払いは後です。", " You add seats and pay later. "
    assert align_sentences(target, source) == [(0, 16, "You add seats and pay later.")]


def test_a_long_pair_whose_sides_differ_is_cut_by_proportion() -> None:
    target = " ".join(f"{name * 150}." for name in "ABCD")
    source = "First. Second."
    cuts = align_sentences(target, source)
    assert [(target[start:end], text) for start, end, text in cuts] == [
        (f"{'A' * 150}. {'B' * 150}.", "First."),
        (f"{'C' * 150}. {'D' * 150}.", "Second."),
    ]


@pytest.mark.parametrize(("target", "source", "expected"), [("", "Seats.", []), ("席", "", [(0, 1, "")])])
def test_an_empty_side_gives_no_pair_or_no_english(
    target: str, source: str, expected: list[tuple[int, int, str]]
) -> None:
    assert align_sentences(target, source) == expected


TEXT = st.text(st.sampled_from("ab. ?!。」)\n…A1"), max_size=60)


def solid(*parts: str) -> str:
    """The characters of some texts without white space."""
    return "".join("".join(parts).split())


@given(TEXT)
def test_sentences_are_in_order_and_lose_white_space_only(text: str) -> None:
    spans = split_sentences(text)
    assert solid(*split(text)) == solid(text)
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


@given(TEXT, TEXT)
def test_alignment_keeps_both_sides_whole(target: str, source: str) -> None:
    cuts = align_sentences(target, source)
    assert solid(*(target[start:end] for start, end, _ in cuts)) == solid(target)
    assert solid(*(text for _, _, text in cuts)) == (solid(source) if cuts else "")
