"""The generation that a build starts from: verified first, for what is damaged must not be taken over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from indexer.errors import IndexCorrupt, IndexMissing
from indexer.generation import Manifest, Staging, current_generation, read_manifest, verify_generation
from indexer.shard_files import StoredRows


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The generation that CURRENT names; `damage` says how its files differ from its manifest."""

    folder: Path
    manifest: Manifest
    damage: str | None

    def holds(self, locale: str, digest: str) -> bool:
        """Whether it has this locale, built from inputs of this digest."""
        entry = self.manifest.locales.get(locale)
        return self.damage is None and entry is not None and entry.digest == digest

    def is_made_with(self, fingerprint: str) -> bool:
        """Whether its vectors, and the model in it, are those of this model."""
        return self.damage is None and self.manifest.model.fingerprint == fingerprint

    def adopt(self, staging: Staging, part: str) -> None:
        """Take all files of a locale, or of the model, over into a new generation."""
        for name in self.manifest.files:
            if name.startswith(f"{part}/"):
                staging.adopt(self.folder / name, name)

    def count_rows(self, locale: str) -> int:
        """How many rows a locale has, of passages and of articles."""
        return sum(len(StoredRows(self.folder / locale, kind)) for kind in ("vectors", "articles"))


def open_predecessor(index_dir: Path) -> Predecessor | None:
    """The verified current generation; None where there is none, or none whose manifest can be read."""
    try:
        folder = current_generation(index_dir)
        manifest = read_manifest(folder)
    except (IndexMissing, IndexCorrupt):
        return None  # a build is the way out of both
    try:
        verify_generation(folder, manifest)
    except IndexCorrupt as error:
        return Predecessor(folder, manifest, str(error))
    return Predecessor(folder, manifest, None)
