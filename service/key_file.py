"""The file of keys: read whole, replaced whole, and followed while the service runs.

The file is JSON and for its owner's eyes: whoever reads the token secret can sign session tokens.
One writer at a time holds the lock beside it; readers need none, for a rename replaces the file.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from service.keys import KeyRing, new_ring

FILE_MODE = 0o600
OTHERS_MAY = stat.S_IROTH | stat.S_IWOTH
SIZE_MAX_BYTES = 16 * 1_048_576
# A stat a second costs nothing, and a revoked key works at most this much longer.
LOOK_S = 1.0

_RINGS = TypeAdapter(KeyRing)
Signature = tuple[int, int, int]


class KeyFileError(Exception):
    """The file of keys can't be read or written; the message names it and the way out, and no secret."""


def read_ring(file: Path) -> KeyRing | None:
    """The keys of `file`, None where there is no such file.

    Raises:
        KeyFileError: others may read it, or it is no file of keys.
    """
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise KeyFileError(f"{file} is no regular file")
            if mode & OTHERS_MAY:
                raise KeyFileError(f"others may read or write {file}: chmod 600 {file}")
            content = opened.read(SIZE_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(f"can't read {file}: {error.strerror or error}") from None
    if len(content) > SIZE_MAX_BYTES:
        raise KeyFileError(f"{file} is longer than {SIZE_MAX_BYTES:,} bytes")
    try:
        return _RINGS.validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the whole"
        raise KeyFileError(f"{file} is no file of keys: {place}: {fault['msg']}") from None


def change_ring(file: Path, change: Callable[[KeyRing], KeyRing]) -> None:
    """Replace the keys of `file` by what `change` makes of them; a new file where there is none.

    What `change` raises leaves the file as it was.

    Raises:
        KeyFileError: the file can't be read or written.
    """
    with _locked(file):
        changed = change(read_ring(file) or new_ring())
        try:
            _replace(file, _RINGS.dump_json(changed, indent=2) + b"\n")
        except OSError as error:
            raise KeyFileError(f"can't write {file}: {error.strerror or error}") from None


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    try:
        descriptor = os.open(_beside(file, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise KeyFileError(f"can't write beside {file}: {error.strerror or error}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(file: Path, content: bytes) -> None:
    # What a crash left behind is overwritten: the lock is held.
    new = _beside(file, "new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        new.replace(file)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(f".{file.name}.{suffix}")


class KeyFile:
    """The keys of a file, as they are now; a fault or the file's loss leaves those known before.

    So a slip of the operator's never opens a service that asked for keys.
    """

    def __init__(self, file: Path, *, clock: Callable[[], float], on_event: Callable[[str], None]) -> None:
        """Read `file` once; `clock` gives seconds, `on_event` is told of each change and fault.

        Raises:
            KeyFileError: it can't be read.
        """
        self._file = file
        self._clock = clock
        self._on_event = on_event
        self._signature = _sign(file)
        self._ring = read_ring(file)
        self._looked = clock()
        self.fault: str | None = None

    def ring(self) -> KeyRing | None:
        """The keys; None where there never was a file. Looks at the file at most once in LOOK_S."""
        now = self._clock()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._look()
        return self._ring

    def _look(self) -> None:
        signature = _sign(self._file)
        if signature == self._signature:
            return
        self._signature = signature
        try:
            ring = read_ring(self._file)
            if ring is None:
                raise KeyFileError(f"{self._file} is gone")
        except KeyFileError as error:
            self.fault = str(error)
            self._on_event(f"keys: {error}; those known before stay")
            return
        self._ring, self.fault = ring, None
        self._on_event(f"keys: {len(ring.keys)} read from {self._file}")


def _sign(file: Path) -> Signature | None:
    """What differs where the file differs; None where it can't be looked at."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
