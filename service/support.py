"""Whether the passages that a written sentence cites bear it out, and which words of them do.

1. The reader's language: a sentence of another one is refused.
2. In each cited passage the quote is chosen that shares most of the sentence's words and is nearest
   to it in meaning; a second one where it adds words or facts. A passage that shares too little is
   no citation.
3. All facts of the sentence (numbers, months, codes, names) must stand in the cited passages, their
   titles, headings or English; enough of its words in the quotes, and of each part between commas
   some in the passages: names that are written like other words are found by nothing else.
4. A sentence that denies needs a quote that denies, and one that doesn't needs quotes that don't.
Where the index can't tell what a quote says in the reader's language, words can't be compared and
nearness in meaning decides. Whatever fails, the sentence has no marks and is not said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from indexer import Hit
from service.citations import Mark
from service.evidence import Evidence, EvidenceReader, Quote
from service.facts import Facts, join_stated, read_facts
from service.wording import capitalised_names, content_terms, first_word, holds_names, matched

# Shares of a sentence's terms: in all its quotes and their labels, and in one passage's quotes.
WORDS_MIN = 0.6
PASSAGE_WORDS_MIN = 0.3
# What a second quote must add to the first one's share.
SECOND_ADDS = 0.25
# Sentences of other articles stay below it (98 of 100), translations above (docs/measurements.md).
COSINE_MIN = 0.78
# What nearness counts beside shared words; cosines of the default model lie between these.
COSINE_SHARE, COSINE_LOW, COSINE_HIGH = 0.5, 0.6, 1.0
FACT_SHARE = 0.3
# Where a sentence has parts; a comma inside a number parts nothing.
_PART_END = re.compile(r"[，、；;]|,(?!\d)")
# A part of fewer terms may be a turn of phrase.
PART_TERMS_MIN = 2


@dataclass(frozen=True, slots=True)
class _Claim:
    text: str
    terms: frozenset[str]
    parts: tuple[frozenset[str], ...]
    names: frozenset[str]
    facts: Facts
    denies: bool | None


@dataclass(frozen=True, slots=True)
class _Backing:
    """The quotes of one passage; `covered` is None where words can't be compared."""

    evidence: Evidence
    quotes: tuple[Quote, ...]
    covered: frozenset[str] | None


@dataclass(slots=True)
class SupportCheck:
    """Checks the sentences of one draft against the passages that were shown, numbered from 1."""

    hits: Sequence[Hit]
    reader: EvidenceReader
    _read: dict[int, Evidence] = field(default_factory=dict)

    def marks(self, text: str, numbers: Sequence[int]) -> tuple[Mark, ...]:
        """The quotes that bear the sentence out, in the order of `numbers`; none: it is unsupported."""
        words = self.reader.reader
        if not numbers or not all(1 <= number <= len(self.hits) for number in numbers):
            return ()
        claim = _Claim(
            text=text,
            terms=content_terms(text, words),
            parts=tuple(content_terms(part, words) for part in _PART_END.split(text)),
            names=capitalised_names(text, words),
            facts=read_facts(text, words),
            denies=words.denies(text) if words.can_tell_denial else None,
        )
        if not claim.terms or not self.reader.speaks(text):
            return ()
        found = [self._back(claim, self._evidence(number)) for number in dict.fromkeys(numbers)]
        backings = [backing for backing in found if backing is not None]
        if not backings or not self._bears_out(claim, backings):
            return ()
        return tuple(
            Mark(backing.evidence.passage.id, quote.start, quote.end)
            for backing in backings
            for quote in backing.quotes
        )

    def _evidence(self, number: int) -> Evidence:
        if number not in self._read:
            self._read[number] = self.reader.read(self.hits[number - 1])
        return self._read[number]

    def _back(self, claim: _Claim, evidence: Evidence) -> _Backing | None:
        cosines = self.reader.cosines(claim.text, evidence)
        if not cosines:
            return None
        ranked = sorted(zip(evidence.quotes, cosines, strict=True), key=lambda pair: -_worth(claim, *pair))
        best, nearness = ranked[0]
        if not _agree(claim, best):
            return None
        if not any(quote.told for quote in evidence.quotes):
            return _Backing(evidence, (best,), None) if nearness >= COSINE_MIN else None
        chosen = [best]
        covered = matched(claim.terms, best.terms)
        labelled = matched(claim.terms, evidence.labels)
        for quote, _ in ranked[1:]:
            more = matched(claim.terms, quote.terms) - covered - labelled
            adds = len(more) >= SECOND_ADDS * len(claim.terms) or _adds_facts(claim, best, quote)
            if adds and _agree(claim, quote):
                chosen.append(quote)
                covered |= more
                break
        if len(covered) < PASSAGE_WORDS_MIN * len(claim.terms):
            return None
        quotes = tuple(sorted(chosen, key=lambda quote: quote.start))
        return _Backing(evidence, quotes, covered | labelled)

    def _bears_out(self, claim: _Claim, backings: Sequence[_Backing]) -> bool:
        covered = [backing.covered for backing in backings if backing.covered is not None]
        if covered and len(frozenset[str]().union(*covered)) < WORDS_MIN * len(claim.terms):
            return False
        words = frozenset[str]().union(*(backing.evidence.words for backing in backings))
        if covered and any(len(part) >= PART_TERMS_MIN and not matched(part, words) for part in claim.parts):
            return False
        stated = join_stated([backing.evidence.stated for backing in backings])
        if stated.lacks(claim.facts):
            return False
        names = claim.names
        if not covered:
            # In another language, what begins the sentence, or any German noun, may be no name.
            german = self.reader.reader.language == "de"
            names = frozenset() if german else names - {first_word(claim.text)}
        return holds_names(names, terms=words, text=stated.text)


def _agree(claim: _Claim, quote: Quote) -> bool:
    """Whether both deny or neither does, as far as that can be told."""
    return claim.denies is None or quote.denies is None or claim.denies == quote.denies


def _worth(claim: _Claim, quote: Quote, cosine: float) -> float:
    share = len(matched(claim.terms, quote.terms)) / len(claim.terms)
    nearness = min(1.0, max(0.0, (cosine - COSINE_LOW) / (COSINE_HIGH - COSINE_LOW)))
    facts = FACT_SHARE if _has_facts(claim) and not quote.stated.lacks(claim.facts) else 0.0
    return share + COSINE_SHARE * nearness + facts


def _has_facts(claim: _Claim) -> bool:
    return bool(claim.facts.numbers or claim.facts.months or claim.facts.codes)


def _adds_facts(claim: _Claim, best: Quote, other: Quote) -> bool:
    """Whether the best quote lacks facts that both together hold."""
    if not best.stated.lacks(claim.facts):
        return False
    return not join_stated([best.stated, other.stated]).lacks(claim.facts)
