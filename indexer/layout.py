"""The reading half of an index: which generations there are, which one serves, is it whole.

    index/CURRENT                     one line, the name of the generation that serves
    index/generations/<time>-<digest>/manifest.json and the files it names

Writes nothing, follows no symbolic link below the index's folder, believes nothing that it reads.
"""

from __future__ import annotations

import errno
import re
from datetime import UTC, datetime
from pathlib import Path

from indexer.durable import hash_file, is_folder, list_tree, read_file
from indexer.errors import IndexCorrupt, IndexMissing
from indexer.manifest import MANIFEST_FILE, WAY_OUT, Manifest, parse_manifest

_NAME = re.compile(r"([0-9]{8}T[0-9]{6}Z)-([0-9a-f]{12})(?:-([2-9]|[1-9][0-9]{1,5}))?")
_CURRENT_BYTES = 200
# From read_file: no regular file, too long; from open(2): a link, a socket.
_NO_PLAIN_FILE = frozenset({errno.EINVAL, errno.EMSGSIZE, errno.ELOOP, errno.ENXIO})
# Some 200 bytes a file: room for 300,000 files, while a runaway file can't fill the memory.
_MANIFEST_BYTES = 64 << 20


def current_generation(index_dir: Path) -> Path:
    """The folder of the generation that serves.

    Raises:
        IndexMissing: Nothing is published, or what CURRENT names isn't there.
        IndexCorrupt: CURRENT can't be read or holds no generation's name.
    """
    file = index_dir / "CURRENT"
    try:
        line = current_line(index_dir)
    except OSError as error:
        raise IndexCorrupt(f"{file}: {error.strerror}; {WAY_OUT}") from error
    if line is None:
        raise IndexMissing(
            f"{index_dir}: no generation is published here; "
            f"make one with `python -m indexer build CORPUS --index {index_dir}`"
        )
    if not is_name(line):
        raise IndexCorrupt(f"{file}: holds {line[:80]!r}, no generation's name; {WAY_OUT}")
    for folder in (index_dir / "generations", index_dir / "generations" / line):
        if not _reads_as_folder(folder):
            raise IndexMissing(f"{file}: names {line}, but {folder} is no folder; {WAY_OUT}")
    return index_dir / "generations" / line


def generations(index_dir: Path) -> list[Path]:
    """The folders of all generations, oldest first by name; empty where there is no index.

    What else lies in generations/ (other names, files, links) is left out.

    Raises:
        IndexCorrupt: They can't be listed.
    """
    try:
        return list_generations(index_dir)
    except OSError as error:
        place = error.filename or index_dir
        raise IndexCorrupt(f"{place}: {error.strerror}; check who may read it") from error


def list_generations(index_dir: Path) -> list[Path]:
    """As `generations`, but with the operating system's own errors, for writers to report."""
    folder = index_dir / "generations"
    if not is_folder(folder):
        return []
    found = [path for path in folder.iterdir() if is_name(path.name) and is_folder(path)]
    return sorted(found, key=lambda path: publication_order(path.name))


def read_manifest(generation_dir: Path) -> Manifest:
    """The manifest of a generation, checked for form and against the folder's name, not its files.

    Raises:
        IndexMissing: There is no manifest, or no such folder.
        IndexCorrupt: It can't be read, isn't exactly what was written, is of another index format,
            or belongs to another generation.
    """
    file = generation_dir / MANIFEST_FILE
    try:
        content = read_file(file, _MANIFEST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexMissing(f"{file}: is not there; {WAY_OUT}") from error
    except OSError as error:
        raise IndexCorrupt(f"{file}: {error.strerror}; {WAY_OUT}") from error
    manifest = parse_manifest(content, str(file))
    named = _NAME.fullmatch(generation_dir.name)
    own = _stem(manifest.created, manifest.digest)
    if named and f"{named[1]}-{named[2]}" != own:
        raise IndexCorrupt(f"{file}: is that of generation {own}; {WAY_OUT}")
    return manifest


def verify_generation(generation_dir: Path, manifest: Manifest | None = None) -> Manifest:
    """Compare every file with the manifest (read from the folder where none is given), and return it.

    Raises:
        IndexMissing, IndexCorrupt: As `read_manifest`.
        IndexCorrupt: A file is missing, surplus, of another size or content, or a link; the message
            names the first one by path.
    """
    if manifest is None:
        manifest = read_manifest(generation_dir)
    try:
        tree = list_tree(generation_dir)
        for name in tree.others:
            raise _corrupt(generation_dir, name, "is a link or a device, no file")
        for name in sorted(manifest.files.keys() - set(tree.files)):
            raise _corrupt(generation_dir, name, "is missing")
        for name in sorted(set(tree.files) - manifest.files.keys() - {MANIFEST_FILE}):
            raise _corrupt(generation_dir, name, "is not in the manifest")
        for name, entry in sorted(manifest.files.items()):
            size, sha256 = hash_file(generation_dir / name)
            if size != entry.size:
                raise _corrupt(generation_dir, name, f"has {size:,} bytes, not {entry.size:,}")
            if sha256 != entry.sha256:
                raise _corrupt(generation_dir, name, "has another SHA-256 than the manifest says")
    except OSError as error:
        raise IndexCorrupt(
            f"{error.filename or generation_dir}: can't be read ({error.strerror}); {WAY_OUT}"
        ) from error
    return manifest


def current_line(index_dir: Path) -> str | None:
    """What CURRENT says, unchecked; None where there is no CURRENT. OSError where it can't be read.

    A CURRENT that is a link, a FIFO, a folder or too long says "", which is no name either.
    """
    try:
        content = read_file(index_dir / "CURRENT", _CURRENT_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in _NO_PLAIN_FILE:
            return ""
        raise
    return content.decode("ascii", "backslashreplace").removesuffix("\n")


def is_name(text: str) -> bool:
    """Whether `text` has the form of a generation's name."""
    return _NAME.fullmatch(text) is not None


def free_name(index_dir: Path, created: datetime, digest: str) -> str:
    """The name for a new generation: numbered from -2 where others are of the same second."""
    stem = _stem(created, digest)
    orders = [publication_order(folder.name) for folder in list_generations(index_dir)]
    numbers = [number for time, number in orders if stem.startswith(time)]
    return f"{stem}-{max(numbers) + 1}" if numbers else stem


def publication_order(name: str) -> tuple[str, int]:
    """The key that puts names in the order of publication, within a second by their number.

    Raises:
        ValueError: It is no generation's name.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no generation's name")
    return match[1], int(match[3] or 1)


def _stem(created: datetime, digest: str) -> str:
    return f"{created.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:12]}"


def _reads_as_folder(path: Path) -> bool:
    try:
        return is_folder(path)
    except OSError as error:
        raise IndexCorrupt(f"{path}: {error.strerror}; check who may read it") from error


def _corrupt(generation_dir: Path, name: str, fault: str) -> IndexCorrupt:
    return IndexCorrupt(f"{generation_dir / name}: {fault}; {WAY_OUT}")
