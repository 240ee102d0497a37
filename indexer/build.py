"""An index, built: the article flow from top to bottom.

1. The corpus is listed; each locale's inputs, options and model give a digest.
2. A locale whose digest the current generation has is taken over file by file.
3. The others are parsed and cut into passages.
4. Rows whose text and model are unchanged are copied, equal texts are embedded once.
5. Each locale's shard is written, the model put beside them, and the generation published.
Where every digest is known there is nothing to publish.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from indexer.corpus import Corpus, CorpusOptions, Skipped, parse_locale, read_corpus
from indexer.docfx import ArticleParser
from indexer.embedding import Embedder, open_embedder
from indexer.errors import CorpusError, IndexCorrupt, IndexMissing
from indexer.generation import (
    LocaleEntry,
    Manifest,
    ModelEntry,
    Staging,
    current_generation,
    read_manifest,
    stage,
)
from indexer.locales import SOURCE_LOCALE
from indexer.model import PreparedModel
from indexer.passages import PassageOptions, split_article
from indexer.reading import MODEL_FOLDER
from indexer.records import Passage
from indexer.shard import SOURCE, ShardTexts, row_keys, shard_texts, stored_vectors, write_shard
from indexer.vectors import FlatVectors, Vectors

# Raised when parsing, cutting or the shard's files change, so that unchanged inputs are read again.
PIPELINE = 1


class Progress(Protocol):
    """Told what a build does. `total` is None where it isn't known."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins; the one before has ended."""

    def advance(self, count: int) -> None:
        """So many more of the stage's units are done."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int | None) -> None:
        """Ignore it."""

    def advance(self, count: int) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a build does. `locales` None means all that the corpus has."""

    locales: tuple[str, ...] | None = None
    full: bool = False
    strict: bool = False
    prune: bool = False
    keep: int = 3
    corpus: CorpusOptions = field(default_factory=CorpusOptions)
    passages: PassageOptions = field(default_factory=PassageOptions)


@dataclass(slots=True)
class LocaleReport:
    """What became of one locale. `embedded` and `copied` count rows (passages and sentences)."""

    articles: int = 0
    passages: int = 0
    sentences: int = 0
    embedded: int = 0
    copied: int = 0
    unchanged: bool = False


@dataclass(slots=True)
class BuildReport:
    """What a build did; `published` is False where nothing had changed."""

    generation: str = ""
    published: bool = False
    seconds: float = 0.0
    locales: dict[str, LocaleReport] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Skipped] = field(default_factory=list)

    @property
    def embedded(self) -> int:
        """Rows embedded over all locales."""
        return sum(report.embedded for report in self.locales.values())

    @property
    def copied(self) -> int:
        """Rows copied over all locales."""
        return sum(report.copied for report in self.locales.values())


def build_index(
    roots: Sequence[Path],
    index_dir: Path,
    *,
    model: PreparedModel,
    now: datetime,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
    threads: int = 2,
) -> BuildReport:
    """Build the corpus in `roots` into a new generation of `index_dir` and publish it.

    Raises: CorpusError, PublishError, IndexBusy, ModelError; with `strict` also CorpusError where
    any file can't be read. The old generation serves until the new one is published.
    """
    started = time.monotonic()
    options, progress = options or BuildOptions(), progress or Silent()
    progress.stage("reading files", None)
    corpus = read_corpus(roots, options=options.corpus, locales=options.locales, progress=progress.advance)
    locales = _locales_to_build(corpus, options)
    report = BuildReport(skipped=corpus.skipped, failed=corpus.failed)
    _refuse_failures(corpus, options)
    with stage(index_dir) as staging:
        flow = _Build(staging, corpus, model, options, progress, report, _current(index_dir), threads)
        flow.run(locales, now)
    report.seconds = time.monotonic() - started
    return report


