"""A language model's text, as it arrives, becomes sentences with the numbers that they cite.

A sentence is complete once the next one begins, at the end of its line, or at the end of the text.
Numbers stand in brackets at its end: `[1]`, `[1][3]`, `[1, 3]`, full-width too. What a model thinks
aloud before its answer (`<think>`) is left out, and so are bullets and emphasis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from indexer import split_sentences
from service.chat_prompt import restore_brackets, strip_hidden

# A line without a sentence's end beyond this is no prose; the rest of it is skipped.
LINE_MAX_CHARS = 2_000
_THINK, _THOUGHT = "<think>", "</think>"
_MARKS = re.compile(r"\s*[\[［【]\s*\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*\s*[\]］】]")
# A mark whose closing bracket has not arrived yet.
_OPEN_MARK = re.compile(r"\s*[\[［【][\d\s,，、;]{0,20}$")
_BULLET = re.compile(r"^\s*(?:[-*•–>#]+\s+|\d{1,2}[.)]\s+)+")
_EMPHASIS = re.compile(r"\*\*|__|`+|(?<!\w)\*|\*(?!\w)")


@dataclass(frozen=True, slots=True)
class WrittenSentence:
    """A sentence without its marks, and the numbers in them, in their order."""

    text: str
    numbers: tuple[int, ...]


class SentenceStream:
    """Cuts text into sentences while it arrives."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rest = ""
        self._thinking: bool | None = None
        self._skipping = False

    def feed(self, text: str) -> list[WrittenSentence]:
        """The sentences that this piece completes."""
        self._rest += text
        if self._still_thinking():
            return []
        *lines, self._rest = self._rest.split("\n")
        sentences = [sentence for line in lines for sentence in self._end_line(line)]
        if len(self._rest) > LINE_MAX_CHARS:
            self._rest, self._skipping = "", True
        if not self._skipping:
            complete, begun = _cut(self._rest)
            sentences += complete
            self._rest = begun
        return sentences

    def finish(self) -> list[WrittenSentence]:
        """The sentences that the end of the text completes."""
        if self._thinking is None:
            self._thinking = False
        rest, self._rest = ("" if self._thinking else self._rest), ""
        return self._end_line(rest)

    def _end_line(self, line: str) -> list[WrittenSentence]:
        if self._skipping or len(line) > LINE_MAX_CHARS:
            self._skipping = False
            return []
        complete, begun = _cut(line + "\n")
        return [*complete, *_read(begun)]

    def _still_thinking(self) -> bool:
        if self._thinking is None:
            head = self._rest.lstrip()
            if len(head) < len(_THINK) and _THINK.startswith(head):
                return True
            self._thinking = head.startswith(_THINK)
        if self._thinking:
            before, found, after = self._rest.partition(_THOUGHT)
            self._rest = after if found else before[-len(_THOUGHT) :]
            self._thinking = not found
        return self._thinking


def _cut(text: str) -> tuple[list[WrittenSentence], str]:
    """All sentences of the text but the last one, which may go on, and that one as it stands."""
    unfinished = _OPEN_MARK.search(text)
    body = text if unfinished is None else text[: unfinished.start()]
    spans = split_sentences(_MARKS.sub("", body))
    if len(spans) < 2:
        return [], text
    removed: list[tuple[int, int]] = []  # of each mark: where it stood in the text without marks, its length
    for mark in _MARKS.finditer(body):
        removed.append((mark.start() - sum(length for _, length in removed), len(mark[0])))
    # A mark belongs to the sentence before it, also where a blank stands between them.
    starts = [start + sum(length for place, length in removed if place <= start) for start, _ in spans[1:]]
    pieces = [body[start:end] for start, end in pairwise([0, *starts])]
    return [sentence for piece in pieces for sentence in _read(piece)], text[starts[-1] :]


def _read(piece: str) -> list[WrittenSentence]:
    """The piece as one sentence; none where nothing but marks and signs stands in it."""
    numbers = [int(number) for mark in _MARKS.findall(piece) for number in re.findall(r"\d+", mark)]
    text = _EMPHASIS.sub("", _BULLET.sub("", strip_hidden(_MARKS.sub("", piece))))
    text = " ".join(restore_brackets(text).split())
    if not any(c.isalnum() for c in text):
        return []
    return [WrittenSentence(text, tuple(dict.fromkeys(numbers)))]
