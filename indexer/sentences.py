"""Where sentences end, in every script of the articles, and how two sides of a pair are split alike."""

from __future__ import annotations

import re
from itertools import pairwise

# A stop of a wide script ends a sentence by itself; a Latin one only before white space.
_CLOSERS = r"[)\]}\"'”’»）］｝」』】〉》]*+"
# A run of stops is tried once, from its first one: else "....x" takes the square of its length.
_END = re.compile(rf"[。！？｡…]++{_CLOSERS}\s*|(?<![.!?؟])[.!?؟]++{_CLOSERS}(?:\s+|$)")
# Words before a full stop that don't end a sentence (lower case, without the stop).
_ABBREVIATIONS = frozenset(
    "e.g i.e etc vs no nr z.b d.h u.a bzw ca inkl ggf evtl usw mr ms dr inc ltd st p.ej p.ex sr sra "
    "núm art cap ex env cf т.е т.д т.п г см напр др приблиз п рис z d h u a b".split()
)
_LAST_WORD = re.compile(r"([^\s(\[{\"'„“«]+)$")
# Only a pair longer than this is worth cutting by proportion where its sides don't match.
LONG_SENTENCE_CHARS = 600


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, in order, without the white space around them."""
    cuts: list[int] = []
    for match in _END.finditer(text):
        if match[0][0] == "." and not _full_stop(text, match):
            continue
        cuts.append(match.end())
    spans = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        part = text[start:end]
        if part.strip():
            left = start + len(part) - len(part.lstrip())
            spans.append((left, start + len(part.rstrip())))
    return spans


def _full_stop(text: str, match: re.Match[str]) -> bool:
    word = _LAST_WORD.search(text, max(0, match.start() - 24), match.start())
    if word is not None and (word[1].lower() in _ABBREVIATIONS or word[1].isdigit()):
        return match.end() == len(text)
    following = text[match.end() : match.end() + 1]
    return not following.islower()


def align_sentences(target: str, source: str) -> list[tuple[int, int, str]]:
    """Cut a pair into smaller pairs: (start, end, English) with offsets into `target`.

    Both sides are cut where they have equally many sentences. A long pair whose sides differ is
    cut by proportion, so that nothing is longer than a model reads; a short one stays whole.
    """
    targets = split_sentences(target)
    sources = split_sentences(source)
    if not targets:
        return []
    whole = [(targets[0][0], targets[-1][1], source.strip())]
    if len(targets) == len(sources):
        return [(a, b, source[c:d]) for (a, b), (c, d) in zip(targets, sources, strict=True)]
    if len(target) <= LONG_SENTENCE_CHARS or len(targets) == 1 or len(sources) <= 1:
        return whole
    return _cut_by_proportion(targets, sources, source)


def _cut_by_proportion(
    targets: list[tuple[int, int]], sources: list[tuple[int, int]], source: str
) -> list[tuple[int, int, str]]:
    count = min(len(targets), len(sources))

    def group(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        bounds = [round(i * len(spans) / count) for i in range(count + 1)]
        return [(spans[a][0], spans[b - 1][1]) for a, b in pairwise(bounds)]

    return [(a, b, source[c:d]) for (a, b), (c, d) in zip(group(targets), group(sources), strict=True)]
