"""An index, built: the article flow from top to bottom.

1. The corpus is listed; each locale's inputs, sizes of passages and model give a digest.
2. The current generation is verified. A locale whose digest it has is taken over file by file, and
   so is one that the corpus says nothing of.
3. The others are parsed and cut into passages, a large corpus by several processes.
4. Rows whose text and model are unchanged are copied, equal texts are embedded once.
5. Each locale's shard is written, the model put beside them, the versions that the locales hold are
   compared (drift.py), and the generation is published.
Where every digest is known there is nothing to publish. Refuses to publish a locale that shrank to
a tenth, and to take over what is damaged.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from indexer.article_reading import ReadLocale, open_reading, read_locale
from indexer.build_checks import (
    first_failure,
    kept_locales,
    locales_to_build,
    refuse_failures,
    refuse_shrinking,
)
from indexer.build_report import BuildReport, LocaleReport, Progress, Silent
from indexer.corpus import Corpus, CorpusOptions, read_corpus
from indexer.drift_file import DRIFT_FORMAT, holds_drift, write_drift
from indexer.embedding import Embedder, open_embedder
from indexer.errors import CorpusError
from indexer.generation import LocaleEntry, ModelEntry, Staging, stage
from indexer.locales import SOURCE_LOCALE
from indexer.model import PreparedModel
from indexer.model_tokens import TokenCounterOf
from indexer.passages import PassageOptions
from indexer.predecessor import Predecessor, open_predecessor, write_unread
from indexer.reading import MODEL_FOLDER
from indexer.row_texts import shorten_heads
from indexer.row_vectors import RowVectors
from indexer.shard_files import ShardRows, shard_rows, write_shard

# Raised when parsing, cutting or the shard's files change, so that unchanged inputs are read again.
PIPELINE = 9
# So many articles are worth the seconds in which processes start that read them.
LARGE_CORPUS_ARTICLES = 200


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a build does.

    `locales` None means all that the corpus has, `passages` None as large as suits the model.
    """

    locales: tuple[str, ...] | None = None
    full: bool = False
    strict: bool = False
    prune: bool = False
    allow_shrink: bool = False
    keep: int = 3
    corpus: CorpusOptions = field(default_factory=CorpusOptions)
    passages: PassageOptions | None = None


def build_index(
    roots: Sequence[Path],
    index_dir: Path,
    *,
    model: PreparedModel,
    now: datetime,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
    threads: int = 2,
    open_model: Callable[[Path], Embedder] | None = None,
) -> BuildReport:
    """Build the corpus in `roots` into a new generation of `index_dir` and publish it.

    `open_model` loads the model's folder, by default `open_embedder` on `threads` threads. A large
    corpus is read by as many processes; then a script that calls this must not do so on import.
    Raises: CorpusError, IndexCorrupt, PublishError, IndexBusy, ModelError; with `strict` also
    CorpusError where any file can't be read. The old generation serves until the new one is
    published.
    """
    started = time.monotonic()
    options, progress = options or BuildOptions(), progress or Silent()
    progress.stage("reading files", None)
    corpus = read_corpus(roots, options=options.corpus, locales=options.locales, progress=progress.advance)
    locales = locales_to_build(corpus, options.locales)
    report = BuildReport(skipped=corpus.skipped, failed=corpus.failed)
    if options.strict:
        refuse_failures(corpus)
    with stage(index_dir) as staging:
        progress.stage("verifying index", None)
        flow = _Build(
            staging=staging,
            corpus=corpus,
            model=model,
            open_model=open_model or partial(open_embedder, threads=threads),
            threads=threads,
            options=options,
            passages=options.passages or PassageOptions.for_model(model.max_tokens),
            progress=progress,
            report=report,
            last=open_predecessor(index_dir),
        )
        flow.run(locales, now)
    report.seconds = time.monotonic() - started
    return report


