"""Building: what is embedded, what is copied, what is refused, and what stays."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer import CorpusError, TranslationType
from indexer.build import PIPELINE, BuildOptions
from indexer.corpus import read_corpus
from indexer.drift_file import DRIFT_FORMAT
from indexer.generation import generations, read_manifest
from indexer.passages import PassageOptions
from tests.articles import pair
from tests.small_corpus import (
    FRENCH_MAIL,
    MAIL,
    SEATS,
    TAXES,
    CountingEmbedder,
    SmallIndex,
    content,
    hash_model,
)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def small(memory_dir: Path) -> SmallIndex:
    """Two German articles and one of them in French: each has a row a side and two as an article."""
    small = SmallIndex(memory_dir)
    small.write("de-de", mail=MAIL, seats=SEATS)
    small.write("fr-fr", mail=FRENCH_MAIL)
    return small


def counts(small: SmallIndex, *, full: bool = False) -> dict[str, tuple[int, int]]:
    """Build; each locale's embedded and copied rows."""
    report = small.build(options=BuildOptions(full=full))
    return {locale: (entry.embedded, entry.copied) for locale, entry in report.locales.items()}


def test_equal_english_is_embedded_once_over_the_locales(small: SmallIndex) -> None:
    # en-us: for each of two articles a passage's row, the words of its path, and those with its title.
    # The others share the English rows and the words, and embed their own language's row and titles.
    assert counts(small) == {"en-us": (6, 0), "de-de": (4, 4), "fr-fr": (2, 2)}
    assert len(small.embedder.passages) == len(set(small.embedder.passages)) == 12


def test_the_report_counts_articles_passages_and_sentences(small: SmallIndex) -> None:
    report = small.build()
    rows = {name: (entry.articles, entry.passages, entry.sentences) for name, entry in report.locales.items()}
    assert rows == {"de-de": (2, 2, 3), "en-us": (2, 2, 3), "fr-fr": (1, 1, 2)}
    assert (report.published, report.generation) == (True, small.generation.name)
    assert (report.embedded, report.copied) == (12, 6)


def test_a_build_without_a_change_publishes_nothing_and_embeds_nothing(small: SmallIndex) -> None:
    first = small.build()
    small.embedder.passages.clear()
    second = small.build()
    assert (second.published, second.generation) == (False, first.generation)
    assert (second.embedded, second.copied, small.embedder.passages) == (0, 18, [])
    assert all(entry.unchanged for entry in second.locales.values())
    assert [folder.name for folder in generations(small.index_dir)] == [first.generation]


def test_only_what_changed_is_embedded(small: SmallIndex) -> None:
    small.build()
    small.embedder.passages.clear()
    small.write(
        "de-de", seats=replace(SEATS, sentences=[("Plätze enden bald.", "Seats end after seven days.")])
    )
    report = small.build()
    assert small.embedder.passages == ["Plätze kündigen\nPlätze enden bald."]
    assert (report.locales["de-de"].embedded, report.locales["de-de"].copied) == (1, 7)
    # en-us is read from the German file too: read again, but not one row is embedded.
    assert (report.locales["en-us"].embedded, report.locales["en-us"].unchanged) == (0, False)
    assert report.locales["fr-fr"].unchanged


def test_an_incremental_build_writes_the_same_bytes_as_one_from_nothing(
    small: SmallIndex, memory_dir: Path
) -> None:
    small.build()
    small.write("de-de", taxes=TAXES, mail=replace(MAIL, handed_over="05/10/2021"))
    small.build()
    fresh = SmallIndex(memory_dir / "fresh")
    fresh.write("de-de", taxes=TAXES, mail=replace(MAIL, handed_over="05/10/2021"), seats=SEATS)
    fresh.write("fr-fr", mail=FRENCH_MAIL)
    fresh.build()
    assert content(small.generation) == content(fresh.generation)


def test_full_embeds_everything_anew(small: SmallIndex) -> None:
    small.build()
    assert counts(small, full=True) == {"en-us": (6, 0), "de-de": (4, 4), "fr-fr": (2, 2)}


