"""What the extractive writer says: the best sentence, and others only where they add something."""

from __future__ import annotations

import dataclasses

import pytest

from indexer import Block, BlockKind, Hit, Ranking, Scores, Sentence
from service.writers import ExtractiveWriter, choose_sentences
from tests.fake_index import ARTICLES, build_passages

PASSAGE = build_passages(ARTICLES[0])[0]


def hit(
    *sentences: tuple[str, float],
    rank: int = 1,
    score: float = 1.0,
    kinds: tuple[BlockKind, ...] | None = None,
    headings: tuple[str, ...] = (),
    held: tuple[float, ...] = (),
) -> Hit:
    """A hit whose passage has these sentences with their cosines, one block for each.

    `held` are the shares of the question's words that the sentences hold, 0 where not given.
    """
    text, spans = "", []
    for words, _ in sentences:
        spans.append((len(text), len(text) + len(words)))
        text += words + "\n"
    passage = dataclasses.replace(
        PASSAGE,
        id=f"p{rank}",
        text=text,
        headings=headings,
        sentences=tuple(Sentence(start, end) for start, end in spans),
        blocks=tuple(
            Block(kinds[i] if kinds else BlockKind.PARAGRAPH, start, end)
            for i, (start, end) in enumerate(spans)
        ),
    )
    cosines = tuple(cosine for _, cosine in sentences)
    return Hit(
        passage, rank, score, Scores(max(cosines), max(cosines), 0.5), cosines, held or (0.0,) * len(cosines)
    )


def said(*hits: Hit, sentences_max: int = 4) -> list[str]:
    return [choice.text for choice in choose_sentences(hits, sentences_max=sentences_max)]


def test_the_best_sentence_answers_alone_where_no_other_comes_close() -> None:
    assert said(hit(("Sales are on Monday.", 0.79), ("The office opens at nine.", 0.90))) == [
        "The office opens at nine."
    ]


def test_a_sentence_with_the_questions_words_answers_before_one_that_is_only_alike() -> None:
    # .88 + .08 * .5 against .90
    words = hit(("Sales are on Monday.", 0.88), ("The office opens at nine.", 0.90), held=(0.5, 0.0))
    assert said(words, sentences_max=1) == ["Sales are on Monday."]


def test_close_sentences_are_said_in_reading_order() -> None:
    first = hit(("Bring your passport along.", 0.89), ("The office opens at nine.", 0.90), score=1.0)
    second = hit(("Mondays it stays closed.", 0.905), rank=2, score=0.99)
    assert said(second, first) == [
        "Bring your passport along.",
        "The office opens at nine.",
        "Mondays it stays closed.",
    ]


def test_no_more_sentences_are_said_than_allowed_and_the_best_ones_stay() -> None:
    four = hit(
        ("Alpha comes before all.", 0.890),
        ("Beta follows upon that.", 0.893),
        ("Gamma is somewhere third.", 0.896),
    )
    assert said(four, sentences_max=2) == ["Beta follows upon that.", "Gamma is somewhere third."]


def test_a_near_duplicate_adds_nothing() -> None:
    assert said(
        hit(
            ("The office opens at nine o'clock.", 0.90),
            ("Please note: the OFFICE opens at nine o’clock", 0.895),
        )
    ) == ["The office opens at nine o'clock."]


def test_a_chinese_near_duplicate_adds_nothing() -> None:
    assert said(hit(("辦公室在早上九點開門。", 0.90), ("辦公室在早上九點開門", 0.895))) == [
        "辦公室在早上九點開門。"
    ]


def test_sentences_that_differ_in_a_number_are_both_said() -> None:
    assert said(hit(("Plan A has up to 10 seats.", 0.90), ("Plan A has up to 15 seats.", 0.895))) == [
        "Plan A has up to 10 seats.",
        "Plan A has up to 15 seats.",
    ]


def test_a_fragment_gives_way_to_a_fuller_sentence_that_scores_similarly() -> None:
    assert said(hit(("At nine.", 0.91), ("The office opens at nine.", 0.89))) == ["The office opens at nine."]


def test_a_short_sentence_of_wide_characters_is_no_fragment() -> None:
    assert said(hit(("九時に開きます。", 0.91), ("駅の前に事務所があります。", 0.80))) == ["九時に開きます。"]


def test_a_label_gives_way_to_a_fuller_sentence_that_scores_similarly() -> None:
    repeated = hit(
        ("Opening hours of the office", 0.92),
        ("The following hours apply:", 0.92),
        ("It opens at nine on workdays.", 0.89),
        headings=("Opening hours of the office",),
    )
    assert said(repeated) == ["It opens at nine on workdays."]


def test_a_fragment_that_is_far_better_answers() -> None:
    assert said(hit(("At nine.", 0.96), ("The office has a door.", 0.75))) == ["At nine."]


