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
import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
    read_file,
    write_file,
)
from indexer.errors import IndexBusy, IndexCorrupt, IndexerError, IndexMissing, PublishError
from indexer.manifest import (
    DIGEST,
    INDEX_FORMAT,
    MANIFEST_FILE,
    WAY_OUT,
    FileEntry,
    LocaleEntry,
    Manifest,
    ModelEntry,
    OptionValue,
    format_manifest,
    is_safe_name,
    parse_manifest,
)

__all__ = [
    "INDEX_FORMAT",
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

# What link(2) says where a copy may still work: other device, no such feature, too many links, or
# the kernel's rule against linking files of another owner.
_NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES}
)


def stage(index_dir: Path) -> Staging:
    """Take the index's writer lock, clear what crashed writers left, and make an empty folder.

    Made where it is not there yet. Use as a context manager: leaving it removes what was not
    published and frees the lock. The lock is the process's and that of its forked children: a
    child that outlives a killed writer still holds it.

    Raises:
        IndexBusy: Another writer has the lock.
        PublishError: The folder can't be written, or is in use for something else.
    """
    with _reported(index_dir, "preparing to write"):
        _refuse_foreign_folder(index_dir)
        make_folder(index_dir)
        lock = _take_lock(index_dir)
        try:
            for folder in (index_dir / "generations", index_dir / "staging"):
                make_folder(folder)
                if not is_folder(folder):
                    raise PublishError(f"{folder} is a link; put a folder there, or choose another --index")
            clear_folder(index_dir / "staging")
            staging = Staging(index_dir, lock)
            staging.dir.mkdir()
        except BaseException:
            os.close(lock)
            raise
    return staging