def test_a_locale_that_the_corpus_does_not_name_is_kept(small: SmallIndex) -> None:
    small.build()
    before = content(small.generation)
    small.write("fr-fr", mail=replace(FRENCH_MAIL, handed_over="05/12/2021"))
    report = small.build("fr-fr")
    assert report.kept == ["de-de"]
    assert sorted(read_manifest(small.generation).locales) == ["de-de", "en-us", "fr-fr"]
    kept = {name: data for name, data in content(small.generation).items() if name.startswith("de-de/")}
    assert kept == {name: data for name, data in before.items() if name.startswith("de-de/")}


def test_prune_drops_it_though_nothing_else_changed(small: SmallIndex) -> None:
    small.build(options=BuildOptions(locales=("de-de", "fr-fr")))
    report = small.build("fr-fr", options=BuildOptions(locales=("fr-fr",), prune=True))
    assert (report.published, report.kept, report.embedded) == (True, [], 0)
    assert sorted(read_manifest(small.generation).locales) == ["fr-fr"]


def test_only_the_locales_asked_for_are_built(small: SmallIndex) -> None:
    report = small.build(options=BuildOptions(locales=("fr-fr", "en-us")))
    assert sorted(report.locales) == ["en-us", "fr-fr"]
    assert report.locales["en-us"].articles == 2


def test_a_locale_that_is_not_there_is_refused_by_name(small: SmallIndex) -> None:
    with pytest.raises(CorpusError, match="no article in ja-jp"):
        small.build(options=BuildOptions(locales=("ja-jp",)))
    with pytest.raises(CorpusError, match=r"no articles in ja-jp; .* the corpus holds: de-de$"):
        small.build(options=BuildOptions(locales=("ja-jp", "de-de")))


def test_english_is_derived_from_the_newest_hand_over_of_each_article(small: SmallIndex) -> None:
    newer = replace(FRENCH_MAIL, sentences=[("Il écrit.", "It writes about outages only.")])
    small.write("fr-fr", mail=newer)
    small.build()
    index = small.open()
    passage = index.passage("en-us/help/mail#top.0")
    assert passage.text == "It writes about outages only."
    assert passage.source_text is None
    assert passage.url == "https://learn.microsoft.com/en-us/help/mail#top"
    assert passage.edition.translation.type is TranslationType.SOURCE
    assert sorted(index.editions("en-us")) == ["help/mail", "help/seats"]


def test_two_builds_of_one_corpus_are_the_same_bytes_whatever_the_order_of_the_roots(
    small: SmallIndex, memory_dir: Path
) -> None:
    small.build("de-de", "fr-fr")
    other = SmallIndex(memory_dir / "other")
    other.corpus_dir = small.corpus_dir
    other.build("fr-fr", "de-de")
    assert read_manifest(small.generation).digest == read_manifest(other.generation).digest
    assert content(small.generation) == content(other.generation)


def test_processes_with_other_hash_seeds_write_the_same_bytes(small: SmallIndex, memory_dir: Path) -> None:
    program = (
        "import sys, pathlib; from tests.small_corpus import SmallIndex; "
        "small = SmallIndex(pathlib.Path(sys.argv[1])); small.corpus_dir = pathlib.Path(sys.argv[2]); "
        "small.build()"
    )
    builds = [SmallIndex(memory_dir / seed) for seed in ("1", "2")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(build.index_dir.parent), str(small.corpus_dir)],
            env={**os.environ, "PYTHONHASHSEED": build.index_dir.parent.name},
            cwd=ROOT,
        )
        for build in builds
    ]
    assert [process.wait() for process in processes] == [0, 0]
    first, second = (content(build.generation) for build in builds)
    assert first == second
    assert "de-de/lexical/target/vocab.index.json" in first
    assert len({build.generation.name for build in builds}) == 1


def test_the_digest_covers_articles_and_options_and_model(small: SmallIndex) -> None:
    small.build()
    digests = [read_manifest(small.generation).digest]
    small.write("de-de", taxes=TAXES)
    small.build()
    digests.append(read_manifest(small.generation).digest)
    small.build(options=BuildOptions(passages=PassageOptions(limit_tokens=8, window_tokens=400)))
    digests.append(read_manifest(small.generation).digest)
    other_model = hash_model(small.model.folder, small.embedder, fingerprint="00" * 32)
    small.build(model=other_model)
    digests.append(read_manifest(small.generation).digest)
    assert len(set(digests)) == 4