@dataclass(kw_only=True, slots=True)
class _Build:
    """One build under way."""

    staging: Staging
    corpus: Corpus
    model: PreparedModel
    open_model: Callable[[Path], Embedder]
    threads: int
    options: BuildOptions
    passages: PassageOptions
    progress: Progress
    report: BuildReport
    last: Predecessor | None
    entries: dict[str, LocaleEntry] = field(default_factory=dict)

    def run(self, locales: Sequence[str], now: datetime) -> None:
        self.report.damage = self.last.damage if self.last is not None else None
        self.report.kept = kept = [] if self.options.prune else kept_locales(self.last, locales, self.model)
        digests = {locale: self.digest(locale) for locale in locales}
        unchanged = [locale for locale in locales if self.is_unchanged(locale, digests[locale])]
        changed = [locale for locale in locales if locale not in unchanged]
        for locale in unchanged:
            self.report_unchanged(locale)
        if self.options.strict:
            refuse_failures(self.corpus)
        if self.last is not None and not changed and self.serves(self.last, {*unchanged, *kept}):
            self.report.generation = self.last.folder.name
            return
        for locale in (*unchanged, *kept):
            self.adopt_locale(locale)
        self.write_model()
        if changed:
            self.write_changed(changed, digests)
        self.publish(now)

    def digest(self, locale: str) -> str:
        passages = sorted(asdict(self.passages).items())
        parts = (PIPELINE, self.model.fingerprint, passages, self.corpus.digest(locale))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def is_unchanged(self, locale: str, digest: str) -> bool:
        return self.last is not None and not self.options.full and self.last.holds(locale, digest)

    def serves(self, last: Predecessor, locales: set[str]) -> bool:
        """Whether a generation is already what this build would publish."""
        return last.locales == locales and last.manifest is not None and holds_drift(last.manifest)

    def adopt_locale(self, locale: str) -> None:
        assert self.last is not None
        self.last.adopt(self.staging, locale)
        self.entries[locale] = self.last.entries[locale]

    def report_unchanged(self, locale: str) -> None:
        assert self.last is not None
        entry = self.last.entries[locale]
        self.report.locales[locale] = LocaleReport(
            entry.articles, entry.passages, entry.sentences,
            copied=self.last.count_rows(locale), unchanged=True,
        )  # fmt: skip
        self.corpus.note(self.last.unread(locale))

    def write_model(self) -> None:
        if self.last is not None and self.last.is_made_with(self.model.fingerprint):
            self.last.adopt(self.staging, MODEL_FOLDER)
            return
        for file in sorted(path for path in self.model.folder.rglob("*") if path.is_file()):
            target = self.staging.dir / MODEL_FOLDER / file.relative_to(self.model.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)

    def write_changed(self, changed: Sequence[str], digests: Mapping[str, str]) -> None:
        embedder = self.open_model(self.model.folder)
        # The source language is embedded first, for the others' English sides then are already, but
        # read last, for its files are theirs, and what can't be read is named where they are read.
        order = sorted(changed, key=lambda locale: (locale != SOURCE_LOCALE, locale))
        laid_out = self.lay_out(list(reversed(order)), embedder)
        self.check_laid_out({locale: len(shard.passages) for locale, (shard, _) in laid_out.items()})
        shards = [shard for shard, _ in laid_out.values()]
        passages, articles = (self.known_vectors(kind, embedder) for kind in ("vectors", "articles"))
        new = passages.count_new(shard.texts for shard in shards)
        self.progress.stage("embedding", new + articles.count_new(shard.article_texts for shard in shards))
        for locale in order:
            shard, read = laid_out.pop(locale)
            folder = self.staging.dir / locale
            vectors, sentences, new_rows = passages.of(shard.texts, self.progress.advance)
            article_vectors, _, new_articles = articles.of(shard.article_texts, self.progress.advance)
            write_shard(
                folder, locale, shard, vectors=vectors, sentences=sentences, articles=article_vectors,
                fingerprint=embedder.fingerprint,
            )  # fmt: skip
            write_unread(folder, read.unread)
            passages.add_shard(folder)
            articles.add_shard(folder)
            entry = LocaleEntry(read.articles, len(shard.passages), shard.sentence_count(), digests[locale])
            self.entries[locale] = entry
            embedded = new_rows + new_articles
            self.report.locales[locale] = LocaleReport(
                entry.articles, entry.passages, entry.sentences,
                embedded=embedded, copied=len(vectors) + len(article_vectors) - embedded,
            )  # fmt: skip

    def check_laid_out(self, passages: Mapping[str, int]) -> None:
        if self.options.strict:
            refuse_failures(self.corpus)
        if self.last is not None and not self.options.allow_shrink:
            refuse_shrinking(self.last.entries, passages, self.corpus)

    def known_vectors(self, kind: str, embedder: Embedder) -> RowVectors:
        """What needn't be embedded: the last generation's rows, but for `--full`."""
        known = RowVectors(kind, embedder)
        if self.last is not None and not self.options.full and self.last.is_made_with(embedder.fingerprint):
            for locale in self.last.locales:
                known.add_shard(self.last.folder / locale)
        return known

    def lay_out(self, locales: Sequence[str], embedder: Embedder) -> dict[str, tuple[ShardRows, ReadLocale]]:
        """Each locale's rows, and what they were read from."""
        articles = {locale: self.corpus.articles(locale) for locale in locales}
        count = sum(map(len, articles.values()))
        self.progress.stage("reading articles", count)
        row_tokens = embedder.passage_tokens
        sizes = replace(self.passages, window_tokens=min(self.passages.window_tokens, row_tokens))
        # Only this engine's tokens can be counted without loading the model once more.
        alone = count < LARGE_CORPUS_ARTICLES or self.model.engine != "ctranslate2"
        laid_out = {}
        with open_reading(
            embedder.count_tokens, TokenCounterOf(self.model.folder), sizes,
            processes=1 if alone else self.threads,
        ) as read:  # fmt: skip
            # All are asked for before the first is laid out, so that no process waits meanwhile.
            for locale, reading in [(locale, read(articles[locale])) for locale in locales]:
                found = read_locale(reading, self.corpus.note, self.progress.advance)
                if not found.passages:
                    raise CorpusError(f"no article in {locale} has text to index{first_failure(self.corpus)}")
                shard = shard_rows(found.passages)
                texts = shorten_heads(
                    shard.texts,
                    embedder.count_tokens,
                    row_tokens=row_tokens,
                    window_tokens=sizes.window_tokens,
                )
                laid_out[locale] = replace(shard, texts=texts), found
        return laid_out

    def publish(self, now: datetime) -> None:
        entries = dict(sorted(self.entries.items()))
        self.progress.stage("comparing locales", None)
        write_drift(self.staging.dir, entries)
        self.progress.stage("publishing", None)
        model = self.model
        inputs = (DRIFT_FORMAT, [(locale, entry.digest) for locale, entry in entries.items()])
        digest = hashlib.sha256(repr(inputs).encode())
        folder = self.staging.publish(
            created=now,
            digest=digest.hexdigest(),
            options={"pipeline": PIPELINE, "drift": DRIFT_FORMAT, **asdict(self.passages)},
            model=ModelEntry(model.name, model.fingerprint, model.dimension, model.max_tokens, model.engine),
            locales=entries,
            keep=self.options.keep,
        )
        self.report.generation, self.report.published = folder.name, True
