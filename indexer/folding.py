"""Sections without content of their own, folded into a neighbour: searchable, no passage.

"Next steps" with nothing but links, contact lines, table headers without rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from indexer.records import Block, BlockKind, Section, Sentence


@dataclass(slots=True)
class _Host:
    """A section with those that are folded in before and behind it."""

    section: Section
    before: list[Section] = field(default_factory=list)
    behind: list[Section] = field(default_factory=list)


def fold_sections(sections: Sequence[tuple[Section, bool]]) -> tuple[Section, ...]:
    """The sections with content (True), each with the text of its contentless neighbours.

    A contentless section goes to the one before it, unless the one behind it is nearer: the
    "Categories" that open an announcement don't belong to the announcement before. Where no
    section has content, the first holds all.
    """
    hosts: list[_Host] = []
    waiting: deque[Section] = deque()
    for section, content in sections:
        if not content:
            waiting.append(section)
            continue
        if hosts:
            while waiting and _nearness(waiting[0], hosts[-1].section) >= _nearness(waiting[0], section):
                hosts[-1].behind.append(waiting.popleft())
        hosts.append(_Host(section, before=[*waiting]))
        waiting.clear()
    if waiting and not hosts:
        hosts.append(_Host(waiting.popleft()))
    if waiting:
        hosts[-1].behind += waiting
    return tuple(_unite(host) for host in hosts)


def _nearness(section: Section, other: Section) -> int:
    """How many of the headings above `section` are in the path of `other` too."""
    pairs = zip(section.headings[:-1], other.headings, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _unite(host: _Host) -> Section:
    if not host.before and not host.behind:
        return host.section
    texts: list[str] = []
    blocks: list[Block] = []
    sentences: list[Sentence] = []
    at = 0
    shown = set(_paths(host.section))
    for section in (*host.before, host.section, *host.behind):
        own = section is host.section
        headings = [] if own else [path[-1] for path in _paths(section)[:-1] if path not in shown]
        headings += [] if own else section.headings[-1:]
        shown.update(_paths(section))
        text = "\n".join(part for part in (*headings, section.text) if part)
        if not text:
            continue
        shift = at + len(text) - len(section.text)
        if own:
            blocks += [
                replace(block, start=block.start + shift, end=block.end + shift) for block in section.blocks
            ]
        else:
            blocks.append(Block(BlockKind.FOLDED, at, at + len(text)))
        sentences += [replace(s, start=s.start + shift, end=s.end + shift) for s in section.sentences]
        texts.append(text)
        at += len(text) + 1
    return replace(host.section, text="\n".join(texts), blocks=tuple(blocks), sentences=tuple(sentences))


def _paths(section: Section) -> list[tuple[str, ...]]:
    """The heading path of a section and those of the headings above it, outermost first."""
    return [section.headings[: depth + 1] for depth in range(len(section.headings))]
