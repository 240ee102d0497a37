"""Questions with what answers them, as question files hold them, and whether a text holds the evidence.

A file has one JSON object a line: `id`, `locale`, `query`, `kind`, `article` (null where no article
answers), and where they apply `query_lang`, `history`, `also`, `evidence`, `evidence_also`, `near_miss`, and
`heading`, the anchor of the section that answers.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import IndexerError
from indexer.records import Turn

# From this length on one half of the evidence is enough: a passage may be cut inside it.
HALF_EVIDENCE_CHARS = 40
ALL = "all"
_MARKUP = re.compile(r"[\s*_`\\|#>\[\]()~<]+")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what answers it; `articles` is empty for an unanswerable one.

    `near_miss` marks an unanswerable one whose topic the articles have; the others are off topic.
    """

    id: str
    locale: str
    query: str
    query_lang: str
    kind: str
    history: tuple[Turn, ...]
    articles: tuple[str, ...]
    evidence: tuple[str, ...]
    near_miss: bool = False
    section: str = ""

    @property
    def answerable(self) -> bool:
        """Whether an article answers it."""
        return bool(self.articles)


def read_questions(source: Path) -> list[Question]:
    """The questions of a `.jsonl` file, or of all such files in a folder, in order of file and line.

    Raises: IndexerError naming the file and line of one that can't be read, or whose id stands twice.
    """
    files = sorted(source.glob("*.jsonl")) if source.is_dir() else [source]
    if not files:
        raise IndexerError(f"{source} holds no .jsonl file of questions")
    questions: dict[str, Question] = {}
    for file in files:
        try:
            lines = file.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise IndexerError(f"{file} can't be read: {error}") from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            question = _read_question(line, f"{file}:{number}")
            if questions.setdefault(question.id, question) is not question:
                raise IndexerError(
                    f"{file}:{number}: the id {question.id!r} stands twice; rename one of them"
                )
    return list(questions.values())


def group_questions(questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    """All questions, then those of each locale, then those of each kind; each keeps their order."""
    groups = [(ALL, list(questions))]
    for locale in sorted({question.locale for question in questions}):
        groups.append((locale, [question for question in questions if question.locale == locale]))
    for kind in sorted({question.kind for question in questions}):
        groups.append((kind, [question for question in questions if question.kind == kind]))
    return groups


def bare(text: str) -> str:
    """`text` without white space, markup and compatibility forms: what evidence is compared by."""
    return _MARKUP.sub("", unicodedata.normalize("NFKC", text)).casefold()


def holds_evidence(text: str, evidence: Iterable[str]) -> bool:
    """Whether `text` (as `bare` gives it) holds one of the pieces of evidence, or half of one."""
    for piece in filter(None, map(bare, evidence)):
        halves = (piece[: len(piece) // 2], piece[len(piece) // 2 :])
        if piece in text or (len(piece) >= HALF_EVIDENCE_CHARS and any(half in text for half in halves)):
            return True
    return False


def _read_question(line: str, where: str) -> Question:
    try:
        fields = json.loads(line)
        if not fields["query"].strip():
            raise ValueError("the query is empty")
        articles = [fields["article"], *(fields.get("also") or [])] if fields["article"] else []
        evidence = [fields.get("evidence", ""), *(fields.get("evidence_also") or [])]
        history = tuple(Turn(turn["role"], turn["content"]) for turn in fields.get("history") or [])
        return Question(
            fields["id"], fields["locale"], fields["query"], fields.get("query_lang", ""), fields["kind"],
            history, tuple(articles), tuple(text for text in map(_evidence_text, evidence) if text),
            bool(fields.get("near_miss")), str(fields.get("heading") or ""),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexerError(f"{where}: no question: {error!r}") from error


def _evidence_text(entry: object) -> str:
    """Evidence of other articles may stand as text or as an object with `evidence`."""
    if isinstance(entry, dict):
        return str(entry.get("evidence", ""))
    return str(entry or "")
