"""Marks become verbatim quotes, or their sentence is not said."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import Block, BlockKind, Hit, Passage, Sentence
from service.citations import CitedText, Draft, DraftSentence, Mark, resolve_citations
from tests.fake_index import ARTICLES, build_passages, rank_passages

EN = build_passages(ARTICLES[0])
DE = build_passages(ARTICLES[2])
OUTAGES = Mark("en-us/partner-help/mail#when-we-write.0", 0, 53)
PRICES = Mark("en-us/partner-help/mail#when-we-write.0", 54, 91)
BOTH = "The vendor may write to your customers about outages. It never writes to them about prices."
STOP = Mark("en-us/partner-help/mail#stop.0", 0, 36)


@pytest.fixture
def hits() -> list[Hit]:
    return rank_passages("mail", [*EN, *DE], k=10)


def draft(*sentences: tuple[str, tuple[Mark, ...]]) -> Draft:
    return Draft(tuple(DraftSentence(text, marks) for text, marks in sentences), "extractive")


def test_numbers_run_in_order_of_appearance(hits: list[Hit]) -> None:
    cited = resolve_citations(draft(("Two.", (STOP,)), ("One.", (OUTAGES,))), hits)
    assert cited.text == "Two.[1] One.[2]"
    assert [(c.number, c.quote) for c in cited.citations] == [
        (1, "You cannot stop mail about security."),
        (2, BOTH),
    ]


def test_a_quote_takes_in_the_sentences_around_it(hits: list[Hit]) -> None:
    cited = resolve_citations(draft(("Prices.", (PRICES,)), ("Outages.", (OUTAGES,))), hits)
    assert cited.text == "Prices.[1] Outages.[1]"
    assert [(c.start, c.end, c.quote) for c in cited.citations] == [(0, 91, BOTH)]


def long_passage(*sentences: str, kinds: tuple[BlockKind, ...] = ()) -> Passage:
    """A passage of these sentences: one paragraph, or a block for each of them."""
    text, spans = "", []
    for sentence in sentences:
        spans.append((len(text), len(text) + len(sentence)))
        text += sentence + " "
    blocks = [Block(kind, *span) for kind, span in zip(kinds, spans, strict=bool(kinds))]
    blocks = blocks or [Block(BlockKind.PARAGRAPH, 0, len(text))]
    return dataclasses.replace(
        EN[0], text=text.strip(), sentences=tuple(Sentence(*span) for span in spans), blocks=tuple(blocks)
    )


def quoted(hit: Hit, passage: Passage, number: int) -> str:
    sentence = passage.sentences[number]
    mark = Mark(passage.id, sentence.start, sentence.end)
    return (
        resolve_citations(draft(("S.", (mark,))), [dataclasses.replace(hit, passage=passage)])
        .citations[0]
        .quote
    )


def test_a_quote_grows_forward_first_and_no_further_than_its_columns(hits: list[Hit]) -> None:
    passage = long_passage("a" * 150, "b" * 150, "c" * 150, "d" * 150)
    assert quoted(hits[0], passage, 1) == f"{'b' * 150} {'c' * 150}"
    wide = long_passage("あ" * 75, "い" * 75, "う" * 75, "え" * 75)
    assert quoted(hits[0], wide, 1) == f"{'い' * 75} {'う' * 75}"
    assert quoted(hits[0], long_passage("a" * 10, "b" * 400), 1) == "b" * 400


def test_a_quote_runs_over_paragraphs_but_not_over_what_stands_between_them(hits: list[Hit]) -> None:
    passage = long_passage("Before it.", "After it.", kinds=(BlockKind.PARAGRAPH,) * 2)
    assert quoted(hits[0], passage, 0) == "Before it. After it."
    # A picture without text on this side leaves an empty line.
    apart = dataclasses.replace(passage, text=passage.text.replace(". ", ".\n\n"))
    after, end = len("Before it.\n\n"), len("Before it.\n\nAfter it.")
    apart = dataclasses.replace(
        apart,
        sentences=(passage.sentences[0], Sentence(after, end)),
        blocks=(passage.blocks[0], Block(BlockKind.PARAGRAPH, after, end)),
    )
    assert quoted(hits[0], apart, 0) == "Before it."
    assert quoted(hits[0], apart, 1) == "After it."


def test_a_quote_takes_in_nothing_that_its_english_lacks(hits: list[Hit]) -> None:
    passage = long_passage("Eins.", "Zwei.", "2.", "Drei.")
    sources = ("One.", "Two.", None, "Three.")
    passage = dataclasses.replace(
        passage,
        sentences=tuple(
            dataclasses.replace(sentence, source=source)
            for sentence, source in zip(passage.sentences, sources, strict=True)
        ),
    )
    assert [quoted(hits[0], passage, number) for number in range(4)] == [
        "Eins. Zwei.",
        "Eins. Zwei.",
        "2.",
        "Drei.",
    ]


@pytest.mark.parametrize("kind", [BlockKind.ROW, BlockKind.CODE, BlockKind.FOLDED, BlockKind.COLUMNS])
def test_a_quote_takes_in_prose_only(hits: list[Hit], kind: BlockKind) -> None:
    kinds = (BlockKind.PARAGRAPH, kind, BlockKind.ITEM)
    passage = long_passage("Prose before.", "Something else.", "An item behind.", kinds=kinds)
    assert quoted(hits[0], passage, 0) == "Prose before."
    assert quoted(hits[0], passage, 1) == "Something else."
    assert quoted(hits[0], passage, 2) == "An item behind."


def test_a_span_that_two_sentences_rest_on_is_cited_once(hits: list[Hit]) -> None:
    cited = resolve_citations(draft(("A.", (STOP,)), ("B.", (OUTAGES, STOP)), ("C.", (STOP, STOP))), hits)
    assert cited.text == "A.[1] B.[1][2] C.[1]"
    assert [c.number for c in cited.citations] == [1, 2]


@pytest.mark.parametrize(
    "mark",
    [
        Mark("en-us/partner-help/none#x.0", 0, 5),
        Mark(STOP.passage_id, 0, 37),
        Mark(STOP.passage_id, -1, 5),
        Mark(STOP.passage_id, 5, 5),
        Mark(STOP.passage_id, 6, 5),
        Mark(STOP.passage_id, 3, 4),
    ],
    ids=["unknown passage", "past the end", "before the start", "empty", "backwards", "a blank"],
)
def test_a_sentence_with_a_mark_that_points_at_nothing_is_dropped(hits: list[Hit], mark: Mark) -> None:
    cited = resolve_citations(draft(("Bad.", (OUTAGES, mark)), ("Good.", (STOP,))), hits)
    assert cited.text == "Good.[1]"
    assert [c.quote for c in cited.citations] == ["You cannot stop mail about security."]


def test_a_sentence_without_mark_or_words_is_dropped(hits: list[Hit]) -> None:
    assert resolve_citations(draft(("No mark.", ()), (" ", (STOP,))), hits) == CitedText("", ())


def test_only_passages_that_were_shown_can_be_cited(hits: list[Hit]) -> None:
    others = [hit for hit in hits if hit.passage.id != STOP.passage_id]
    assert resolve_citations(draft(("Stop.", (STOP,))), others) == CitedText("", ())


def test_a_quote_carries_the_english_of_the_sentences_it_touches(hits: list[Hit]) -> None:
    passage = DE[0]
    whole = Mark(passage.id, 0, len(passage.text))
    first = Mark(passage.id, 4, 12)
    cited = resolve_citations(draft(("A.", (first,)), ("B.", (whole,)), ("C.", (STOP,))), hits)
    assert cited.text == "A.[1] B.[2] C.[3]"
    assert [c.source_quote for c in cited.citations] == [BOTH, BOTH, None]


def test_a_quoted_row_carries_its_column_names(hits: list[Hit]) -> None:
    row = Block(BlockKind.ROW, 0, 36, context="What | When")
    passage = dataclasses.replace(EN[1], blocks=(row,))
    hit = dataclasses.replace(hits[0], passage=passage)
    assert resolve_citations(draft(("Row.", (STOP,))), [hit]).citations[0].context == "What | When"


texts = st.text(alphabet=st.sampled_from("ab 。\n\U0001f600é"), max_size=30)


@st.composite
def passages(draw: st.DrawFn) -> Passage:
    text = draw(texts)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    sentences = tuple(Sentence(a, b, draw(st.none() | st.just("English."))) for a, b in pairwise(cuts))
    return dataclasses.replace(
        EN[0], id=draw(st.sampled_from("pqr")), text=text, sentences=sentences, blocks=()
    )


marks = st.builds(Mark, st.sampled_from("pqrs"), st.integers(-3, 33), st.integers(-3, 33))
drafts = st.lists(
    st.builds(DraftSentence, st.text(max_size=5), st.lists(marks, max_size=3).map(tuple)), max_size=6
).map(lambda sentences: Draft(tuple(sentences), "extractive"))


def inked(mark: Mark, text: str) -> list[int]:
    """The places that a mark points at, without white space."""
    return [at for at in range(max(mark.start, 0), min(mark.end, len(text))) if not text[at].isspace()]


def test_marks_that_differ_in_white_space_only_are_one_citation() -> None:
    passage = dataclasses.replace(EN[0], id="p", text="a ", sentences=(), blocks=())
    cited = resolve_citations(
        draft(("S.", (Mark("p", 0, 1), Mark("p", 0, 2)))), rank_passages("a", [passage], k=1)
    )
    assert (cited.text, len(cited.citations)) == ("S.[1]", 1)


@given(st.lists(passages(), max_size=3, unique_by=lambda p: p.id), drafts)
def test_whatever_is_drafted_no_quote_is_absent_from_its_passage(
    shown: list[Passage], drafted: Draft
) -> None:
    cited = resolve_citations(drafted, rank_passages("a", shown, k=9))
    by_id = {passage.id: passage for passage in shown}
    for citation in cited.citations:
        passage = by_id[citation.hit.passage.id]
        assert 0 <= citation.start < citation.end <= len(passage.text)
        assert passage.text[citation.start : citation.end] == citation.quote
        assert citation.quote.strip()
    assert [c.number for c in cited.citations] == list(range(1, len(cited.citations) + 1))
    spans = {(c.hit.passage.id, c.start, c.end) for c in cited.citations}
    assert len(spans) == len(cited.citations)
    marked = [mark for sentence in drafted.sentences for mark in sentence.marks if mark.passage_id in by_id]
    resting = [inked(mark, by_id[mark.passage_id].text) for mark in marked]
    for citation in cited.citations:
        assert any(found and citation.start <= found[0] and found[-1] < citation.end for found in resting)
    assert all(f"[{c.number}]" in cited.text for c in cited.citations)
    assert bool(cited.text) == bool(cited.citations)