class _Build:
    """One build under way."""

    def __init__(
        self,
        staging: Staging,
        corpus: Corpus,
        model: PreparedModel,
        options: BuildOptions,
        progress: Progress,
        report: BuildReport,
        current: tuple[Path, Manifest] | None,
        threads: int,
    ) -> None:
        self._staging = staging
        self._corpus = corpus
        self._model = model
        self._options = options
        self._progress = progress
        self._report = report
        self._current = None if options.full else current
        self._old = current
        self._threads = threads
        self._entries: dict[str, LocaleEntry] = {}

    def run(self, locales: Sequence[str], now: datetime) -> None:
        digests = {locale: self._digest(locale) for locale in locales}
        unchanged = [locale for locale in locales if self._is_unchanged(locale, digests[locale])]
        others = self._other_locales(locales)
        self._report.kept = others
        changed = [locale for locale in locales if locale not in unchanged]
        if (
            not changed
            and self._current is not None
            and set(self._current[1].locales) == {*unchanged, *others}
        ):
            for locale in unchanged:
                self._count_unchanged(locale)
            self._report.generation = self._current[0].name
            return
        for locale in (*unchanged, *others):
            self._adopt_locale(locale, reported=locale in unchanged)
        self._write_model()
        embedder = open_embedder(self._model.folder, threads=self._threads)
        self._write_changed(changed, digests, embedder)
        self._publish(now)

    def _digest(self, locale: str) -> str:
        passages = asdict(self._options.passages)
        parts = (PIPELINE, self._model.fingerprint, sorted(passages.items()), self._corpus.digest(locale))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _is_unchanged(self, locale: str, digest: str) -> bool:
        entry = self._current[1].locales.get(locale) if self._current is not None else None
        return entry is not None and entry.digest == digest

    def _other_locales(self, locales: Sequence[str]) -> list[str]:
        """Locales of the current generation that this corpus says nothing of; they stay."""
        if self._old is None or self._options.prune:
            return []
        others = sorted(set(self._old[1].locales) - set(locales))
        if others and self._old[1].model.fingerprint != self._model.fingerprint:
            raise CorpusError(
                f"the index also holds {', '.join(others)}, embedded with {self._old[1].model.name}: "
                "name their articles too, or drop them with --prune"
            )
        return others

    def _adopt_locale(self, locale: str, *, reported: bool) -> None:
        assert self._old is not None
        folder, manifest = self._old
        for name in manifest.files:
            if name.startswith(f"{locale}/"):
                self._staging.adopt(folder / name, name)
        self._entries[locale] = manifest.locales[locale]
        if reported:
            self._count_unchanged(locale)

    def _count_unchanged(self, locale: str) -> None:
        assert self._current is not None
        entry = self._current[1].locales[locale]
        rows = sum(
            len(stored_vectors(self._current[0] / locale, name)[0]) for name in ("vectors", "sentences")
        )
        self._report.locales[locale] = LocaleReport(
            entry.articles, entry.passages, entry.sentences, copied=rows, unchanged=True
        )

    def _write_model(self) -> None:
        old = self._old
        same = old is not None and old[1].model.fingerprint == self._model.fingerprint
        for file in sorted(path for path in self._model.folder.rglob("*") if path.is_file()):
            name = f"{MODEL_FOLDER}/{file.relative_to(self._model.folder).as_posix()}"
            source = old[0] / name if same and old is not None and name in old[1].files else file
            target = self._staging.dir / name
            if source is file:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
            else:
                self._staging.adopt(source, name)

    def _write_changed(self, changed: Sequence[str], digests: Mapping[str, str], embedder: Embedder) -> None:
        # The source language first: the others' English sides are then embedded already.
        order = sorted(changed, key=lambda locale: (locale != SOURCE_LOCALE, locale))
        self._progress.stage(
            "reading articles", sum(len(self._corpus.files.get(locale, ())) for locale in order)
        )
        laid_out = {locale: self._lay_out(locale, embedder) for locale in order}
        _refuse_failures(self._corpus, self._options)
        rows = _Rows(embedder, self._current, self._progress)
        todo = rows.plan([texts for texts, _ in laid_out.values()])
        self._progress.stage("embedding", todo)
        for locale in order:
            texts, articles = laid_out.pop(locale)
            report = LocaleReport(articles, len(texts.passages), _sentence_count(texts))
            vectors = rows.vectors(texts.texts, "vectors", report)
            sentences = rows.vectors(texts.sentence_texts, "sentences", report)
            write_shard(
                self._staging.dir / locale, locale, texts,
                vectors=vectors, sentences=sentences, fingerprint=embedder.fingerprint,
            )  # fmt: skip
            self._report.locales[locale] = report
            self._entries[locale] = LocaleEntry(articles, report.passages, report.sentences, digests[locale])

    def _lay_out(self, locale: str, embedder: Embedder) -> tuple[ShardTexts, int]:
        parser = ArticleParser()
        passages: list[Passage] = []
        articles = 0
        for article in parse_locale(self._corpus, locale, parser):
            passages += split_article(article, embedder.count_tokens, self._options.passages)
            articles += 1
            if locale in self._corpus.files:
                self._progress.advance(1)
        if not passages:
            raise CorpusError(f"no article in {locale} could be read; see the report above")
        return shard_texts(passages), articles

    def _publish(self, now: datetime) -> None:
        self._progress.stage("publishing", None)
        model = self._model
        entries = dict(sorted(self._entries.items()))
        digest = hashlib.sha256(repr([(locale, entry.digest) for locale, entry in entries.items()]).encode())
        folder = self._staging.publish(
            created=now,
            digest=digest.hexdigest(),
            options={"pipeline": PIPELINE, **asdict(self._options.passages)},
            model=ModelEntry(model.name, model.fingerprint, model.dimension, model.max_tokens, model.engine),
            locales=entries,
            keep=self._options.keep,
        )
        self._report.generation, self._report.published = folder.name, True


