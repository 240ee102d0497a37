"""Bilingual pairs leave the Markdown as atoms, and what isn't a pair is refused with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import ArticleError
from indexer.spans import Span, lift_spans
from tests.articles import pair


def test_a_pair_becomes_one_atom_between_plain_text() -> None:
    lifted = lift_spans(f"- {pair('席を追加します。', 'You add seats.', 108)} (2021)", path="a.md")
    assert lifted.text == "- \ue0000\ue001 (2021)"
    assert list(lifted.pieces(lifted.text)) == [
        "- ",
        Span("席を追加します。", "You add seats.", 108),
        " (2021)",
    ]


def test_pairs_over_line_breaks_and_with_gaps_between_their_tags_are_read() -> None:
    text = (
        '<span data-ttu-id="ab1-5">eins\nzwei</span> <span class="sxs-lookup"> <span data-stu-id="ab1-5">'
        "one\ntwo</span>\n</span>"
    )
    assert lift_spans(text, path="a.md").spans == (Span("eins\nzwei", "one\ntwo", 5),)


def test_text_without_pairs_is_left_as_it_is() -> None:
    lifted = lift_spans("# 席\n\n<span>plain</span>\n", path="a.md")
    assert (lifted.text, lifted.spans, lifted.mark) == ("# 席\n\n<span>plain</span>\n", (), None)
    assert list(lifted.pieces("席")) == ["席"]
    assert list(lifted.pieces("")) == []


@pytest.mark.parametrize(
    ("name", "ordinal"), [("8daaa-108", 108), ("8daaa", None), (f"a-{'9' * 5000}", None)]
)
def test_the_ordinal_is_the_number_at_the_end_of_the_id(name: str, ordinal: int | None) -> None:
    text = pair("席", "Seats").replace("8daaa-108", name)
    assert lift_spans(text, path="a.md").spans == (Span("席", "Seats", ordinal),)


@pytest.mark.parametrize("text", ["\ue000\ue001", "&#xE000;0&#57345;", "&#57344;&#57345;"])
def test_marks_are_characters_that_the_text_holds_in_no_form(text: str) -> None:
    lifted = lift_spans(pair(text, "Seats"), path="a.md")
    assert lifted.text == "\ue0020\ue003"


def test_a_text_that_uses_every_private_character_is_refused() -> None:
    everything = "".join(map(chr, range(0xE000, 0xF900)))
    with pytest.raises(ArticleError, match=r"^a\.md: .*private-use"):
        lift_spans(pair(everything, "Seats"), path="a.md")


HALF = '<span data-ttu-id="8daaa-109">席'
WRONG = {
    "not closed": (HALF, "8daaa-109 is not closed or has no English side"),
    "no English": (f"{HALF}</span>", "8daaa-109 is not closed or has no English side"),
    "the next pair's English": (f"{HALF}\n{pair('a', 'b')}", "8daaa-109 is not closed"),
    "English not closed": (
        f'{HALF}</span><span class="sxs-lookup"><span data-stu-id="8daaa-109">Seats</span>',
        "the English side of span 8daaa-109 is not closed",
    ),
    "another id": (
        f'{HALF}</span><span class="sxs-lookup"><span data-stu-id="8daaa-7">Seats</span></span>',
        "span 8daaa-109 stands beside the English of span 8daaa-7",
    ),
    "English alone": ('<span data-stu-id="8daaa-109">Seats</span>', "stands alone"),
    "lookup alone": ('<span class="sxs-lookup">', "stands alone"),
}


@pytest.mark.parametrize(("broken", "reason"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("after", ["", f"\n\n{pair('x', 'y')}"])
def test_a_broken_pair_is_refused_with_its_line(broken: str, reason: str, after: str) -> None:
    text = f"{pair('x', 'y')}\n\n{broken}{after}"
    with pytest.raises(ArticleError, match=reason) as error:
        lift_spans(text, path="docs/seats.md", first_line=10)
    assert (error.value.path, error.value.line) == ("docs/seats.md", 12)


@given(st.lists(st.text("ab \n", max_size=5) | st.tuples(st.text("xy*`|\n"), st.text("z_[]"))))
def test_what_went_in_comes_out_in_order(parts: list[str | tuple[str, str]]) -> None:
    text = "".join(part if isinstance(part, str) else pair(*part) for part in parts)
    lifted = lift_spans(text, path="a.md")
    pieces = [
        piece if isinstance(piece, str) else pair(piece.target, piece.source)
        for piece in lifted.pieces(lifted.text)
    ]
    assert "".join(pieces) == text
