"""Runs and judgements as TREC text, which every retrieval tool reads.

`qrels`: `question 0 name 1`; `run`: `question Q0 name rank score tag`, fields parted by one blank.
White space and `%` inside a question's id or a name are percent-encoded. The score is minus the rank:
tools sort by score and break ties by name, and so keep our order.

Source: https://trec.nist.gov, the formats of trec_eval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from indexer.errors import IndexerError

_QRELS, _RUN = "qrels", "run"
_FIELDS = {_QRELS: 4, _RUN: 6}
_UNSAFE = re.compile(r"[\s%]")


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """The rankings of one level, and what is right in them.

    `qrels` has the right names of each judged question (one without any is not judged), `run` the names
    found for each question, best first, each once; a question that found nothing may be missing.
    """

    qrels: Mapping[str, Sequence[str]]
    run: Mapping[str, Sequence[str]]


def write_judged_run(folder: Path, level: str, judged: JudgedRun, *, tag: str) -> None:
    """Write `<level>.qrels` and `<level>.run`; `tag` names the run, without white space."""
    lines = [
        f"{_encode(question)} 0 {_encode(name)} 1\n"
        for question, names in judged.qrels.items()
        for name in names
    ]
    (folder / f"{level}.{_QRELS}").write_text("".join(lines), "utf-8", newline="\n")
    lines = [
        f"{_encode(question)} Q0 {_encode(name)} {rank} {-rank} {tag}\n"
        for question, names in judged.run.items()
        for rank, name in enumerate(names, 1)
    ]
    (folder / f"{level}.{_RUN}").write_text("".join(lines), "utf-8", newline="\n")


def read_judged_run(folder: Path, level: str) -> JudgedRun:
    """What `write_judged_run` wrote; rankings are ordered by score, ties as they stand.

    Raises: IndexerError naming the file, and the line where one is broken.
    """
    qrels: dict[str, list[str]] = {}
    for _, (question, _, name, relevance) in _read_lines(folder / f"{level}.{_QRELS}", _QRELS):
        if relevance != "0":
            qrels.setdefault(question, []).append(name)
    scored: dict[str, list[tuple[float, str]]] = {}
    for where, (question, _, name, _, score, _) in _read_lines(folder / f"{level}.{_RUN}", _RUN):
        try:
            scored.setdefault(question, []).append((-float(score), name))
        except ValueError as error:
            raise IndexerError(f"{where}: the score {score!r} is no number") from error
    run = {question: [name for _, name in sorted(found, key=_rank)] for question, found in scored.items()}
    return JudgedRun(qrels, run)


def _rank(found: tuple[float, str]) -> float:
    return found[0]


def _read_lines(file: Path, kind: str) -> Iterator[tuple[str, list[str]]]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise IndexerError(f"{file} can't be read: {error}") from error
    for number, line in enumerate(lines, 1):
        fields = [unquote(field) for field in line.split()]
        if not fields:
            continue
        if len(fields) != _FIELDS[kind]:
            raise IndexerError(
                f"{file}:{number}: {len(fields)} fields in place of the {_FIELDS[kind]} of {kind}"
            )
        yield f"{file}:{number}", fields


def _encode(text: str) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0]), text)
