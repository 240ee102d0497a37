"""Small bilingual docsets and their index: made-up articles whose rows can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer import Index, IndexFollower, open_index
from indexer.build import BuildOptions, build_index
from indexer.build_report import BuildReport
from indexer.model import PreparedModel
from tests.fakes import HashEmbedder

NOON = datetime(2024, 5, 14, 12, 0, 0, tzinfo=UTC)
Pair = tuple[str, str]  # in the locale's language, in English


@dataclass(frozen=True)
class SmallArticle:
    """A bilingual article of one section: one passage, with a row and its sentences on each side."""

    title: Pair
    sentences: Sequence[Pair]
    handed_over: str = "05/07/2021"
    roles: Pair | None = None
    applies_to: Pair | None = None
    commit: str | None = None

    def markdown(self) -> str:
        commit = "" if self.commit is None else f"ms.sourcegitcommit: {self.commit}\n"
        header = f"---\nms.translationtype: MT\nms.lasthandoff: {self.handed_over}\n{commit}---\n"
        numbers = iter(range(101, 999))
        parts = [f'# <a name="top"></a>{_span(self.title, next(numbers))}']
        scope = (line for line in (self.roles, self.applies_to) if line is not None)
        parts += [_span(line, next(numbers)) for line in scope]
        parts.append(" ".join(_span(sentence, next(numbers)) for sentence in self.sentences))
        return header + "\n\n".join(parts) + "\n"


def _span(pair: Pair, number: int) -> str:
    return (
        f'<span data-ttu-id="aaaaa-{number}">{pair[0]}</span>'
        f'<span class="sxs-lookup"><span data-stu-id="aaaaa-{number}">{pair[1]}</span></span>'
    )


MAIL = SmallArticle(
    ("E-Mails an Kunden", "Mail to customers"),
    [
        ("Der Anbieter schreibt Kunden bei Ausfällen.", "The vendor writes to customers about outages."),
        ("Über Preise schreibt er nie.", "It never writes about prices."),
    ],
    roles=("**Geeignete Rollen**: Administrator-Agent", "**Appropriate roles**: Admin agent"),
)
SEATS = SmallArticle(
    ("Plätze kündigen", "Cancel seats"),
    [("Plätze enden nach sieben Tagen.", "Seats end after seven days.")],
    roles=("**Geeignete Rollen**: Globaler Administrator", "**Appropriate roles**: Global admin"),
)
TAXES = SmallArticle(
    ("Steuern", "Taxes"),
    [("Steuern stehen auf der Rechnung.", "Taxes stand on the invoice.")],
)
FRENCH_MAIL = SmallArticle(
    ("Courrier aux clients", "Mail to customers"),
    [
        ("Le vendeur écrit aux clients lors de pannes.", "The vendor writes to customers about outages."),
        ("Il n'écrit jamais sur les prix.", "It never writes about prices."),
    ],
    handed_over="05/09/2021",
)


class CountingEmbedder(HashEmbedder):
    """Remembers what it embedded."""

    def __init__(self, max_tokens: int = 512) -> None:
        super().__init__(max_tokens=max_tokens)
        self.passages: list[str] = []

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        self.passages += texts
        return super().embed_passages(texts, progress)


class SmallIndex:
    """A corpus in `root/corpus`, and the index in `root/index` that is built from it."""

    def __init__(self, root: Path) -> None:
        self.corpus_dir = root / "corpus"
        self.index_dir = root / "index"
        self.embedder = CountingEmbedder()
        self.model = hash_model(root / "model", self.embedder)

    def write(self, locale: str, **articles: SmallArticle | str) -> None:
        """Write `<locale>/help/<name>.md` for each name; those there already stay or are replaced."""
        for name, article in articles.items():
            text = article if isinstance(article, str) else article.markdown()
            file = self.file(locale, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")

    def file(self, locale: str, name: str) -> Path:
        return self.corpus_dir / locale / "help" / f"{name}.md"

    def build(
        self,
        *locales: str,
        model: PreparedModel | None = None,
        options: BuildOptions | None = None,
    ) -> BuildReport:
        """Build the folders of these locales, or the whole corpus.

        In one process: the model's folder has no tokens that another one could count.
        """
        roots = [self.corpus_dir / locale for locale in locales] or [self.corpus_dir]
        return build_index(
            roots, self.index_dir, model=model or self.model, now=NOON, options=options, threads=1,
            open_model=lambda _: self.embedder,
        )  # fmt: skip

    def open(self, previous: Index | None = None) -> Index:
        return open_index(self.index_dir, previous=previous, open_model=lambda _: self.embedder)

    def follower(
        self, *, poll_s: float = 3600.0, on_event: Callable[[str], None] | None = None
    ) -> IndexFollower:
        return IndexFollower(
            self.index_dir, poll_s=poll_s, on_event=on_event, open_model=lambda _: self.embedder
        )

    @property
    def generation(self) -> Path:
        """The folder of the generation that serves."""
        return self.index_dir / "generations" / (self.index_dir / "CURRENT").read_text("ascii").strip()


def hash_model(folder: Path, embedder: HashEmbedder, *, fingerprint: str | None = None) -> PreparedModel:
    """A model folder that stands for the embedder: a build copies it, nothing reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text("{}", "ascii")
    return PreparedModel(
        folder=folder, name="hash", fingerprint=fingerprint or embedder.fingerprint,
        dimension=embedder.dimension, max_tokens=embedder.max_tokens, engine="ctranslate2",
        sentence_transformers_folder=None,
    )  # fmt: skip


def content(generation: Path) -> dict[str, bytes]:
    """Every file but the manifest, whose date differs."""
    return {
        file.relative_to(generation).as_posix(): file.read_bytes()
        for file in generation.rglob("*")
        if file.is_file() and file.name != "manifest.json"
    }


def damage(file: Path) -> None:
    """Flip one bit; as a new file, for other generations share the old one by hard link."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()
    file.write_bytes(content)