def test_a_better_hit_lifts_its_sentences() -> None:
    # .88 + .2 * 1 against .90 + .2 * .25
    assert said(
        hit(("The office opens at nine.", 0.88), score=0.8),
        hit(("Our shop opens at noon.", 0.90), rank=2, score=0.2),
    ) == ["The office opens at nine."]


FIRST_HIT = (("Letters are sent on Monday.", 0.60), ("Rooms are cleaned.", 0.50))


def test_the_first_hit_is_heard_though_another_ones_sentence_is_nearer() -> None:
    later = hit(("The office opens at nine.", 0.95), rank=2, score=0.9)
    assert said(hit(*FIRST_HIT), later) == ["Letters are sent on Monday.", "The office opens at nine."]


def test_the_first_hit_is_heard_once_and_its_fragments_are_not() -> None:
    later = hit(("The office opens at nine.", 0.95), ("Mondays it stays closed.", 0.94), rank=2, score=0.9)
    assert said(hit(*FIRST_HIT), later, sentences_max=2) == [
        "Letters are sent on Monday.",
        "The office opens at nine.",
    ]
    assert said(hit(("On Monday.", 0.60)), later, sentences_max=1) == ["The office opens at nine."]
    assert said(hit(("On Monday.", 0.60)), later) == ["The office opens at nine.", "Mondays it stays closed."]


@pytest.mark.parametrize("kind", [BlockKind.COLUMNS, BlockKind.FOLDED, BlockKind.IMAGE])
def test_column_names_folded_text_and_image_texts_are_not_said(kind: BlockKind) -> None:
    silent = hit(
        ("Name of the plan and seats", 0.95),
        ("It has ten seats in all.", 0.85),
        kinds=(kind, BlockKind.PARAGRAPH),
    )
    assert said(silent) == ["It has ten seats in all."]


def test_a_cell_is_said_with_its_whole_row() -> None:
    row = hit(("Plan A", 0.80), ("ten seats at most", 0.90))
    passage = dataclasses.replace(
        row.passage, text="Plan A | ten seats at most\n", blocks=(Block(BlockKind.ROW, 0, 26),),
        sentences=(Sentence(0, 6), Sentence(9, 26)),
    )  # fmt: skip
    assert said(dataclasses.replace(row, passage=passage)) == ["Plan A | ten seats at most"]


def test_the_draft_marks_what_it_says_and_keeps_it_on_one_line() -> None:
    ranking = Ranking("q", "en-us", "g", (hit(("The office\nopens at nine.", 0.90)),))
    drafted = ExtractiveWriter(sentences_max=4).draft(ranking)
    assert drafted.writer == "extractive"
    assert [(s.text, [(m.passage_id, m.start, m.end) for m in s.marks]) for s in drafted.sentences] == [
        ("The office opens at nine.", [("p1", 0, 25)])
    ]


def drafted_list(*scores: float, lead_in: str = "To open you need:") -> list[str]:
    """What is said of a passage with a lead-in and three items, all of the same list."""
    texts = (lead_in, "A key for the door.", "Two clerks at least.", "Permission from upstairs.")
    kinds = (BlockKind.PARAGRAPH, BlockKind.ITEM, BlockKind.ITEM, BlockKind.ITEM)
    listed = hit(*zip(texts, scores, strict=True), kinds=kinds)
    blocks = tuple(
        dataclasses.replace(block, context="To open you need:") if block.kind is BlockKind.ITEM else block
        for block in listed.passage.blocks
    )
    listed = dataclasses.replace(listed, passage=dataclasses.replace(listed.passage, blocks=blocks))
    drafted = ExtractiveWriter(sentences_max=2).draft(Ranking("q", "en-us", "g", (listed,)))
    return [sentence.text for sentence in drafted.sentences]


def test_what_leads_into_a_list_is_said_once_before_its_items() -> None:
    assert drafted_list(0.50, 0.60, 0.90, 0.89) == [
        "To open you need:",
        "Two clerks at least.",
        "Permission from upstairs.",
    ]


def test_a_lead_in_that_was_chosen_itself_is_not_said_again() -> None:
    assert drafted_list(0.95, 0.60, 0.90, 0.50) == ["To open you need:", "Two clerks at least."]


def test_items_whose_lead_in_stands_in_another_passage_are_said_without_it() -> None:
    assert drafted_list(0.50, 0.60, 0.90, 0.50, lead_in="Shops are closed.") == ["Two clerks at least."]


def test_an_empty_ranking_gives_an_empty_draft() -> None:
    assert ExtractiveWriter(sentences_max=4).draft(Ranking("q", "en-us", "g", ())).sentences == ()


def test_an_answer_of_no_sentences_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sentence, not 0"):
        ExtractiveWriter(sentences_max=0)


def test_sentence_scores_that_are_not_aligned_are_an_error() -> None:
    broken = dataclasses.replace(hit(("One here.", 0.9), ("Two here.", 0.9)), sentence_scores=(0.9,))
    with pytest.raises(ValueError, match="zip"):
        said(broken)
