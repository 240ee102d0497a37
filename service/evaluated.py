"""The service's answers as the indexer measures them: `python -m indexer evaluate` names this module.

Each question is answered as `/v1/ask` would, with the settings that the service comes with; the
environment is not read, so that the same commit gives the same figures anywhere.
"""

from __future__ import annotations

import time

from indexer import Answered, Answerer, Index, Question, Quote
from service import answering
from service.settings import Settings
from service.shipped import shipped_rules


class RulesAnswerer:
    """Answers by `rules`, `k` hits a question."""

    def __init__(self, rules: answering.Rules, *, k: int) -> None:
        self._rules = rules
        self._k = k

    @property
    def threshold(self) -> float:
        """The confidence in 0..1 below which it refuses."""
        return self._rules.refuse_below

    def __call__(self, index: Index, question: Question) -> Answered:
        """The answer in the question's locale, or that of another one where the rules allow it."""
        asked = answering.Question(
            question.query, k=self._k, locale=question.locale, history=question.history
        )
        given = answering.answer_question(index, asked, rules=self._rules, checkpoint=_go_on)
        quotes = tuple(
            Quote(
                text=citation.quote,
                article=citation.hit.passage.edition.path,
                passage_id=citation.hit.passage.id,
                source=citation.source_quote,
            )
            for citation in given.cited.citations
        )
        return Answered(
            question=question.id,
            confidence=given.asked_confidence,
            answered=given.reason is None,
            fallback=given.fallback,
            reason=given.reason,
            quotes=quotes,
        )


def shipped_answerer() -> Answerer:
    """An answerer with the defaults of `Settings`."""
    settings = Settings.model_construct()
    return RulesAnswerer(shipped_rules(settings, clock=time.perf_counter), k=settings.top_k)


def _go_on() -> None:
    """Nobody waits for these answers: no deadline."""
