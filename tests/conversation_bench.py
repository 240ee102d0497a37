"""What earlier turns do to an answer: questions asked by themselves, and inside a conversation.

    python -m tests.conversation_bench QUESTIONS --index DIR

Every question without turns of its own is asked again after another one of its locale and the answer to it:
a new subject, which the turns before should not touch. Follow-ups are asked with their own turns. Printed
are the shares answered, and of the answerable those with the right article and evidence in the first five.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from indexer import Index, Question, Turn, open_index, read_questions
from indexer.questions import bare, holds_evidence
from service import answering
from service.settings import Settings
from service.shipped import shipped_rules

FIRST = 5


def ask(index: Index, question: Question, rules: answering.Rules) -> answering.Answer:
    """The service's answer."""
    asked = answering.Question(question.query, k=10, locale=question.locale, history=question.history)
    return answering.answer_question(index, asked, rules=rules, checkpoint=lambda: None)


def put_behind_others(
    index: Index, questions: Sequence[Question], rules: answering.Rules, seed: int
) -> list[Question]:
    """Each question after an answerable one of its locale about another article, with its answer."""
    draw = random.Random(seed)
    behind = []
    for question in questions:
        others = [
            other
            for other in questions
            if other.locale == question.locale
            and other.answerable
            and not {*other.articles} & {*question.articles}
            and other is not question
        ]
        before = draw.choice(others)
        turns = (Turn("user", before.query), Turn("assistant", ask(index, before, rules).text))
        behind.append(replace(question, history=turns))
    return behind


def line(name: str, questions: Sequence[Question], answers: Sequence[answering.Answer]) -> str:
    """One line of the table."""
    answered = sum(answer.reason is None for answer in answers)
    told = f"{name:42} {len(questions):4} answered {answered / len(questions):.3f}"
    if not questions[0].answerable:
        return told
    articles = evidence = 0
    for question, answer in zip(questions, answers, strict=True):
        hits = answer.ranking.hits
        found = list(dict.fromkeys(hit.passage.edition.path for hit in hits))[:FIRST]
        articles += bool({*found} & {*question.articles})
        evidence += any(
            hit.passage.edition.path in question.articles
            and holds_evidence(bare(hit.passage.text), question.evidence)
            for hit in hits[:FIRST]
        )
    return f"{told} article@5 {articles / len(questions):.3f} evidence@5 {evidence / len(questions):.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=5)
    chosen = parser.parse_args()
    index = open_index(chosen.index)
    rules = shipped_rules(Settings.model_construct(), clock=time.perf_counter)
    questions = [each for each in read_questions(chosen.questions) if each.locale in index.shards]
    alone = [each for each in questions if not each.history]
    behind = put_behind_others(index, alone, rules, chosen.seed)
    groups = {
        "follow-ups, with their turns": [each for each in questions if each.history],
        "answerable, by themselves": [each for each in alone if each.answerable],
        "answerable, after another subject": [each for each in behind if each.answerable],
        "unanswerable, by themselves": [each for each in alone if not each.answerable],
        "unanswerable, after another subject": [each for each in behind if not each.answerable],
    }
    for name, members in groups.items():
        print(line(name, members, [ask(index, each, rules) for each in members]), flush=True)


if __name__ == "__main__":
    main()
