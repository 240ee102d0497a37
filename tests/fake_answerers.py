"""Answerers that give what is written here, for the measuring of answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer import Answered, Index, Question, Quote

NOTHING = 3  # no answerer


def quote(
    text: str, *, locale: str = "de-de", source: str | None = None, article: str = "help/taxes"
) -> Quote:
    """A quote of this text from the first passage of an article."""
    return Quote(text, article, f"{locale}/{article}#top.0", source)


def answered(name: str, confidence: float, *quotes: Quote, fallback: bool = False) -> Answered:
    """An answer with quotes, or a refusal without any."""
    reason = None if quotes else "not_stated"
    return Answered(name, confidence, bool(quotes), fallback, reason, quotes)


@dataclass(frozen=True)
class TableAnswerer:
    """Gives each question its answer in the table, and refuses the others."""

    table: dict[str, Answered] = field(default_factory=dict)
    threshold: float = 0.5

    def __call__(self, index: Index, question: Question) -> Answered:
        return self.table.get(question.id, answered(question.id, 0.0))


def knowing() -> TableAnswerer:
    """Answers question 1 rightly and refuses the others."""
    return TableAnswerer({"1": answered("1", 0.75, quote("Steuern stehen auf der Rechnung."))})


def mistaken() -> TableAnswerer:
    """Answers question 2 with the quote of question 1, and is less sure of 1."""
    return TableAnswerer(
        {"1": answered("1", 0.25), "2": answered("2", 0.75, quote("Steuern stehen auf der Rechnung."))}
    )
