"""A writer may be stopped anywhere: what serves stays whole, and the next writer succeeds."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.generation import current_generation
from tests.faulty_writers import Report
from tests.index_scenarios import write
from tests.os_faults import CHANGING, READING, Recorder, intercepted

REPOSITORY = Path(__file__).parents[1]
# "next" makes every call that the others make; they are about what is there before.
KINDS = {
    "first": "error,exit",
    "next": "error,errors,interrupt,exit",
    "rollback": "error,interrupt,exit",
}
CALLS = {
    "first": {"open", "write", "fsync", "close", "mkdir", "fchmod", "rename", "replace", "flock"},
    "next": {*CHANGING, *READING - {"readlink"}, "flock"},
    "rollback": {"open", "write", "fsync", "close", "read", "mkdir", "replace", "rmdir", "flock"},
}
# The package without its reading API, which brings numpy and threads: forks are safe and quick so.
PROGRAM = """
import sys, types
sys.modules["indexer"] = types.ModuleType("indexer")
sys.modules["indexer"].__path__ = ["indexer"]
from tests.faulty_writers import main
main(*sys.argv[1:])
"""
MEMORY_DISK = Path("/dev/shm")


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: these tests make some ten thousand small files."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else tmp_path))
    yield folder
    shutil.rmtree(folder)


def run_writers(
    kinds: str, *, scenario: str, folder: Path, seed: int = 0, within: tuple[str, ...] = ()
) -> Report:
    program = [sys.executable, "-c", PROGRAM, kinds, scenario, str(folder), str(seed)]
    done = subprocess.run([*within, *program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Report(**json.loads(done.stdout))


@pytest.mark.parametrize("scenario", ["first", "next", "rollback"])
def test_a_writer_stopped_at_any_call_leaves_a_whole_index(scenario: str, scratch: Path) -> None:
    report = run_writers(KINDS[scenario], scenario=scenario, folder=scratch)
    assert report.problems == []
    # Every call was met by each kind of fault.
    assert report.outcomes == {"10": len(report.calls)}
    assert set(report.calls) >= CALLS[scenario]


def test_ctrl_c_at_any_line_of_the_writer_leaves_a_whole_index(scratch: Path) -> None:
    report = run_writers("line", scenario="next", folder=scratch)
    assert report.problems == []
    assert report.outcomes == {"0": len(report.calls)}
    assert len(report.calls) > 100


def test_a_killed_writer_leaves_a_whole_index_and_frees_the_lock(scratch: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    report = run_writers("kill", scenario="next", folder=scratch, seed=seed)
    assert report.problems == []
    assert report.outcomes == {"-9": 20}


def test_a_write_that_the_kernel_refuses_keeps_the_old_generation(scratch: Path) -> None:
    report = run_writers("file-limit", scenario="next", folder=scratch)
    assert report.problems == []
    assert report.outcomes == {"10": 7, "0": 2}


def test_a_full_disk_keeps_the_old_generation(scratch: Path) -> None:
    within = ("unshare", "--map-root-user", "--mount")
    probe = ("mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=200", "tmpfs", str(scratch))
    if shutil.which("unshare") is None:
        pytest.skip("unshare(1) is not here; the test with a file limit stands in")
    allowed = subprocess.run([*within, *probe], capture_output=True, text=True, check=False)
    if allowed.returncode != 0:
        pytest.skip(f"may not mount here ({allowed.stderr.strip()}); the test with a file limit stands in")
    report = run_writers("tmpfs", scenario="next", folder=scratch, within=within)
    assert report.problems == []
    assert report.outcomes.keys() == {"10", "0"}  # some found the disk full, some had room


def test_everything_is_durable_before_a_name_points_to_it(tmp_path: Path) -> None:
    index_dir = tmp_path / "index"
    oldest = write(index_dir, 1)
    write(index_dir, 2)
    recorder = Recorder()
    with intercepted(recorder):
        generation = write(index_dir, 3)
    staged = index_dir / "staging" / "next"
    pruned = index_dir / "staging" / oldest.name

    def at(call: str, path: Path) -> int:
        return recorder.calls.index((call, str(path)))

    installed = at("rename", generation)
    for name in ("model", "ja-jp/vectors", "ja-jp/lexical/terms", "manifest.json"):
        assert at("fsync", staged / name) < installed
    assert at("write", staged / "manifest.json") < at("fsync", staged / "manifest.json")
    for folder in (staged / "ja-jp" / "lexical", staged / "ja-jp", staged):
        assert at("fsync", staged / "ja-jp" / "vectors") < at("fsync", folder) < installed
    assert at("fsync", staged / "manifest.json") < at("fsync", staged)
    written = at("fsync", index_dir / "staging" / "CURRENT")
    replaced = at("replace", index_dir / "CURRENT")
    assert installed < at("fsync", index_dir / "generations") < replaced
    assert at("write", index_dir / "staging" / "CURRENT") < written < replaced
    assert replaced < at("fsync", index_dir) < at("rename", pruned)
    moved, removed = at("rename", pruned), at("unlink", pruned / "model")
    assert ("fsync", str(index_dir / "generations")) in recorder.calls[moved:removed]
    assert current_generation(index_dir) == generation
