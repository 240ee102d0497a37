"""The writing half of an index: build a generation aside, then make it the one that serves.

Publishing, in this order, so that CURRENT names a whole generation at any moment:
1. every file of the staging folder is made read-only, hashed and fsynced, then the manifest, then
   the folders;
2. the folder is renamed into generations/, and that is fsynced;
3. CURRENT is written aside, fsynced, renamed over the old one, and its folder fsynced;
4. older generations move back to staging/ by rename, and are removed there.
A failure before the rename of CURRENT takes back what was done; one after it leaves the new
generation serving, and the error says so.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from indexer.durable import (
    clear_folder,
    copy_file,
    fsync_folder,
    hash_file,
    is_folder,
    list_tree,
    make_folder,
    write_file,
)
from indexer.errors import IndexCorrupt, PublishError
from indexer.layout import current_line, free_name, list_generations, read_manifest
from indexer.manifest import (
    DIGEST,
    INDEX_FORMAT,
    MANIFEST_FILE,
    FileEntry,
    LocaleEntry,
    Manifest,
    ModelEntry,
    OptionValue,
    format_manifest,
    is_safe_name,
    parse_manifest,
)
from indexer.writing import failure, is_of_writing, refuse_foreign_folder, reported, take_lock

# What link(2) says where a copy may still work: another device, no such feature, too many links,
# or the kernel's rule against linking files of another owner.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES})


def stage(index_dir: Path) -> Staging:
    """Take the index's writer lock, clear what crashed writers left, and make an empty folder.

    The index is made where it is not there yet. Use as a context manager: leaving it removes what
    was not published and frees the lock.

    Raises:
        IndexBusy: Another writer has the lock.
        PublishError: The folder can't be written, or is in use for something else.
    """
    with reported(index_dir, "preparing to write"):
        refuse_foreign_folder(index_dir)
        make_folder(index_dir)
        with ExitStack() as undo:
            lock = take_lock(index_dir)
            undo.callback(os.close, lock)
            for folder in (index_dir / "generations", index_dir / "staging"):
                make_folder(folder)
                if not is_folder(folder):
                    raise PublishError(f"{folder} is a link; put a folder there, or choose another --index")
            clear_folder(index_dir / "staging")
            staging = Staging(index_dir, lock)
            undo.callback(_remove_empty, staging.dir)
            staging.dir.mkdir()
            undo.pop_all()
    return staging


class Staging:
    """A generation being written in `dir`, under the writer lock; made by `stage`.

    An OSError that leaves its block and tells of the index's disk becomes a PublishError; other
    errors pass.
    """

    dir: Path

    def __init__(self, index_dir: Path, lock: int) -> None:
        """Own the descriptor `lock` from now on."""
        self.dir = index_dir / "staging" / "next"
        self._index_dir = index_dir
        self._lock = lock
        self._adopted: dict[str, FileEntry] = {}
        self._sources: dict[str, Manifest] = {}

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            try:
                clear_folder(self._index_dir / "staging")
            finally:
                os.close(self._lock)
        except OSError as fault:
            if error is None:
                raise failure(self._index_dir, "clearing staging/", fault) from fault
            error.add_note(f"staging/ may hold leftovers ({fault}); the next build clears them")
        if isinstance(error, OSError) and is_of_writing(error, self._index_dir):
            raise failure(self._index_dir, "writing the new generation", error) from error

    def adopt(self, file: Path, relative: str) -> None:
        """Take a file of an earlier generation over as `relative`: a hard link, else a copy.

        Its bytes are compared with that generation's manifest when this one is published.

        Raises:
            IndexCorrupt, IndexMissing: That generation's manifest can't be read.
            PublishError: `file` is no file of a generation of this index, or can't be taken over.
        """
        source = file.resolve()
        entry = self._entry(source)
        if not is_safe_name(relative) or relative == MANIFEST_FILE:
            raise PublishError(f"{relative!r} is no name of a file inside a generation; rename it")
        target = self.dir / relative
        with reported(self._index_dir, f"adopting {file}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                copy_file(source, target)
        self._adopted[relative] = entry

    def publish(
        self,
        *,
        created: datetime,
        digest: str,
        options: Mapping[str, OptionValue],
        model: ModelEntry,
        locales: Mapping[str, LocaleEntry],
        keep: int = 3,
    ) -> Path:
        """Make what `dir` holds the generation that serves; returns the generation's folder.

        `created` is any aware time, cut to seconds; `digest` at least 12 hex digits. The name is
        `<time>-<digest's first 12>`, with `-2`, `-3`, ... for further ones of the same second.
        `keep` generations stay, newest first; the new one and the one before always do.

        Raises:
            ValueError: `created` is naive, `digest` no hex, or `keep` below 1.
            IndexCorrupt: An adopted file differs from its generation's manifest.
            PublishError: A file can't be published, or the disk refused; says what serves now.
        """
        if created.tzinfo is None or not DIGEST.fullmatch(digest) or keep < 1:
            raise ValueError(f"can't name or keep a generation: {created=}, {digest=}, {keep=}")
        with reported(self._index_dir, "publishing"):
            if not is_folder(self.dir):
                raise PublishError(f"{self.dir} is gone: it was published already, or removed; stage anew")
            manifest = Manifest(
                format=INDEX_FORMAT,
                created=created.astimezone(UTC).replace(microsecond=0),
                digest=digest,
                options=options,
                model=model,
                locales=locales,
                files=self._seal_files(),
            )
            self._write_manifest(manifest)
            before = current_line(self._index_dir)
            folder = self._index_dir / "generations" / free_name(self._index_dir, created, digest)
            self._install(folder)
        with reported(self._index_dir, "removing old generations"):
            self._prune({folder.name, before}, keep)
        return folder

    def point_current(self, name: str) -> None:
        """Replace CURRENT by one that names `name`, durably, at once or not at all."""
        aside = self._index_dir / "staging" / "CURRENT"
        write_file(aside, f"{name}\n".encode("ascii"))
        fsync_folder(aside.parent)
        aside.replace(self._index_dir / "CURRENT")
        fsync_folder(self._index_dir)

    def _entry(self, source: Path) -> FileEntry:
        root = self._index_dir.resolve() / "generations"
        if not source.is_relative_to(root) or len(source.relative_to(root).parts) < 2:
            raise PublishError(f"{source} can't be adopted: it is no generation's file below {root}")
        generation, *parts = source.relative_to(root).parts
        if generation not in self._sources:
            self._sources[generation] = read_manifest(root / generation)
        entry = self._sources[generation].files.get("/".join(parts))
        if entry is None:
            raise PublishError(f"{source} can't be adopted: its generation's manifest doesn't name it")
        return entry

    def _seal_files(self) -> dict[str, FileEntry]:
        tree = list_tree(self.dir)
        for name in tree.others:
            raise PublishError(f"{self.dir / name} is a link, a FIFO or a device; only files are published")
        for name in tree.files:
            if not is_safe_name(name) or name == MANIFEST_FILE:
                raise PublishError(f"{name!r} can't name a file of a generation; rename it")
        if not tree.files:
            raise PublishError(f"{self.dir} holds no file; write the generation before publishing it")
        entries = {}
        for name in tree.files:
            size, sha256 = hash_file(self.dir / name, seal=True)
            entries[name] = FileEntry(size=size, sha256=sha256)
            if self._adopted.get(name, entries[name]) != entries[name]:
                raise IndexCorrupt(
                    f"{name}: adopted from an earlier generation, but its bytes differ from that "
                    "one's manifest; run `python -m indexer build --full`"
                )
        for name in reversed(tree.folders):
            fsync_folder(self.dir / name)
        return entries

    def _write_manifest(self, manifest: Manifest) -> None:
        file = self.dir / MANIFEST_FILE
        try:
            content = format_manifest(manifest)
            parse_manifest(content, MANIFEST_FILE)
        except (ValueError, IndexCorrupt) as error:
            raise PublishError(f"the manifest could never be read back: {error}") from error
        write_file(file, content)
        fsync_folder(self.dir)

    def _install(self, folder: Path) -> None:
        try:
            self.dir.rename(folder)
            fsync_folder(folder.parent)
            self.point_current(folder.name)
        except BaseException:
            # Ctrl-C may arrive after either rename: what CURRENT says decides, and where it can't
            # be read the generation stays, for it may be the one that serves.
            with suppress(OSError):
                if current_line(self._index_dir) != folder.name:
                    folder.rename(self.dir)
            raise

    def _prune(self, wanted: set[str | None], keep: int) -> None:
        found = list_generations(self._index_dir)
        kept = {folder.name for folder in found} & wanted
        for folder in reversed(found):
            if len(kept) < keep:
                kept.add(folder.name)
        for folder in found:
            if folder.name not in kept:
                folder.rename(self._index_dir / "staging" / folder.name)
        fsync_folder(self._index_dir / "generations")
        clear_folder(self._index_dir / "staging")


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
