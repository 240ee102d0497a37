"""What a failed write to an index is told as: what, where, what serves now, and the way out."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.errors import IndexCorrupt, IndexMissing, PublishError
from indexer.layout import current_generation

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM})


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
        serving = f"{current_generation(index_dir).name} serves"
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
