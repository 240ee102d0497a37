"""What a passage holds that a sentence may rest on: its quotes, and what each says to the reader.

A quote is a sentence of the passage, or a whole table row. What it says in the reader's language is
its own text where that is the language, else its English original, else the sentence of the same
English in the reader's own locale, where the index has that passage too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer import SOURCE_LOCALE, Hit, Passage, Sentence, UnknownPassage, nearest_locale
from service.assignment import PassageSource
from service.facts import Stated, read_stated
from service.language_words import Languages, LanguageWords
from service.wording import content_terms
from service.writers import quotable_span


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of the passage; `told` is what it says in the reader's language, "" where that is unknown.

    `sentences` are the numbers of the passage's sentences in it. `denies` is None where the
    negations of no language of it are known.
    """

    start: int
    end: int
    told: str
    terms: frozenset[str]
    sentences: tuple[int, ...]
    stated: Stated
    denies: bool | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage as what sentences rest on; `labels` are the terms of its title, headings and context.

    `words` are all terms that it may be said with, in the reader's language and in its own.
    """

    passage: Passage
    quotes: tuple[Quote, ...]
    labels: frozenset[str]
    words: frozenset[str]
    stated: Stated


class EvidenceReader:
    """Reads passages for a reader of one language."""

    def __init__(self, source: PassageSource, languages: Languages, locale: str) -> None:
        """Read from `source` for a reader of `locale`, which may be a language alone."""
        self._source = source
        self._languages = languages
        self.reader = languages.of(locale)
        self._locale = nearest_locale(locale, [summary.locale for summary in source.locales])

    def speaks(self, text: str) -> bool:
        """Whether the text can be one in the reader's language."""
        return self._languages.speaks(text, self.reader.language)

    def read(self, hit: Hit) -> Evidence:
        """The evidence that the hit's passage is."""
        passage = hit.passage
        own = self._languages.of(passage.edition.locale)
        english = self._languages.of(SOURCE_LOCALE)
        translated = self._translations(passage)
        spans: dict[tuple[int, int], list[int]] = {}
        for number, sentence in enumerate(passage.sentences):
            start, end = quotable_span(passage, sentence.start, sentence.end)
            if start < end:
                spans.setdefault((start, end), []).append(number)
        quotes = tuple(
            self._quote(passage, span, numbers, own=own, translated=translated)
            for span, numbers in spans.items()
        )
        labels = _labels(passage)
        label_terms = content_terms("\n".join(labels), self.reader)
        texts = [passage.text, passage.source_text or "", *labels]
        told = "\n".join(quote.told for quote in quotes)
        words = content_terms("\n".join([*texts, told]), self.reader)
        return Evidence(passage, quotes, label_terms, words, read_stated(texts, [own, english]))

    def cosines(self, text: str, evidence: Evidence) -> list[float]:
        """How near each quote is to the text, the nearest of its sentences."""
        by_sentence = self._source.sentence_cosines(text, evidence.passage.id)
        return [max(by_sentence[number] for number in quote.sentences) for quote in evidence.quotes]

    def _quote(
        self,
        passage: Passage,
        span: tuple[int, int],
        numbers: Sequence[int],
        *,
        own: LanguageWords,
        translated: dict[str, str],
    ) -> Quote:
        text = passage.text[span[0] : span[1]]
        sentences = [passage.sentences[number] for number in numbers]
        source = " ".join(sentence.source for sentence in sentences if sentence.source is not None)
        if own.language == self.reader.language:
            told = text
        elif SOURCE_LOCALE.startswith(f"{self.reader.language}-"):
            told = source
        else:
            told = _join_translations(sentences, translated)
        english = self._languages.of(SOURCE_LOCALE)
        return Quote(
            start=span[0],
            end=span[1],
            told=told,
            terms=content_terms(told, self.reader),
            sentences=tuple(numbers),
            stated=read_stated([text, source], [own, english]),
            denies=_denies([(told, self.reader), (text, own), (source, english)]),
        )

    def _translations(self, passage: Passage) -> dict[str, str]:
        """Sentences of the passage in the reader's locale by their English, where there is one."""
        edition = passage.edition
        if self._locale is None or self._locale == edition.locale:
            return {}
        try:
            # Passages are cut by their English, so that they bear the same number in every locale.
            other = self._source.passage(self._locale + passage.id.removeprefix(edition.locale))
        except UnknownPassage:
            return {}
        return {s.source: other.text[s.start : s.end] for s in other.sentences if s.source is not None}


def _join_translations(sentences: Sequence[Sentence], translated: dict[str, str]) -> str:
    known = [translated.get(sentence.source or "", "") for sentence in sentences]
    return " ".join(known) if all(known) else ""


def _denies(sides: Sequence[tuple[str, LanguageWords]]) -> bool | None:
    """Whether the first side that can be told holds a negation."""
    return next((words.denies(text) for text, words in sides if text and words.can_tell_denial), None)


def _labels(passage: Passage) -> list[str]:
    edition = passage.edition
    contexts = [context for block in passage.blocks for context in (block.context, block.source_context)]
    return [
        edition.title,
        edition.source_title or "",
        *passage.headings,
        *passage.source_headings,
        passage.context,
        passage.source_context,
        *contexts,
    ]
