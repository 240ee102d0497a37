"""Following CURRENT: one generation serves, the next is loaded beside it and swapped in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from indexer.embedding import Embedder
from indexer.errors import IndexerError, IndexMissing
from indexer.generation import current_generation
from indexer.reading import Index, open_index

# A refused generation is tried again after so many looks: memory may be free by then, files copied.
LOOKS_BEFORE_RETRY = 30


class IndexFollower:
    """Holds the index that CURRENT names and takes a new one when CURRENT changes.

    A generation that can't be opened is not taken: the old one keeps serving, `fault` says why.
    """

    def __init__(
        self,
        index_dir: Path,
        *,
        poll_s: float = 2.0,
        threads: int = 1,
        on_event: Callable[[str], None] | None = None,
        open_model: Callable[[Path], Embedder] | None = None,
    ) -> None:
        self.fault: str | None = None
        self._index_dir = index_dir
        self._poll_s = poll_s
        self._threads = threads
        self._on_event = on_event or (lambda _: None)
        self._open_model = open_model
        self._index: Index | None = None
        self._refused: str | None = None
        self._looks_left = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Load what is there now, then keep following in a thread of its own."""
        self.refresh()
        self._thread = threading.Thread(target=self._follow, name="index-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following; the index stays usable."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def current(self) -> Index:
        """The index that serves now.

        Raises: IndexMissing while none has been loaded.
        """
        index = self._index
        if index is None:
            raise IndexMissing(self.fault or f"{self._index_dir} holds no index: run python -m indexer build")
        return index

    def refresh(self) -> None:
        """Look at CURRENT once and take what it names; a fault is kept in `fault`, never raised."""
        try:
            name = current_generation(self._index_dir).name
            if self._index is not None and name == self._index.generation:
                self.fault, self._refused = None, None
                return
            if name == self._refused and self._looks_left > 0:
                self._looks_left -= 1
                return
        except IndexerError as error:
            self._report_fault(str(error))
            return
        try:
            index = open_index(
                self._index_dir, threads=self._threads, previous=self._index, open_model=self._open_model
            )
        except (IndexerError, OSError, MemoryError) as error:
            self._refused, self._looks_left = name, LOOKS_BEFORE_RETRY
            self._report_fault(f"generation {name} is not taken: {error}")
            return
        self._index, self.fault, self._refused = index, None, None
        self._on_event(f"serving generation {index.generation}")

    def _report_fault(self, fault: str) -> None:
        if fault != self.fault:
            self.fault = fault
            self._on_event(fault)

    def _follow(self) -> None:
        while not self._stopping.wait(self._poll_s):
            self.refresh()