class _Rows:
    """Where a text's vector comes from: the last generation, this build, or the model."""

    def __init__(self, embedder: Embedder, current: tuple[Path, Manifest] | None, progress: Progress) -> None:
        self._embedder = embedder
        self._progress = progress
        self._stored: dict[str, dict[bytes, tuple[FlatVectors, int]]] = {"vectors": {}, "sentences": {}}
        self._fresh: dict[str, dict[bytes, Vectors]] = {"vectors": {}, "sentences": {}}
        self._shared: set[bytes] = set()
        if current is not None and current[1].model.fingerprint == embedder.fingerprint:
            for locale in current[1].locales:
                for name, known in self._stored.items():
                    keys, vectors = stored_vectors(current[0] / locale, name)
                    known.update((key.tobytes(), (vectors, row)) for row, key in enumerate(keys))

    def plan(self, batches: Sequence[ShardTexts]) -> int:
        """How many texts must be embedded; notes which of them several places share."""
        once: set[bytes] = set()
        for texts in batches:
            for name, column in (("vectors", texts.texts), ("sentences", texts.sentence_texts)):
                for key in map(bytes, row_keys(column, self._embedder.fingerprint)):
                    tagged = key + name.encode()
                    if key not in self._stored[name]:
                        (self._shared if tagged in once else once).add(tagged)
        return len(once)

    def vectors(self, texts: Sequence[str], name: str, report: LocaleReport) -> Vectors:
        """The vectors of texts, `(n, d)`, in their order."""
        keys = [key.tobytes() for key in row_keys(texts, self._embedder.fingerprint)]
        matrix = np.empty((len(texts), self._embedder.dimension), dtype=np.float32)
        new: dict[bytes, list[int]] = {}
        for row, key in enumerate(keys):
            if (stored := self._stored[name].get(key)) is not None:
                matrix[row] = stored[0].rows([stored[1]])[0]
            elif (fresh := self._fresh[name].get(key)) is not None:
                matrix[row] = fresh
            else:
                new.setdefault(key, []).append(row)
        firsts = [rows[0] for rows in new.values()]
        found = self._embedder.embed_passages([texts[row] for row in firsts], self._progress.advance)
        for (key, rows), vector in zip(new.items(), found, strict=True):
            matrix[rows] = vector
            if key + name.encode() in self._shared:
                self._fresh[name][key] = vector
        report.embedded += len(firsts)
        report.copied += len(texts) - len(firsts)
        return matrix


def _locales_to_build(corpus: Corpus, options: BuildOptions) -> list[str]:
    available = [*corpus.files, *([SOURCE_LOCALE] if corpus.derives_source else [])]
    if options.locales is None:
        return sorted(available)
    if missing := sorted(set(options.locales) - set(available)):
        raise CorpusError(f"no articles in {', '.join(missing)}; there are: {', '.join(sorted(available))}")
    return sorted(set(options.locales))


def _refuse_failures(corpus: Corpus, options: BuildOptions) -> None:
    if options.strict and corpus.failed:
        first = corpus.failed[0]
        where = first.file if first.line is None else f"{first.file}:{first.line}"
        raise CorpusError(
            f"{where}: {first.reason} ({len(corpus.failed)} files can't be read; --strict stops here)"
        )


def _current(index_dir: Path) -> tuple[Path, Manifest] | None:
    try:
        folder = current_generation(index_dir)
        return folder, read_manifest(folder)
    except (IndexMissing, IndexCorrupt):
        return None  # a build is the way out of both


def _sentence_count(texts: ShardTexts) -> int:
    return sum(1 for _, side, _ in texts.sentence_rows if side != SOURCE)
