"""The generation that a build starts from: verified first, for what is damaged must not be taken over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.article_files import Unread
from indexer.errors import IndexCorrupt, IndexMissing
from indexer.generation import (
    LocaleEntry,
    Manifest,
    Staging,
    current_generation,
    generations,
    read_manifest,
    verify_generation,
)
from indexer.reading import MODEL_FOLDER
from indexer.shard_files import StoredRows

# In a locale's folder, where files of it gave no article; a build without a change names them again.
UNREAD_FILE = "unread.json"


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The generation that CURRENT names, or the newest one where CURRENT can't be followed.

    `damage` says what is wrong with it; its manifest is None where that can't be read.
    """

    folder: Path
    manifest: Manifest | None
    damage: str | None

    @property
    def locales(self) -> frozenset[str]:
        """The locales that it holds: by its manifest, or by its folders where that can't be read."""
        if self.manifest is not None:
            return frozenset(self.entries)
        folders = {path.name for path in self.folder.iterdir() if path.is_dir()}
        return frozenset(folders - {MODEL_FOLDER})

    @property
    def entries(self) -> Mapping[str, LocaleEntry]:
        """What its manifest says of its locales."""
        return {} if self.manifest is None else self.manifest.locales

    @property
    def model_name(self) -> str:
        """The model that its vectors were made with."""
        return "an unknown model" if self.manifest is None else self.manifest.model.name

    def holds(self, locale: str, digest: str) -> bool:
        """Whether it has this locale, built from inputs of this digest."""
        entry = self.entries.get(locale)
        return self.damage is None and entry is not None and entry.digest == digest

    def is_made_with(self, fingerprint: str) -> bool:
        """Whether its vectors, and the model in it, are those of this model."""
        if self.damage is not None or self.manifest is None:
            return False
        return self.manifest.model.fingerprint == fingerprint

    def adopt(self, staging: Staging, part: str) -> None:
        """Take all files of a locale, or of the model, over into a new generation."""
        for name in self.manifest.files if self.manifest is not None else ():
            if name.startswith(f"{part}/"):
                staging.adopt(self.folder / name, name)

    def count_rows(self, locale: str) -> int:
        """How many rows a locale has, of passages and of articles."""
        return sum(len(StoredRows(self.folder / locale, kind)) for kind in ("vectors", "articles"))

    def unread(self, locale: str) -> list[Unread]:
        """The files of a locale that gave no article when it was built.

        Raises: IndexCorrupt.
        """
        file = self.folder / locale / UNREAD_FILE
        if not file.exists():
            return []
        try:
            return [Unread(**fields) for fields in json.loads(file.read_bytes())]
        except (OSError, ValueError, TypeError) as error:
            raise IndexCorrupt(f"{file} can't be read: {error}; build anew with --full") from error


def write_unread(folder: Path, unread: Sequence[Unread]) -> None:
    """Keep, in a locale's folder, which of its files gave no article; nothing where all did."""
    if unread:
        text = json.dumps([asdict(each) for each in unread], ensure_ascii=False, indent=1)
        (folder / UNREAD_FILE).write_text(text + "\n", "utf-8")


def open_predecessor(index_dir: Path) -> Predecessor | None:
    """The generation to start from, verified; None where there is none at all."""
    newest = generations(index_dir)[-1:]
    try:
        folder = current_generation(index_dir)
    except (IndexMissing, IndexCorrupt) as error:
        return Predecessor(newest[0], None, str(error)) if newest else None
    try:
        manifest = read_manifest(folder)
    except (IndexMissing, IndexCorrupt) as error:
        return Predecessor(folder, None, str(error))
    try:
        verify_generation(folder, manifest)
    except IndexCorrupt as error:
        return Predecessor(folder, manifest, str(error))
    return Predecessor(folder, manifest, None)
