"""Roles and scope: the "Appropriate roles" and "Applies to" lines of an article, in every locale.

A line is known by its English side, or by a table of labels where an article has none. Names are
given in English: from the English side, else from the table, else as written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from indexer.blocks import BlockDraft, Draft
from indexer.locales import SOURCE_LOCALE, nearest_locale
from indexer.records import BlockKind
from indexer.section_text import Side, one_side, source_of

# Russian translations have a dash in the colon's place.
_COLON = re.compile(r"[:：]|\s[—–]\s")
_SEPARATOR = re.compile(r"\s*[|｜]\s*")
MAX_SCOPE_CHARS = 400


@dataclass(frozen=True, slots=True)
class Scope:
    """What an article says of its readers. `lines` is the text that was read, as written."""

    roles: tuple[str, ...]
    applies_to: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeLabels:
    """The label table of one locale: folded label -> kind, folded name -> English name."""

    kinds: Mapping[str, str]
    names: Mapping[str, str]


def load_scope_labels() -> Mapping[str, ScopeLabels]:
    """The shipped table, by locale."""
    table = json.loads(resources.files("indexer").joinpath("labels.json").read_text("utf-8"))
    english = table[SOURCE_LOCALE]["names"]
    return {
        locale: ScopeLabels(
            {_fold(label): kind for kind in ("roles", "applies_to") for label in entry[kind]},
            {_fold(name): value for name, value in {**english, **entry["names"]}.items()},
        )
        for locale, entry in table.items()
    }


def take_scope(
    drafts: Sequence[Draft], locale: str, labels: Mapping[str, ScopeLabels]
) -> tuple[Scope, list[Draft]]:
    """Read the scope lines out of `drafts`; also give the drafts that remain."""
    known = labels.get(nearest_locale(locale, tuple(labels)) or SOURCE_LOCALE) or labels[SOURCE_LOCALE]
    english = labels[SOURCE_LOCALE]
    found: dict[str, list[str]] = {"roles": [], "applies_to": []}
    lines: list[str] = []
    rest: list[Draft] = []
    open_kind: str | None = None  # a label stood alone: the list that it leads holds the names
    label: BlockDraft | None = None
    for draft in drafts:
        if not isinstance(draft, BlockDraft) or draft.kind not in (BlockKind.PARAGRAPH, BlockKind.ITEM):
            open_kind = None
            rest.append(draft)
            continue
        target, source = one_side(draft.pieces, Side.TARGET), source_of(draft.pieces)
        kind, names = _read_line(target, source, known, english)
        if kind is None and open_kind is not None and label is not None and draft.lead == label.cells:
            kind, names = open_kind, [source or target]
        elif kind is not None:
            open_kind, label = (None if names else kind), draft
        else:
            open_kind = None
        if kind is None:
            rest.append(draft)
            continue
        lines.append(target)
        found[kind] += [name for name in (_english(name, known) for name in names) if name]
    roles, applies_to = (tuple(dict.fromkeys(found[kind])) for kind in ("roles", "applies_to"))
    return Scope(roles, applies_to, tuple(lines)), rest


def _read_line(
    target: str, source: str | None, known: ScopeLabels, english: ScopeLabels
) -> tuple[str | None, list[str]]:
    if len(target) > MAX_SCOPE_CHARS:
        return None, []
    for text, labels in ((source, english), (target, known)):
        label, *names = _COLON.split(text, maxsplit=1) if text else [""]
        if (kind := labels.kinds.get(_fold(label))) is not None:
            return kind, [name for name in _SEPARATOR.split("".join(names).strip()) if name]
        if source is not None:
            break
    return None, []


def _english(name: str, known: ScopeLabels) -> str:
    plain = " ".join(name.replace("*", "").split()).strip(" .。:：-")
    return known.names.get(_fold(plain), plain)


def _fold(text: str) -> str:
    """`text` as it is looked up: machine translations put blanks into words (적절 한 역할)."""
    return "".join(text.replace("*", "").replace("’", "'").split()).strip(":：").casefold()
