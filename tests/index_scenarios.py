"""What a writer of an index is asked to do, and what must hold when it was stopped."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from indexer.errors import IndexerError, PublishError
from indexer.generation import (
    LocaleEntry,
    ModelEntry,
    current_generation,
    generations,
    rollback,
    stage,
    verify_generation,
)
from indexer.writing import take_lock
from tests.os_faults import Fault, intercepted

MODEL = ModelEntry(name="m", fingerprint="00", dimension=4, max_tokens=8, engine="ctranslate2")
LOCALES = {"ja-jp": LocaleEntry(articles=1, passages=2, sentences=3, digest="11")}
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
STAYS = [".lock", "CURRENT", "generations", "staging"]
LEFTOVERS = ["CURRENT", "crashed"]


def write(index_dir: Path, number: int) -> Path:
    """Publish generation `number`, keep 2: new files in two folders, one adopted where that works."""
    with stage(index_dir) as staging:
        (staging.dir / "ja-jp" / "lexical").mkdir(parents=True)
        (staging.dir / "ja-jp" / "vectors").write_bytes(bytes([number % 256]) * 100)
        (staging.dir / "ja-jp" / "lexical" / "terms").write_bytes(b"terms" * number)
        with suppress(IndexerError):
            staging.adopt(current_generation(index_dir) / "model", "model")
        if not (staging.dir / "model").exists():
            (staging.dir / "model").write_bytes(b"weights")
        return staging.publish(
            created=FIRST + timedelta(days=number),
            digest=f"{number:064x}",
            options={"number": number},
            model=MODEL,
            locales=LOCALES,
            keep=2,
        )


def write_third(index_dir: Path) -> Path:
    """The writer under fault in the scenarios "first" (of an empty index) and "next"."""
    return write(index_dir, 3)


SCENARIOS: dict[str, Callable[[Path], Path]] = {
    "first": write_third,
    "next": write_third,
    "rollback": rollback,
}


def prepare(scenario: str, index_dir: Path) -> None:
    """Lay down what the scenario finds: two generations and, for "next", a crashed writer's leftovers."""
    if scenario == "first":
        return
    write(index_dir, 1)
    write(index_dir, 2)
    if scenario == "next":
        (index_dir / "staging" / "crashed").mkdir()
        (index_dir / "staging" / "crashed" / "vectors").write_bytes(b"half")
        (index_dir / "staging" / "CURRENT").write_bytes(b"2025")


def inspect(index_dir: Path) -> None:
    """Assert what a reader and the next writer need."""
    for folder in generations(index_dir):
        verify_generation(folder)
    if (index_dir / "CURRENT").exists():
        assert current_generation(index_dir) in generations(index_dir)
    with intercepted(Fault("error", at=0)):
        newest = write(index_dir, 4)
    assert current_generation(index_dir) == newest, "the next publication is not current"
    verify_generation(newest)
    assert names_in(index_dir / "staging") == [], "the next publication left garbage in staging/"
    assert names_in(index_dir) == STAYS
    names = [folder.name for folder in generations(index_dir)]
    assert sorted(names) == names_in(index_dir / "generations"), "garbage in generations/"
    assert len(names) <= 2, f"not pruned: {names}"


def names_in(folder: Path) -> list[str]:
    """The names that a folder holds, sorted; none where there is no folder."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def disk_state(index_dir: Path) -> frozenset[tuple[str, bytes]]:
    """All names below a folder with their bytes: equal states need one inspection."""
    state: set[tuple[str, bytes]] = set()
    for folder, folders, files in os.walk(index_dir):
        state.update((f"{folder}/{name}", b"/") for name in folders)
        state.update((f"{folder}/{name}", Path(folder, name).read_bytes()) for name in files)
    return frozenset(state)


def judge_error(error: BaseException, *, index_dir: Path, before: list[str], fault: Fault) -> None:
    """Assert that an error which reached the caller is ours, tells the truth and left nothing.

    `before` is `standing` as it was. What lay in staging/ may stay where the fault came before it
    was cleared.
    """
    kind = KeyboardInterrupt if fault.kind == "interrupt" else IndexerError
    assert isinstance(error, kind), f"{error!r} reached the caller"
    if (index_dir / ".lock").exists():
        os.close(take_lock(index_dir))  # IndexBusy where the failed writer holds it still
    if fault.kind == "errors":
        return
    now = standing(index_dir)
    if isinstance(error, PublishError):
        truth = f"generation {now[0]} serves" if now[0] else "no generation serves yet"
        assert truth in str(error), f"not told that {truth}: {error}"
    elif fault.kind == "error":
        assert now[0] == before[0], f"{error!r} was raised, but {now[0]} serves"
    assert now == before or now[0] != before[0], f"{error!r} was raised, but {now} stands for {before}"
    if "clear_folder" not in functions_of(error) and not hasattr(error, "__notes__"):
        left = names_in(index_dir / "staging")
        assert left in ([], LEFTOVERS), f"staging/ holds {left} after {error!r}"


def standing(index_dir: Path) -> list[str]:
    """The name of the generation that serves ("" for none), then those of all there are."""
    serving = current_generation(index_dir).name if (index_dir / "CURRENT").exists() else ""
    return [serving, *(folder.name for folder in generations(index_dir))]


def functions_of(error: BaseException | None) -> Iterator[str]:
    """The functions that an error, and what it was raised from, came through."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            yield frame.f_code.co_name
        error = error.__cause__ or error.__context__