def test_the_sizes_of_passages_follow_the_models_window_and_the_digest_covers_them(small: SmallIndex) -> None:
    small.build()
    manifest = read_manifest(small.generation)
    formats = {"pipeline": PIPELINE, "drift": DRIFT_FORMAT}
    assert manifest.options == {**formats, "limit_tokens": 380, "window_tokens": 400}
    sizes = [("limit_tokens", 380), ("window_tokens", 400)]
    inputs = read_corpus([small.corpus_dir]).digest("de-de")
    parts = (PIPELINE, small.embedder.fingerprint, sizes, inputs)
    assert manifest.locales["de-de"].digest == hashlib.sha256(repr(parts).encode()).hexdigest()
    small.build(model=replace(small.model, max_tokens=128))
    assert read_manifest(small.generation).options == {
        **formats,
        "limit_tokens": 95,
        "window_tokens": 100,
    }


def test_a_model_of_128_tokens_reads_every_passage_to_its_end(memory_dir: Path) -> None:
    small = SmallIndex(memory_dir)
    small.embedder = CountingEmbedder(max_tokens=128)
    small.model = hash_model(memory_dir / "model", small.embedder)
    lead_in = pair("Vorab " * 90 + "dies:", "First " * 90 + "this:")
    items = "".join(
        f"- {pair(f'Schritt {n} ist zu tun.' * 3, f'Step {n} is to do. ' * 3)}\n" for n in range(20)
    )
    giant = pair("Sehr " * 300 + "lang.", "Very " * 300 + "long.")
    headed = f"## {pair('Kapitel ' * 150, 'Chapter ' * 150)}\n\n{pair('Kurz.', 'Short.')}\n"
    small.write(
        "de-de", long=f"# {pair('Titel ' * 30, 'Title ' * 30)}\n\n{lead_in}\n\n{items}\n{giant}\n\n{headed}"
    )
    small.build()
    rows = [text for text in small.embedder.passages if "\n" in text and not text.startswith("long\n")]
    assert max(small.embedder.count_tokens(rows)) <= 128
    shard = small.open().shards["de-de"]
    passages = [shard.passages[row] for row in range(len(shard.passages))]
    texts = [text for passage in passages for text in (passage.text, passage.source_text or "")]
    assert max(small.embedder.count_tokens(texts)) <= 100
    assert [text for text in texts if not any(row.endswith(f"\n{text}") for row in rows)] == []
    assert any(row.startswith("Titel Titel") and row.endswith("Kapitel\nKurz.") for row in rows)


def test_another_model_copies_nothing(small: SmallIndex) -> None:
    small.build()
    small.embedder = Larger()
    report = small.build(model=hash_model(small.model.folder, small.embedder))
    assert report.embedded == 12
    assert len(small.open().search("mail", locale="de-de").hits) == 2


def test_another_model_is_refused_while_other_locales_are_kept(small: SmallIndex) -> None:
    small.build()
    with pytest.raises(CorpusError, match=r"also holds de-de, embedded with hash.*--prune"):
        small.build("fr-fr", model=hash_model(small.model.folder, small.embedder, fingerprint="00" * 32))


class Interrupted(CountingEmbedder):
    """Ctrl-C arrives after the passages of the first locale, at its articles."""

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        if any("\n" not in text for text in texts):
            raise KeyboardInterrupt
        return super().embed_passages(texts, progress)


class Larger(CountingEmbedder):
    """Another model: vectors of 32 more numbers."""

    @property
    def dimension(self) -> int:
        return 96

    @property
    def fingerprint(self) -> str:
        return "96" * 32

    def embed_question(self, text: str) -> NDArray[np.float32]:
        padded = np.zeros(96, np.float32)
        padded[:64] = super().embed_question(text)
        return padded

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        return np.array([self.embed_question(text) for text in texts], np.float32).reshape(-1, 96)


def test_an_interrupt_in_the_middle_leaves_the_old_generation_and_no_leftovers(small: SmallIndex) -> None:
    small.build()
    serving = small.generation
    small.write("de-de", taxes=TAXES)
    small.embedder = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        small.build()
    assert small.generation == serving
    assert list((small.index_dir / "staging").iterdir()) == []
    small.embedder = CountingEmbedder()
    assert small.build().locales["de-de"].embedded == 2
