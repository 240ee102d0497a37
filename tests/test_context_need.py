"""Which questions need the turns before them: the chance, its fit on made-up vectors, and what is shipped."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import numpy as np
import pytest

from indexer import Question, read_questions
from indexer.questions import bare
from service.answering import NEEDS_TURNS
from service.context_need import ContextNeed, read_context_need
from service.context_need_fitting import fit, worth
from service.fit_files import TRAINING


def test_the_chance_is_the_logistic_of_the_weighted_vector() -> None:
    # .5 + 2 * .6 - .8 = .9
    assert ContextNeed(0.5, (2.0, -1.0))([0.6, 0.8]) == pytest.approx(1 / (1 + math.exp(-0.9)))
    assert ContextNeed(-1e6, (0.0,))([1.0]) == 0.0


@pytest.mark.parametrize("vector", [(), (0.6,), (0.6, 0.8, 0.0)])
def test_a_vector_of_another_model_tells_nothing(vector: tuple[float, ...]) -> None:
    assert ContextNeed(0.5, (2.0, -1.0))(vector) is None


def test_the_component_that_tells_is_learnt() -> None:
    draw = np.random.default_rng(3)
    follows = np.arange(400) % 4 == 0
    vectors = 0.05 * draw.standard_normal((400, 6))
    vectors[:, 2] += 0.2 * follows
    need = fit(vectors[:200], follows[:200])
    assert int(np.argmax(np.abs(need.weights))) == 2
    figures = worth(need, vectors[200:], follows[200:], threshold=0.5)
    assert figures["auroc"] > 0.95
    assert figures["follow_ups_read_with_their_turns"] > figures["others_read_with_their_turns"]


def test_what_is_shipped_says_where_it_comes_from_and_fits_the_threshold() -> None:
    shipped = json.loads(files("service").joinpath("context_need.json").read_text("utf-8"))
    assert read_context_need() == ContextNeed(shipped["intercept"], tuple(shipped["weights"]))
    assert len(shipped["weights"]) == 384
    assert shipped["provenance"]["threshold"] == NEEDS_TURNS
    assert shipped["provenance"]["judged_on_unseen_questions"]["auroc"] > 0.9


def test_no_follow_up_that_is_learnt_from_is_a_development_question(
    development_questions: list[Question],
) -> None:
    learnt = read_questions(TRAINING / "follow_ups")
    assert all(question.history for question in learnt)
    developed = {bare(question.query) for question in development_questions}
    assert not developed & {bare(question.query) for question in learnt}