class Staging:
    """A generation being written in `dir`, under the writer lock; made by `stage`.

    An OSError that leaves its block for want of space or rights below the index becomes a
    PublishError; other errors pass.
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
            clear_folder(self._index_dir / "staging")
        except OSError as fault:
            if error is None:
                raise _failure(self._index_dir, "clearing staging/", fault) from fault
            error.add_note(f"{fault.filename}: left behind ({fault.strerror}); the next build clears it")
        finally:
            os.close(self._lock)
        if isinstance(error, OSError) and self._is_ours(error):
            raise _failure(self._index_dir, "writing the new generation", error) from error

    def adopt(self, file: Path, relative: str) -> None:
        """Take a file of an earlier generation over as `relative`: a hard link, else a copy.

        Its bytes are compared with that generation's manifest when this one is published.

        Raises:
            IndexCorrupt, IndexMissing: That generation's manifest can't be read.
            PublishError: `file` is no file of a generation of this index, or can't be taken over.
        """
        source = file.resolve()
        entry = self._entry(source, file)
        if not is_safe_name(relative) or relative == MANIFEST_FILE:
            raise PublishError(f"{relative!r} is no name of a file inside a generation")
        target = self.dir / relative
        with _reported(self._index_dir, f"adopting {file}"):
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
        """Make what `dir` holds the current generation and return its folder.

        `created` is any aware time, cut to seconds; `digest` at least 12 hex digits. The name is
        `<time>-<digest's first 12>`, with `-2`, `-3`, ... for further ones of the same second.
        `keep` generations stay, newest first; the new one and the one before always do.

        Raises:
            ValueError: `created` is naive, `digest` no hex, or `keep` below 1.
            IndexCorrupt: An adopted file differs from its generation's manifest.
            PublishError: A file can't be published, or the disk refused; says what CURRENT names.
        """
        if created.tzinfo is None or not DIGEST.fullmatch(digest) or keep < 1:
            raise ValueError(f"can't name a generation: {created=}, {digest=}, {keep=}")
        if not is_folder(self.dir):
            raise PublishError(f"{self.dir} is gone: it was published already, or removed")
        with _reported(self._index_dir, "publishing"):
            self._seal(
                Manifest(
                    format=INDEX_FORMAT,
                    created=created.astimezone(UTC).replace(microsecond=0),
                    digest=digest,
                    options=options,
                    model=model,
                    locales=locales,
                    files=self._seal_files(),
                )
            )
            before = current_line(self._index_dir)
            folder = self._index_dir / "generations" / _free_name(self._index_dir, created, digest)
            self._install(folder)
        with _reported(self._index_dir, "removing old generations"):
            self._prune({folder.name, before}, keep)
        return folder

    def point_current(self, name: str) -> None:
        """Replace CURRENT by one that names `name`, durably, at once or not at all."""
        beside = self._index_dir / "staging" / "CURRENT"
        write_file(beside, f"{name}\n".encode("ascii"))
        fsync_folder(beside.parent)
        beside.replace(self._index_dir / "CURRENT")
        fsync_folder(self._index_dir)

    def _entry(self, source: Path, given: Path) -> FileEntry:
        root = self._index_dir.resolve() / "generations"
        if not source.is_relative_to(root) or len(source.relative_to(root).parts) < 2:
            raise PublishError(f"{given} can't be adopted: it is no file below {root}")
        generation, *parts = source.relative_to(root).parts
        if generation not in self._sources:
            self._sources[generation] = read_manifest(root / generation)
        entry = self._sources[generation].files.get("/".join(parts))
        if entry is None:
            raise PublishError(f"{given} can't be adopted: {generation}'s manifest doesn't name it")
        return entry

    def _seal_files(self) -> dict[str, FileEntry]:
        tree = list_tree(self.dir)
        for name in tree.others:
            raise PublishError(f"{self.dir / name} is a link, a FIFO or a device: only files are published")
        for name in tree.files:
            if not is_safe_name(name) or name == MANIFEST_FILE:
                raise PublishError(f"{name!r} can't name a file of a generation; rename it")
        if not tree.files:
            raise PublishError(f"{self.dir} is empty: nothing to publish")
        entries = {}
        for name in tree.files:
            size, sha256 = hash_file(self.dir / name, seal=True)
            entries[name] = FileEntry(size=size, sha256=sha256)
            if self._adopted.get(name, entries[name]) != entries[name]:
                raise IndexCorrupt(
                    f"{name}: the file adopted from an earlier generation differs from its manifest; "
                    "build with --full"
                )
        for name in reversed(tree.folders):
            fsync_folder(self.dir / name)
        return entries

    def _seal(self, manifest: Manifest) -> None:
        file = self.dir / MANIFEST_FILE
        try:
            content = format_manifest(manifest)
            parse_manifest(content, str(file))
        except (ValueError, IndexCorrupt) as error:
            raise PublishError(f"this manifest could never be read back: {error}") from error
        write_file(file, content)
        fsync_folder(self.dir)

    def _install(self, folder: Path) -> None:
        self.dir.rename(folder)
        try:
            fsync_folder(folder.parent)
            self.point_current(folder.name)
        except BaseException:
            # Ctrl-C may arrive after CURRENT was replaced: what it says decides, and where it
            # can't be read the generation stays, for it may be the one that serves.
            with suppress(OSError):
                if current_line(self._index_dir) != folder.name:
                    folder.rename(self.dir)
            raise

    def _prune(self, wanted: set[str | None], keep: int) -> None:
        found = [folder for folder in generations(self._index_dir)]
        kept = {folder.name for folder in found} & wanted
        for folder in reversed(found):
            if len(kept) < keep:
                kept.add(folder.name)
        for folder in found:
            if folder.name not in kept:
                folder.rename(self._index_dir / "staging" / folder.name)
        fsync_folder(self._index_dir / "generations")
        clear_folder(self._index_dir / "staging")

    def _is_ours(self, error: OSError) -> bool:
        if error.errno in _FULL | {errno.EROFS}:
            return True
        return isinstance(error.filename, str | Path) and Path(error.filename).is_relative_to(self._index_dir)


def _free_name(index_dir: Path, created: datetime, digest: str) -> str:
    stem = generation_stem(created, digest)
    numbers = [
        number for time, number in (publication_order(folder.name) for folder in generations(index_dir)) if stem.startswith(time)
    ]
    return f"{stem}-{max(numbers) + 1}" if numbers else stem


def _refuse_foreign_folder(index_dir: Path) -> None:
    """Keep a mistyped --index from clearing a `staging` folder that is not ours."""
    staging = index_dir / "staging"
    if is_folder(staging) and any(staging.iterdir()) and not (index_dir / ".lock").exists():
        raise PublishError(f"{staging} is not an index's: choose another --index, or move it away")


def _take_lock(index_dir: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(index_dir / ".lock", flags, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise IndexBusy(
            f"{index_dir}: another process is writing this index; wait for it, or stop it "
            f"(`fuser {index_dir / '.lock'}` says which)"
        ) from error
    except BaseException:
        os.close(lock)
        raise
    return lock


