"""A model's text becomes sentences with the numbers they cite, however it arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.chat_sentences import LINE_MAX_CHARS, SentenceStream, WrittenSentence


def read(text: str, *, chars: int = 1) -> list[tuple[str, tuple[int, ...]]]:
    stream = SentenceStream()
    found: list[WrittenSentence] = []
    for start in range(0, len(text), chars):
        found += stream.feed(text[start : start + chars])
    return [(sentence.text, sentence.numbers) for sentence in [*found, *stream.finish()]]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One is here.[1]\nTwo is here.[2]", [("One is here.", (1,)), ("Two is here.", (2,))]),
        ("One is here.[1] Two is here. [2][3]", [("One is here.", (1,)), ("Two is here.", (2, 3))]),
        ("One is here [1]. Two is here [2, 1].", [("One is here.", (1,)), ("Two is here.", (2, 1))]),
        ("No mark here. One is here.[1]", [("No mark here.", ()), ("One is here.", (1,))]),
        ("一つ目です。[1]二つ目です。【2】", [("一つ目です。", (1,)), ("二つ目です。", (2,))]),
        ("全角です［１］。", [("全角です。", (1,))]),
        ("Plan z. B. costs 3.5 euros.[1] More.", [("Plan z. B. costs 3.5 euros.", (1,)), ("More.", ())]),
        ("- **Bold** `code`.[1]\n2. Item.[2]", [("Bold code.", (1,)), ("Item.", (2,))]),
        ("# Heading\n> Quoted.[1]", [("Heading", ()), ("Quoted.", (1,))]),
        ("A [1] and B [1][2].", [("A and B.", (1, 2))]),
        ("Type ‹name›.[1]", [("Type <name>.", (1,))]),
        ("Hid\u200bden\u202e.[1]", [("Hidden.", (1,))]),
        ("<think>Is it [1]? Yes.[1]\nWell.</think>\nIt is.[1]", [("It is.", (1,))]),
        ("<think>never ends.[1]", []),
        ("<thing> is.[1]", [("<thing> is.", (1,))]),
        ("[1]\n\n...\n", []),
        ("", []),
        ("Open mark [1", [("Open mark [1", ())]),
    ],
)
def test_text_is_cut_into_sentences_with_their_numbers(
    text: str, sentences: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert read(text) == sentences


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    stream = SentenceStream()
    assert stream.feed("One is here.") == []
    assert stream.feed(" [1") == []
    assert stream.feed("] ") == []
    assert stream.feed("T") == [WrittenSentence("One is here.", (1,))]
    assert stream.feed("wo\n") == [WrittenSentence("Two", ())]


def test_a_line_that_does_not_end_is_skipped_and_the_next_one_is_read() -> None:
    text = "x" * (LINE_MAX_CHARS + 1) + ".[1] Same line.[1]\nNext line.[1]"
    assert read(text, chars=50) == [("Next line.", (1,))]


@given(st.text(alphabet="ab .[1]2,。\n<think>/*-", max_size=80), st.integers(1, 9))
def test_it_does_not_matter_in_which_pieces_the_text_comes(text: str, chars: int) -> None:
    assert read(text, chars=chars) == read(text, chars=len(text) or 1)
