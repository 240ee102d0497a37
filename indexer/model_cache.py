"""Folders that are expensive to make and never change: made once, whole or not there at all.

A folder is filled under a staging name and renamed when it is complete, with the size and SHA-256
of each file in `files.json`. It is checked against them each time it is asked for; a damaged one
is made anew. Processes that want the same folder wait for the one that makes it. After a power cut
a file may be short in spite of the rename: the check finds it, so nothing is fsynced.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.durable import hash_file, list_tree

_CHECKSUMS = "files.json"


def cached_folder(
    cache_dir: Path, key: str, *, fill: Callable[[Path], None], say: Callable[[str], None]
) -> Path:
    """Return `cache_dir/key`, filled by `fill` unless it is there and whole.

    `fill` gets an empty folder and writes files and folders into it. `say` hears of waiting and of
    damage. Raises: what `fill` raises, and OSError; nothing is left behind then.
    """
    folder = cache_dir / key
    if _is_whole(folder):
        return folder
    cache_dir.mkdir(parents=True, exist_ok=True)
    with _locked(cache_dir / f"{key}.lock", say):
        # Another process may have made it while this one waited.
        if _is_whole(folder):
            return folder
        if folder.exists():
            say(f"{folder} is damaged and made anew")
        staging = cache_dir / f"{key}.staging"
        _remove(staging)
        staging.mkdir()
        try:
            fill(staging)
            (staging / _CHECKSUMS).write_text(json.dumps(_checksums(staging), indent=1) + "\n", "utf-8")
            _remove(folder)
            staging.rename(folder)
        finally:
            _remove(staging)
    return folder


def _checksums(folder: Path) -> dict[str, tuple[int, str]]:
    return {name: hash_file(folder / name) for name in list_tree(folder).files if name != _CHECKSUMS}


def _is_whole(folder: Path) -> bool:
    try:
        recorded = json.loads((folder / _CHECKSUMS).read_bytes())
        found = _checksums(folder)
    except (OSError, ValueError):
        return False
    return bool(recorded == {name: list(entry) for name, entry in found.items()})


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _locked(file: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock; the operating system frees it when its holder dies. The file stays."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that prepares the same model")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
