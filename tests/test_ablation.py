"""What becomes of the weights and rankings where a leg is silent or alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer import Index, Question, Turn, UnknownLocale
from indexer.ablation import (
    ALONE,
    MEANING_ALONE,
    SHIPPED,
    SILENT,
    WORDS_ALONE,
    ablate,
    ablation_rows,
    loss_rows,
    overall_rows,
    search_changed,
)
from indexer.evaluation import DEPTH, search_index
from indexer.fusion import FusionWeights
from tests.small_corpus import MAIL, SEATS, TAXES, SmallIndex

WEIGHTS = FusionWeights(dense=0.4, sentence=0.2, article=0.25)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    small = SmallIndex(tmp_path_factory.mktemp("small"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    small.build()
    return small.open()


def question(name: str, query: str = "Steuern?", *, history: tuple[Turn, ...] = ()) -> Question:
    return Question(name, "de-de", query, "de", "natural", history, ("help/taxes",), ("Steuern stehen",))


def changed(**fields: float) -> FusionWeights:
    return replace(WEIGHTS, **fields)


def test_alone_a_leg_has_no_other_beside_it() -> None:
    assert {name: change(WEIGHTS) for name, change in ALONE.items()} == {
        WORDS_ALONE: changed(dense=0, article=0),
        MEANING_ALONE: changed(dense=1, article=0),
    }


def test_silent_a_leg_leaves_the_others_their_weights() -> None:
    assert {name: change(WEIGHTS) for name, change in SILENT.items()} == {
        "without words": changed(dense=1),
        "without meaning": changed(dense=0),
        "without whole passages": changed(sentence=1),
        "without sentences": changed(sentence=0),
        "without articles": changed(article=0),
    }


@pytest.mark.parametrize("history", [(), (Turn("user", "Plätze?"), Turn("assistant", "Nach sieben Tagen."))])
def test_unchanged_weights_give_the_indexs_own_ranking(index: Index, history: tuple[Turn, ...]) -> None:
    asked = question("q", "Der Anbieter schreibt über Steuern auf der Rechnung", history=history)
    seen: list[FusionWeights] = []

    def keep(weights: FusionWeights) -> FusionWeights:
        seen.append(weights)
        return weights

    assert search_changed(keep)(index, asked) == search_index(index, asked)
    assert len(seen) == 1


def test_with_words_alone_the_score_is_that_of_the_words(index: Index) -> None:
    hits = search_changed(ALONE[WORDS_ALONE])(index, question("q")).hits
    assert [hit.score for hit in hits] == pytest.approx([hit.scores.lexical for hit in hits])
    assert hits[0].scores.lexical > hits[1].scores.lexical


def test_an_ablation_asks_the_answerable_questions_again_for_each_change(index: Index) -> None:
    asked = [question("q"), question("r", "Rechnung?"), replace(question("u"), articles=())]
    runs = ablate(index, asked, changes=SILENT)
    assert list(runs) == [SHIPPED, *SILENT]
    assert [list(run.levels["evidence"].run) for run in runs.values()] == [["q", "r"]] * len(runs)
    own = search_index(index, asked[0]).hits
    assert runs[SHIPPED].levels["evidence"].run["q"] == [hit.passage.id for hit in own]
    assert len(own) == 3 <= DEPTH
    with pytest.raises(UnknownLocale, match="it-it"):
        ablate(index, [replace(asked[0], locale="it-it")], changes={})


def test_losses_are_paired_differences_to_what_is_shipped() -> None:
    asked = [question("1"), replace(question("2"), locale="fr-fr"), replace(question("3"), articles=())]
    ablated = {
        SHIPPED: {"1": {"a:x": 1.0}, "2": {"a:x": 1.0}},
        "without words": {"1": {"a:x": 0.5}, "2": {"a:x": 1.0}},
    }
    rows = ablation_rows(asked, ablated)
    assert [(row.group, row.questions) for row in rows[SHIPPED]] == [
        ("all", 2), ("de-de", 1), ("fr-fr", 1), ("natural", 2),
    ]  # fmt: skip
    overall = overall_rows(rows)
    assert [(row.group, row.figures["a:x"].value) for row in overall] == [
        (SHIPPED, 1.0),
        ("without words", 0.75),
    ]
    losses = loss_rows(asked, ablated)
    assert list(losses) == ["without words"]
    assert [(row.group, row.figures["a:x"].value) for row in losses["without words"]] == [
        ("all", -0.25), ("de-de", -0.5), ("fr-fr", 0.0), ("natural", -0.25),
    ]  # fmt: skip
