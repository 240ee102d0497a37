"""Generations of an index: the one place where an index is written, verified and rolled back.

    index/CURRENT                     one line, the name of the generation that serves
    index/generations/<time>-<digest>/
    index/staging/                    what a writer has not finished; cleared by the next one
    index/.lock                       held (flock) by the writer, so that a killed one frees it

A generation is never edited. `layout` reads; `staging` writes, under the lock and with the errors of
`writing`; `manifest` and `durable` serve both. Callers import from here.
"""

from __future__ import annotations

from pathlib import Path

from indexer.errors import IndexCorrupt, IndexMissing, PublishError
from indexer.layout import (
    current_generation,
    current_line,
    generations,
    is_name,
    list_generations,
    publication_order,
    read_manifest,
    verify_generation,
)
from indexer.manifest import (
    INDEX_FORMAT,
    Engine,
    FileEntry,
    LocaleEntry,
    Manifest,
    ModelEntry,
    OptionValue,
)
from indexer.staging import Staging, stage
from indexer.writing import reported

__all__ = [
    "INDEX_FORMAT",
    "Engine",
    "FileEntry",
    "LocaleEntry",
    "Manifest",
    "ModelEntry",
    "OptionValue",
    "Staging",
    "current_generation",
    "generations",
    "read_manifest",
    "rollback",
    "stage",
    "verify_generation",
]


def rollback(index_dir: Path) -> Path:
    """Point CURRENT to the newest whole generation that is older than the current one.

    Generations that fail verification are passed over. Where CURRENT is missing or junk, the newest
    whole generation is taken. Returns its folder.

    Raises:
        IndexMissing: There is no generation at all.
        IndexBusy: Another process is writing this index.
        PublishError: No older generation is whole, or CURRENT can't be written.
    """
    if not generations(index_dir):
        raise IndexMissing(f"{index_dir}: holds no generation; make one with `python -m indexer build`")
    faults = []
    with stage(index_dir) as staging, reported(index_dir, "rolling back"):
        current = current_line(index_dir) or ""
        older = list_generations(index_dir)
        if is_name(current):
            now = publication_order(current)
            older = [folder for folder in older if publication_order(folder.name) < now]
        for folder in reversed(older):
            try:
                verify_generation(folder)
            except (IndexCorrupt, IndexMissing) as error:
                faults.append(f"\n  {error}")
                continue
            staging.point_current(folder.name)
            return folder
    serving = f"generation {current} serves" if is_name(current) else "no generation serves yet"
    raise PublishError(
        f"rolling back {index_dir} failed: no older generation is whole; {serving}; "
        f"build anew with `python -m indexer build`{''.join(faults)}"
    )
