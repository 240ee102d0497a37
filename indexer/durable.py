"""Files and folders that outlive a crash: made, copied, hashed, listed and removed.

Owns the order of write and fsync. Every call goes through `os` (pathlib's too), so that a test can
make each of them fail. Opens no file through a symbolic link, waits on no FIFO. Knows nothing of generations;
errors are the operating system's (OSError), and the caller says what they mean.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COPY_BYTES = 1 << 20
READ_ONLY = 0o444
# Some file systems know no fsync of a folder and say so by these; PostgreSQL's fsync_fname passes
# over them too, there is nothing else to do.
_NO_FOLDER_FSYNC = frozenset({errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP})


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies below a folder, as posix paths relative to it, each tuple sorted (parents first).

    `others` is all that is neither a regular file nor a folder: links, FIFOs, sockets, devices.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    others: tuple[str, ...]


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor of `path`, closed at the end; a symbolic link is refused (ELOOP)."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def list_tree(folder: Path) -> Tree:
    """Everything below `folder`; a folder that is a link counts among `others`, never entered."""
    files: list[str] = []
    folders: list[str] = []
    others: list[str] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(folder / prefix) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                    waiting.append(f"{name}/")
                elif entry.is_file(follow_symlinks=False):
                    files.append(name)
                else:
                    others.append(name)
    return Tree(files=tuple(sorted(files)), folders=tuple(sorted(folders)), others=tuple(sorted(others)))


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder and no link to one; any error but absence is raised."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_there(path: Path) -> bool:
    """Whether anything has this name, a broken link too; any error but absence is raised."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def read_file(path: Path, limit_bytes: int) -> bytes:
    """The whole of a regular file. OSError where it is none (EINVAL) or too long (EMSGSIZE)."""
    with opened(path, os.O_RDONLY) as descriptor:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        content = bytearray()
        while block := os.read(descriptor, COPY_BYTES):
            content += block
            if len(content) > limit_bytes:
                raise OSError(errno.EMSGSIZE, f"is longer than {limit_bytes:,} bytes", str(path))
    return bytes(content)


def hash_file(path: Path, *, seal: bool = False) -> tuple[int, str]:
    """Size in bytes and SHA-256 (64 hex digits) of a file.

    `seal` makes it read-only and durable as well.
    """
    with opened(path, os.O_RDONLY) as descriptor:
        # A hard link of a sealed file has the mode already, and may belong to another user.
        if seal and stat.S_IMODE(os.fstat(descriptor).st_mode) != READ_ONLY:
            os.fchmod(descriptor, READ_ONLY)
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if seal:
            os.fsync(descriptor)
    return size, digest


def write_file(path: Path, content: bytes) -> None:
    """Write a new, read-only file and fsync it; FileExistsError where the name is taken."""
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
        _write_all(descriptor, content)
        os.fchmod(descriptor, READ_ONLY)
        os.fsync(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes of `source` into a new file, not yet durable; half a copy is removed."""
    with (
        opened(source, os.O_RDONLY) as reading,
        opened(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as writing,
    ):
        try:
            while block := os.read(reading, COPY_BYTES):
                _write_all(writing, block)
        except BaseException:
            target.unlink()
            raise


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable; the folder may be given by a link."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FSYNC:
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably; one that is there already is left alone."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def clear_folder(folder: Path) -> None:
    """Remove all that a folder holds, links as links."""
    tree = list_tree(folder)
    for name in (*tree.files, *tree.others):
        (folder / name).unlink()
    for name in reversed(tree.folders):
        (folder / name).rmdir()


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
