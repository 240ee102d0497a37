"""Who may write an index, and what a failed write is told as: what, where, what serves, the way out."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.durable import is_folder, is_there
from indexer.errors import IndexBusy, IndexCorrupt, IndexMissing, PublishError
from indexer.layout import current_generation

_LOCK_FILE = ".lock"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM})


def take_lock(index_dir: Path) -> int:
    """A descriptor that holds the index's writer lock until it is closed or the process ends.

    Forked children inherit it: one that outlives a killed writer keeps the lock.

    Raises:
        IndexBusy: Another process, or this one already, is writing the index.
    """
    file = index_dir / _LOCK_FILE
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise IndexBusy(
            f"{index_dir}: another process is writing this index; wait for it, or stop it "
            f"(`fuser {file}` says which one), then run it again"
        ) from error
    except BaseException:
        os.close(lock)
        raise
    return lock


def refuse_foreign_folder(index_dir: Path) -> None:
    """Keep a mistyped --index from having its `staging` folder cleared.

    Raises:
        PublishError: There is something in it, and no index ever was here.
    """
    staging = index_dir / "staging"
    if is_folder(staging) and any(staging.iterdir()) and not is_there(index_dir / _LOCK_FILE):
        raise PublishError(f"{staging} is not an index's: choose another --index, or move it away")


@contextmanager
def reported(index_dir: Path, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a PublishError; `doing` is a participle ("publishing")."""
    try:
        yield
    except OSError as error:
        raise failure(index_dir, doing, error) from error


def failure(index_dir: Path, doing: str, error: OSError) -> PublishError:
    """The PublishError that tells `error`; CURRENT is read to say what serves."""
    if error.errno in _FULL:
        way_out = "free space there, then run it again"
    elif error.errno in _DENIED:
        way_out = "give this user the right to write there, or choose another --index"
    elif error.errno == errno.EROFS:
        way_out = "mount it for writing, or choose another --index"
    else:
        way_out = "mend that, then run it again"
    try:
        serving = f"generation {current_generation(index_dir).name} serves"
    except IndexMissing:
        serving = "no generation serves yet"
    except IndexCorrupt:
        serving = "CURRENT can't be read"
    place = error.filename or index_dir
    return PublishError(f"{doing} failed at {place}: {error.strerror}; {serving}; {way_out}")


def is_of_writing(error: OSError, index_dir: Path) -> bool:
    """Whether `error` tells of a full or read-only disk, or of a path below the index.

    A failed write() carries no path, so the first two are taken to be the index's.
    """
    if error.errno in _FULL or error.errno == errno.EROFS:
        return True
    return isinstance(error.filename, str | Path) and Path(error.filename).is_relative_to(index_dir)
