"""The records that travel: from an article's file to a passage, and from a question to its hits.

All frozen; this module imports nothing of ours. Offsets are code points, end exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class TranslationType(StrEnum):
    """How an article came to its language."""

    MACHINE = "machine"
    HUMAN = "human"
    SOURCE = "source"


class BlockKind(StrEnum):
    """What a stretch of a section's text was in the article."""

    PARAGRAPH = "paragraph"
    ALERT = "alert"  # the first paragraph of a note or quotation; its label is not in the text
    ITEM = "item"
    COLUMNS = "columns"  # a table's header row
    ROW = "row"
    CODE = "code"
    IMAGE = "image"  # alt text
    FOLDED = "folded"  # text of a section without content of its own, kept for search


@dataclass(frozen=True, slots=True)
class Translation:
    """Where the words of an edition come from."""

    type: TranslationType
    handed_over: date | None
    source_commit: str | None


@dataclass(frozen=True, slots=True)
class Edition:
    """One article in one locale, without its text.

    `path` is `<docset>/<path without extension>`. `url` has no fragment. `roles` and `applies_to`
    are canonical English names in the article's order. `retired_to` is what the docset's
    redirection file names for it, None for an article that is still published.
    """

    path: str
    locale: str
    title: str
    source_title: str | None
    description: str
    url: str
    updated: date | None
    translation: Translation
    roles: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    retired_to: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit that is quoted: `text[start:end]` of the section or passage that carries it.

    `source` is its English original (None where the file has none, "" never). `ordinal` is the
    number in the span's id, equal in all locales within one source commit.
    """

    start: int
    end: int
    source: str | None = None
    ordinal: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a section's text with what it needs to be understood.

    `context` is a list item's lead-in sentence or a row's column names joined by " | ";
    `source_context` the same in English. Both "" where there is none.
    """

    kind: BlockKind
    start: int
    end: int
    context: str = ""
    source_context: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The text under one heading.

    `anchor` is unique in its article (docfx's -1, -2 where it repeats), "" above the first
    heading. `url_anchor` is the nearest anchor of it and its ancestors that is unique on the page
    as written. `headings` is the path below the title, outermost first, and so is
    `source_headings` (empty where the article has no English). Blocks and sentences are in
    reading order and don't overlap.
    """

    anchor: str
    url_anchor: str
    headings: tuple[str, ...]
    source_headings: tuple[str, ...]
    text: str
    blocks: tuple[Block, ...]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """An edition with its sections in reading order.

    `scope` holds the lines that were read as roles and scope, and left the text.
    """

    edition: Edition
    sections: tuple[Section, ...]
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """What is searched and cited: `text == section.text[start:start + len(text)]`.

    `id` is `<locale>/<article>#<section anchor>.<n>`, not stable across generations.
    `context` and `source_context` are added to what is embedded and indexed, never to `text`.
    `source_text` is the English of its sentences, None where there is none; of a sentence whose
    English is longer than the model reads, this passage's share. Offsets of `sentences` and
    `blocks` count from the passage's start.
    """

    id: str
    edition: Edition
    anchor: str
    url: str
    headings: tuple[str, ...]
    source_headings: tuple[str, ...]
    start: int
    text: str
    source_text: str | None
    context: str
    source_context: str
    blocks: tuple[Block, ...]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the legs of the search said of one hit; higher is better.

    `dense` and `sentence` are cosines (best row of the passage, best of its sentences; either
    side), `lexical` is BM25 divided by the weighted idf of the question's terms, the better side;
    `article` is how far the article as a whole stands out in its locale, 0..1.
    """

    dense: float
    sentence: float
    lexical: float
    article: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage in a ranking. `rank` starts at 1.

    `sentence_scores[i]` belongs to `passage.sentences[i]`; a cosine, the better of its two sides.
    `sentence_words[i]` is the share of the question's weighted idf that it holds, the better side; it is
    empty from the sixth hit on.
    """

    passage: Passage
    rank: int
    score: float
    scores: Scores
    sentence_scores: tuple[float, ...]
    sentence_words: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One question's hits in one locale, best first, and the generation that gave them.

    `spread` is the standard deviation of the question's cosines over all rows of the locale: what the
    hits' cosines are to be measured by. `lead` is how far the best lexical score lies above the fifth.
    `vector` is what was searched for: the question's unit vector, earlier turns mixed in.
    """

    question: str
    locale: str
    generation: str
    hits: tuple[Hit, ...]
    spread: float = 0.0
    lead: float = 0.0
    vector: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """Which editions may answer. None is "no filter"; an empty tuple finds nothing.

    Each one matches where any of its names does, and all must match. `roles` and `applies_to` are
    looked for among the edition's, `docset` is the first part of its path, letter case ignored;
    `articles` holds globs over its path.
    """

    roles: tuple[str, ...] | None = None
    applies_to: tuple[str, ...] | None = None
    articles: tuple[str, ...] | None = None
    docset: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier message of the conversation; `role` is "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of an article an edition was made from."""

    locale: str
    handed_over: date
    source_commit: str | None


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """A sentence or table row in English, before and after; None where it is not there."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class NamesChange:
    """Roles, or what an article applies to, before and after."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditionDrift:
    """An edition that lags behind the newest version of its article in another locale.

    `changes` are in the newer text's reading order, None where one of the two has no English, so
    that nothing can be compared. `roles` and `applies_to` are None where they are the same.
    """

    path: str
    version: Version
    newest: Version
    changes: tuple[SentenceChange, ...] | None
    roles: NamesChange | None = None
    applies_to: NamesChange | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """What a newer version of its article says of a quote.

    `sentence_changed` is None where there is no English to compare. `newest_source` is the newest
    English of a changed quote; None where it is the same, was removed, or can't be compared.
    """

    newest_locale: str
    newest_handed_over: date
    sentence_changed: bool | None
    newest_source: str | None
