"""An index, read: open the generation that CURRENT names and search it.

A question in one locale:
1. it is embedded once; earlier turns are mixed in with falling weight
2. the locale's shard puts candidates forward by meaning and by words, and fuses their scores
3. equal passages collapse; hits come back with the scores of their legs and of their sentences
An `Index` never changes; `following.py` swaps one for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from indexer.drift import DriftNotes
from indexer.drift_file import open_drift
from indexer.embedding import Embedder, open_embedder
from indexer.errors import (
    IndexCorrupt,
    QuestionError,
    UnknownArticle,
    UnknownLocale,
    UnknownPassage,
)
from indexer.fusion import weights_for
from indexer.generation import Manifest, ModelEntry, current_generation, verify_generation
from indexer.names import name_as_written
from indexer.records import Drift, Edition, Filters, Passage, Ranking, Turn
from indexer.scripts import in_script_of
from indexer.shard import Found, Query, Shard
from indexer.translations import Translations

MODEL_FOLDER = "model"
# What an earlier question and its reply weigh, how many turns are looked at, and how much of each.
# Replies count: they name what the conversation is about.
TURN_DECAY = 0.8
TURNS = 4
TURN_CHARS = 300
# Embedded questions that are kept, earlier turns' included.
CACHED_QUESTIONS = 64


@dataclass(frozen=True, slots=True)
class LocaleSummary:
    """What an index holds of one locale."""

    locale: str
    articles: int
    passages: int
    sentences: int
    newest_hand_over: date | None


class Index:
    """One verified generation, loaded. Safe to use from several threads."""

    def __init__(
        self,
        *,
        name: str,
        manifest: Manifest,
        embedder: Embedder,
        shards: Mapping[str, Shard],
        drift: DriftNotes,
    ) -> None:
        self.generation = name
        self.created: datetime = manifest.created
        self.model: ModelEntry = manifest.model
        self.manifest = manifest
        self.embedder = embedder
        self.shards = shards
        self._translations = Translations(shards)
        self._drift = drift
        # A refusal asks several locales the same question: it is embedded once. The cache holds on to
        # the embedder, not to this index, whose memory then returns as soon as nobody asks it.
        self._embed = lru_cache(maxsize=CACHED_QUESTIONS)(embedder.embed_question)
        self.locales = tuple(
            LocaleSummary(locale, entry.articles, entry.passages, entry.sentences, _newest(shards[locale]))
            for locale, entry in sorted(manifest.locales.items())
        )

    def search(
        self,
        question: str,
        *,
        locale: str,
        k: int = 10,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        among: Collection[str] | None = None,
    ) -> Ranking:
        """The `k` best passages of exactly this locale, best first; fewer where fewer are allowed.

        `among` and `filters` restrict the editions before the search. `k` below 1 finds nothing.
        Raises: QuestionError where the question is blank; UnknownLocale.
        """
        if not question.strip():
            raise QuestionError("the question is empty")
        shard = self._shard(locale)
        allowed = _allowed_editions(shard.editions, filters, among)
        if k < 1:
            return Ranking(question, locale, self.generation, ())
        query = self.prepare(question, history, locale=locale)
        found = shard.search(query, k, among=allowed)
        return ranking_of(question, locale, self.generation, query, found)

    def prepare(self, question: str, history: Sequence[Turn] = (), *, locale: str) -> Query:
        """The question and the turns before it as one query to a locale.

        Raises: UnknownLocale.
        """
        shard = self._shard(locale)
        earlier = [turn.content.strip()[:TURN_CHARS] for turn in history if turn.content.strip()][-TURNS:]
        texts = [
            name_as_written(in_script_of(locale, text), shard.target_rows_with)
            for text in (question, *reversed(earlier))
        ]
        # A question and its reply weigh the same, and less than the pair behind them.
        weights = np.array([TURN_DECAY ** ((age + 1) // 2) for age in range(len(texts))], dtype=np.float32)
        weights /= weights.sum()
        vector = np.sum(
            [weight * self._embed(text) for text, weight in zip(texts, weights, strict=True)],
            axis=0,
        )
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        fusion = weights_for(question, follows=bool(earlier))
        weighted = tuple(zip(texts, weights.tolist(), strict=True))
        return Query(vector, weighted, fusion, self._translations.lexical_scores(weighted, locale))

    def passage(self, passage_id: str) -> Passage:
        """The passage of this id.

        Raises: UnknownPassage.
        """
        shard = self.shards.get(passage_id.split("/", 1)[0])
        row = shard.passages.row_of(passage_id) if shard is not None else None
        if shard is None or row is None:
            raise UnknownPassage(f"generation {self.generation} has no passage {passage_id!r}")
        return shard.passages[row]

    def drift_of(self, passage: Passage, *, start: int, end: int) -> Drift | None:
        """What a newer version of its article says of `passage.text[start:end]`.

        None where no other locale's edition was handed over later, from another source commit.
        """
        return self._drift.of(passage, start=start, end=end)

    def article(self, path: str, *, locale: str) -> tuple[Passage, ...]:
        """An article's passages, at least one, in reading order.

        Raises: UnknownLocale, UnknownArticle.
        """
        passages = self._shard(locale).passages
        rows = passages.rows_of(path)
        if not rows:
            raise UnknownArticle(f"generation {self.generation} has no article {path!r} in {locale}")
        return tuple(passages[row] for row in rows)

    def sentence_cosines(self, text: str, passage_id: str) -> tuple[float, ...]:
        """How near each sentence of the passage is to the text, the better side; -1 without a vector.

        Raises: UnknownPassage.
        """
        passage = self.passage(passage_id)
        return self._shard(passage.edition.locale).sentence_cosines(self._embed(text), passage_id)

    def editions(self, locale: str) -> Mapping[str, Edition]:
        """A locale's editions by article path.

        Raises: UnknownLocale.
        """
        return self._shard(locale).editions

    def _shard(self, locale: str) -> Shard:
        shard = self.shards.get(locale)
        if shard is None:
            raise UnknownLocale(locale, sorted(self.shards))
        return shard


def open_index(
    index_dir: Path,
    *,
    threads: int = 1,
    previous: Index | None = None,
    open_model: Callable[[Path], Embedder] | None = None,
) -> Index:
    """Verify and load the generation that CURRENT names.

    Parts whose files are those of `previous` are shared with it, not loaded again. `open_model` loads
    the model's folder, by default `open_embedder` on `threads` threads.
    Raises: IndexMissing, IndexCorrupt, ModelError.
    """
    folder = current_generation(index_dir)
    manifest = verify_generation(folder)
    old = previous.manifest if previous is not None else None
    if previous is not None and _files(previous.manifest, MODEL_FOLDER) == _files(manifest, MODEL_FOLDER):
        embedder = previous.embedder
    else:
        open_model = open_model or partial(open_embedder, threads=threads)
        embedder = open_model(folder / MODEL_FOLDER)
    if (embedder.fingerprint, embedder.dimension) != (manifest.model.fingerprint, manifest.model.dimension):
        raise IndexCorrupt(f"{folder}: the model in it is not the one that made its vectors; build anew")
    shards = {}
    for locale, entry in manifest.locales.items():
        if previous is not None and old is not None and _files(old, locale) == _files(manifest, locale):
            shards[locale] = previous.shards[locale]
            continue
        shards[locale] = Shard(folder / locale, locale)
        if len(shards[locale].passages) != entry.passages:
            raise IndexCorrupt(f"{folder / locale}: its passages are not as many as the manifest says")
    drift = open_drift(folder, manifest)
    return Index(name=folder.name, manifest=manifest, embedder=embedder, shards=shards, drift=drift)


def ranking_of(question: str, locale: str, generation: str, query: Query, found: Found) -> Ranking:
    """What a shard found for a query, as it travels."""
    vector = tuple(query.vector.tolist())
    return Ranking(question, locale, generation, found.hits, found.spread, found.lead, vector)


def _newest(shard: Shard) -> date | None:
    return max(
        (e.translation.handed_over for e in shard.editions.values() if e.translation.handed_over),
        default=None,
    )


def _files(manifest: Manifest, folder: str) -> dict[str, object]:
    return {name: entry for name, entry in manifest.files.items() if name.startswith(f"{folder}/")}


def _allowed_editions(
    editions: Mapping[str, Edition], filters: Filters | None, among: Collection[str] | None
) -> Collection[str] | None:
    """The paths of the editions that may answer, None for all."""
    if among is None and (filters is None or filters == Filters()):
        return None
    filters = filters or Filters()
    return {
        path
        for path, edition in editions.items()
        if (among is None or path in among)
        and _shares(edition.roles, filters.roles)
        and _shares(edition.applies_to, filters.applies_to)
        and _shares((path.split("/", 1)[0],), filters.docset)
        and (filters.articles is None or any(fnmatchcase(path, glob) for glob in filters.articles))
    }


def _shares(names: Sequence[str], wanted: Sequence[str] | None) -> bool:
    if wanted is None:
        return True
    return not {name.casefold() for name in names}.isdisjoint(name.casefold() for name in wanted)
