"""Writers of an index that are stopped everywhere, and what they leave; run as a program.

`main` forks one child for each fault, lets it write an index that it may not finish, then looks at
what is left as the next reader and the next writer would, and prints a `Report` as JSON. A program of
its own (`test_publishing_faults` starts it), because only a process without threads forks safely.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from indexer.errors import PublishError
from indexer.generation import current_generation, verify_generation
from tests.index_scenarios import (
    SCENARIOS,
    disk_state,
    inspect,
    judge_error,
    names_in,
    prepare,
    standing,
    write,
)
from tests.os_faults import STRUCK, Fault, intercepted

DONE, WRONG = 0, 20


@dataclass
class Report:
    """How many faults were tried, how each child ended, and what was wrong after one."""

    calls: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def forked(work: Callable[[], int | list[int]], log: Path) -> int:
    """Run `work` in a child; what it returns (0 for a list), negative where a signal ended it."""
    gc.freeze()  # or every collection in the child copies the parent's pages
    child = os.fork()
    if child == 0:
        try:
            done = work()
            status = done if isinstance(done, int) else DONE
        except BaseException:
            log.write_text(traceback.format_exc())
            status = WRONG
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@dataclass
class Trial:
    """Runs writers on copies of one prepared index and collects what is wrong after each."""

    scenario: str
    folder: Path
    report: Report = field(default_factory=Report)
    sound: set[frozenset[tuple[str, bytes]]] = field(default_factory=set)

    def __post_init__(self) -> None:
        prepare(self.scenario, self.folder / "base")

    def fresh(self) -> Path:
        """A copy of what the scenario finds; files hard-linked, as no writer edits one."""
        index_dir = self.folder / "index"
        shutil.rmtree(index_dir, ignore_errors=True)
        if (self.folder / "base").exists():
            shutil.copytree(self.folder / "base", index_dir, copy_function=os.link)
        return index_dir

    def judge(self, what: str, *, index_dir: Path, status: int, expected: tuple[int, ...]) -> None:
        """Note how a writer ended, and what is wrong with what it left."""
        log = self.folder / "log"
        self.report.outcomes[str(status)] = self.report.outcomes.get(str(status), 0) + 1
        try:
            assert status in expected, log.read_text() if log.exists() else f"exit status {status}"
            if index_dir.exists():
                state = disk_state(index_dir)
                if state not in self.sound:
                    inspect(index_dir)
                self.sound.add(state)
        except Exception:
            self.report.problems.append(f"{what}: {traceback.format_exc()}")
        log.unlink(missing_ok=True)


def strike_every_call(trial: Trial, kind: str) -> None:
    """One writer for each call of the operating system that it makes."""
    run = SCENARIOS[trial.scenario]
    counted = Fault(kind, at=0)
    index_dir = trial.fresh()
    before = standing(index_dir)
    with intercepted(counted):
        run(index_dir)
    trial.report.calls += counted.calls
    for at, name in enumerate(counted.calls, start=1):
        fault = Fault(kind, at=at)
        index_dir = trial.fresh()

        def work(fault: Fault = fault, index_dir: Path = index_dir) -> int:
            try:
                with intercepted(fault):
                    run(index_dir)
            except BaseException as error:
                judge_error(error, index_dir=index_dir, before=before, fault=fault)
            return STRUCK if fault.has_struck else DONE

        status = forked(work, trial.folder / "log")
        trial.judge(f"{kind} at call {at} ({name})", index_dir=index_dir, status=status, expected=(STRUCK,))


def interrupt_every_line(trial: Trial) -> None:
    """Ctrl-C before each line of staging.py that a writer executes."""
    lines = interrupted_lines(trial, at=0)
    trial.report.calls = [str(line) for line in lines]
    for at, line in enumerate(lines, start=1):
        index_dir = trial.fresh()
        status = forked(partial(interrupted_lines, trial, at=at), trial.folder / "log")
        trial.judge(f"Ctrl-C at line {line}", index_dir=index_dir, status=status, expected=(DONE,))


def interrupted_lines(trial: Trial, *, at: int) -> list[int]:
    """The lines of staging.py that a writer executed; KeyboardInterrupt before number `at` of them."""
    lines: list[int] = []

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.endswith("/indexer/staging.py"):
            return None
        if event == "line":
            lines.append(frame.f_lineno)
            if len(lines) == at:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    index_dir = trial.folder / "index" if at else trial.fresh()
    sys.settrace(trace)
    try:
        with suppress(KeyboardInterrupt), intercepted(Fault("exit", at=0)):
            SCENARIOS[trial.scenario](index_dir)
    finally:
        sys.settrace(None)
    return lines


def kill_at_random(trial: Trial, seed: int) -> None:
    """SIGKILL to writers that publish without end; 20 of them on one index."""
    chance = random.Random(seed)
    index_dir = trial.fresh()
    started = time.perf_counter()
    write(index_dir, 3)
    took_s = min(time.perf_counter() - started, 0.05)  # a busy machine must not stretch the test
    for round_number in range(20):
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                for number in range(5, 10_000):
                    write(index_dir, number)
            os._exit(WRONG)
        time.sleep(chance.uniform(0, 3 * took_s))
        os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        trial.judge(f"round {round_number}", index_dir=index_dir, status=status, expected=(-signal.SIGKILL,))


def write_without_room(index_dir: Path) -> int:
    """Publish where there may be no room, in the child."""
    before = current_generation(index_dir)
    told = ""
    try:
        write(index_dir, 3)
    except PublishError as error:
        told = str(error)
    if not told:
        return DONE
    assert current_generation(index_dir) == before, f"{told}, but CURRENT has changed"
    verify_generation(before)
    assert f"generation {before.name} serves; free space there" in told
    assert names_in(index_dir / "staging") == [], f"staging/ is not empty after {told}"
    return STRUCK


def limit_file_sizes(trial: Trial) -> None:
    """No file may grow beyond n bytes: the kernel fails the write (EFBIG), no rights are needed."""
    for limit in (0, 1, 14, 15, 99, 100, 500, 1100, 5000):
        index_dir = trial.fresh()

        def work(limit: int = limit, index_dir: Path = index_dir) -> int:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                return write_without_room(index_dir)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        status = forked(work, trial.folder / "log")
        expected = (DONE,) if limit == 5000 else (STRUCK,) if limit <= 500 else (DONE, STRUCK)
        trial.judge(f"limit {limit}", index_dir=index_dir, status=status, expected=expected)


def fill_disk(trial: Trial) -> None:
    """A tmpfs with room for n more pages, then for n more files (ENOSPC); needs the right to mount."""
    disk = trial.folder / "disk"
    disk.mkdir()
    for what, most in (("pages", 5), ("files", 12)):
        for count in range(most + 1):
            run_mount("-t", "tmpfs", "-o", "size=1m,nr_inodes=200", "tmpfs", disk)
            index_dir = disk / "index"
            prepare("rollback", index_dir)
            usage = os.statvfs(disk)
            if what == "pages":
                (disk / "filler").write_bytes(bytes((usage.f_bfree - count) * usage.f_frsize))
            else:
                limit_files(usage.f_files - usage.f_ffree + count, disk)
            status = forked(partial(write_without_room, index_dir), trial.folder / "log")
            (disk / "filler").unlink(missing_ok=True)
            limit_files(200, disk)
            expected = (STRUCK,) if count == 0 else (DONE,) if count == most else (STRUCK, DONE)
            trial.judge(f"{count} {what} left", index_dir=index_dir, status=status, expected=expected)
            subprocess.run(["umount", disk], check=True)


def limit_files(most: int, disk: Path) -> None:
    """Let a mounted tmpfs hold `most` files and folders."""
    # With the source named, mount(8) leaves out the mount's old uid=, which a user namespace refuses.
    run_mount("-t", "tmpfs", "-o", f"remount,nr_inodes={most}", "tmpfs", disk)


def run_mount(*arguments: str | Path) -> None:
    """Run mount(8); it prints its own errors."""
    subprocess.run(["mount", *arguments], check=True)


def main(kinds: str, scenario: str, folder: str, seed: str = "0") -> None:
    """Try kinds of fault (with commas between) and print their report."""
    trial = Trial(scenario, Path(folder))
    for kind in kinds.split(","):
        if kind == "line":
            interrupt_every_line(trial)
        elif kind == "kill":
            kill_at_random(trial, int(seed))
        elif kind == "file-limit":
            limit_file_sizes(trial)
        elif kind == "tmpfs":
            fill_disk(trial)
        else:
            strike_every_call(trial, kind)
    print(json.dumps(asdict(trial.report)))
