"""Passages on disk: one JSON array a line, editions apart, read line by line when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from indexer.errors import IndexCorrupt
from indexer.records import Block, BlockKind, Edition, Passage, Sentence, Translation, TranslationType

_EDITIONS = "editions.jsonl"
_PASSAGES = "passages.jsonl"
_ROWS = "passages.rows.json"


def write_passages(folder: Path, passages: Sequence[Passage]) -> None:
    """Write passages and their editions, row i being passage i."""
    editions = list(dict.fromkeys(passage.edition for passage in passages))
    numbers = {edition: number for number, edition in enumerate(editions)}
    (folder / _EDITIONS).write_bytes(b"".join(_line(_edition_row(edition)) for edition in editions))
    (folder / _PASSAGES).write_bytes(b"".join(_line(_passage_row(p)) for p in passages))
    (folder / _ROWS).write_bytes(_line([[passage.id, numbers[passage.edition]] for passage in passages]))


class PassageFile:
    """Passages by row; only editions and ids are held as objects."""

    def __init__(self, folder: Path) -> None:
        try:
            self.editions = [_read_edition(json.loads(line)) for line in _lines(folder / _EDITIONS)]
            self._rows = _lines(folder / _PASSAGES)
            heads = json.loads((folder / _ROWS).read_bytes())
            self._row_of = {str(passage_id): row for row, (passage_id, _) in enumerate(heads)}
            self.edition_numbers = [int(edition) for _, edition in heads]
        except (OSError, ValueError, TypeError) as error:
            raise IndexCorrupt(f"{folder} holds no readable passages: {error}") from error
        if not len(self._rows) == len(heads) == len(self._row_of):
            raise IndexCorrupt(f"{folder}: {len(self._rows)} passages stand beside {len(self._row_of)} ids")

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> Passage:
        return _read_passage(json.loads(self._rows[row]), self.editions[self.edition_numbers[row]])

    def ids(self) -> list[str]:
        """The passages' ids by row."""
        return list(self._row_of)

    def rows_of(self, path: str) -> list[int]:
        """The rows of an article's passages in reading order, none where there is no such article."""
        number = next((n for n, edition in enumerate(self.editions) if edition.path == path), None)
        return [row for row, edition in enumerate(self.edition_numbers) if edition == number]

    def row_of(self, passage_id: str) -> int | None:
        """The row of a passage, None where there is none of this id."""
        return self._row_of.get(passage_id)


def _lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines()


def _line(row: list[object]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _edition_row(edition: Edition) -> list[object]:
    translation = edition.translation
    return [
        edition.path, edition.locale, edition.title, edition.source_title, edition.description, edition.url,
        edition.updated and edition.updated.isoformat(), translation.type,
        translation.handed_over and translation.handed_over.isoformat(), translation.source_commit,
        edition.roles, edition.applies_to, edition.retired_to,
    ]  # fmt: skip


def _read_edition(row: list[object]) -> Edition:
    (
        path,
        locale,
        title,
        source_title,
        description,
        url,
        updated,
        kind,
        handed_over,
        commit,
        roles,
        scope,
        retired,
    ) = row
    return Edition(
        str(path), str(locale), str(title), _text(source_title), str(description), str(url), _date(updated),
        Translation(TranslationType(str(kind)), _date(handed_over), _text(commit)),
        _texts(roles), _texts(scope), _text(retired),
    )  # fmt: skip


def _passage_row(passage: Passage) -> list[object]:
    return [
        passage.id, passage.anchor, passage.url, passage.headings, passage.source_headings, passage.start,
        passage.text, passage.source_text, passage.context, passage.source_context,
        [[b.kind, b.start, b.end, b.context, b.source_context] for b in passage.blocks],
        [[s.start, s.end, s.source, s.ordinal] for s in passage.sentences],
    ]  # fmt: skip


def _read_passage(row: list[object], edition: Edition) -> Passage:
    passage_id, anchor, url, headings, source_headings, start, text, source_text, context, source_context = (
        row[:10]
    )
    blocks, sentences = row[10:]
    assert isinstance(blocks, list)
    assert isinstance(sentences, list)
    return Passage(
        str(passage_id), edition, str(anchor), str(url), _texts(headings), _texts(source_headings),
        int(str(start)), str(text), _text(source_text), str(context), str(source_context),
        tuple(Block(BlockKind(kind), *rest) for kind, *rest in blocks),
        tuple(Sentence(*sentence) for sentence in sentences),
    )  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(entry) for entry in value) if isinstance(value, list) else ()


def _date(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))
