"""Sections without content of their own, folded into a neighbour: searchable, no passage.

"Next steps" with nothing but links, contact lines, table headers without rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from indexer.records import Block, BlockKind, Section, Sentence


@dataclass(slots=True)
class _Host:
    """A section with those that are folded in before and behind it."""

    section: Section
    before: list[Section] = field(default_factory=list)
    behind: list[Section] = field(default_factory=list)


def fold_sections(sections: Sequence[tuple[Section, bool]]) -> tuple[Section, ...]:
    """The sections with content (True), each with the text of its contentless neighbours.

    A contentless section goes to the one before it. One that opens a group of siblings
    ("Categories" of an announcement) goes to the one behind it: the section before it is about
    something else. Where no section has content, the first holds all.
    """
    hosts: list[_Host] = []
    waiting: list[Section] = []
    for section, content in sections:
        if content:
            hosts.append(_Host(section, before=waiting))
            waiting = []
        elif hosts and not waiting and _belong_together(hosts[-1].section, section):
            hosts[-1].behind.append(section)
        else:
            waiting.append(section)
    if waiting and not hosts:
        hosts.append(_Host(waiting.pop(0)))
    if waiting:
        hosts[-1].behind += waiting
    return tuple(_unite(host) for host in hosts)


def _belong_together(earlier: Section, later: Section) -> bool:
    """Whether `later` is a sibling of `earlier`, or its child."""
    return later.headings[:-1] in (earlier.headings, earlier.headings[:-1])


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
