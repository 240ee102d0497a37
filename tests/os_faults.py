"""A layer between a program and `os` that counts its calls, records them, or makes one of them fail.

Patches `os` and `fcntl.flock` only, for the calling thread only, and nothing of ours. pathlib calls
`os`, so it is seen too.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

CHANGING = frozenset("open write fsync rename replace link mkdir unlink rmdir fchmod".split())
READING = frozenset("close read scandir listdir stat lstat fstat readlink".split())
STRUCK = 10  # the exit status of a process that Fault ended

Call = Callable[[], Any]
Hook = Callable[[str, tuple[Any, ...], Call], Any]


@contextmanager
def intercepted(hook: Hook) -> Iterator[None]:
    """Send each call through `hook(name, arguments, proceed)`, which answers for it."""
    here = threading.get_ident()

    def through(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if threading.get_ident() != here:
                return original(*arguments, **options)
            return hook(name, arguments, lambda: original(*arguments, **options))

        return call

    originals = [(os, name, getattr(os, name)) for name in sorted(CHANGING | READING)]
    originals.append((fcntl, "flock", fcntl.flock))
    for module, name, original in originals:
        setattr(module, name, through(name, original))
    try:
        yield
    finally:
        for module, name, original in originals:
            setattr(module, name, original)


@dataclass
class Fault:
    """Strikes at call number `at`, counted from 1; never where it is 0.

    Kinds: "error" raises OSError in place of any call; "errors" in place of a call that changes the
    disk and of every call after it; "interrupt" raises KeyboardInterrupt after a changing call;
    "exit" ends the process before one (before any other call, the disk would be left the same).
    A close is carried out before it fails, as a real one is. fsync is counted, not carried out: what
    the kernel holds outlives a process.
    """

    kind: str
    at: int
    calls: list[str] = field(default_factory=list)

    @property
    def has_struck(self) -> bool:
        """Whether the call was reached."""
        return 0 < self.at <= len(self.calls)

    def __call__(self, name: str, arguments: tuple[Any, ...], proceed: Call) -> Any:
        """Answer for one call of `os`."""
        if name in CHANGING or self.kind == "error":
            self.calls.append(name)
            strikes = self.has_struck and (self.kind == "errors" or len(self.calls) == self.at)
        else:
            strikes = self.has_struck and self.kind == "errors"
        if strikes and self.kind == "exit":
            os._exit(STRUCK)
        if strikes and self.kind in ("error", "errors") and name != "close":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), *arguments[:1])
        done = None if name == "fsync" else proceed()
        if strikes and self.kind == "interrupt":
            raise KeyboardInterrupt
        if strikes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return done


@dataclass
class Recorder:
    """Writes down the changing calls as (name, path), a descriptor by the path it was opened for."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    paths: dict[int, str] = field(default_factory=dict)

    def __call__(self, name: str, arguments: tuple[Any, ...], proceed: Call) -> Any:
        """Answer for one call of `os`."""
        done = proceed()
        if name == "open":
            self.paths[done] = os.fspath(arguments[0])
        elif name in CHANGING:
            target = arguments[1] if name in ("rename", "replace", "link") else arguments[0]
            path = self.paths[target] if isinstance(target, int) else os.fspath(target)
            self.calls.append((name, path))
        return done
