"""What CI runs on a fresh machine: the packages that are missing, no others, then all tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What each of these packages gives to the machine of CI.
PACKAGES = (
    "chromium", "fonts-dejavu-core", "fonts-noto-cjk", "git", "make", "postgresql", "python3-venv",
    "redis-server",
)  # fmt: skip
RECORD = 'printf "%s\\n" "${0##*/} $*" >>"$RECORDED"\n'
STAND_INS = {
    "apt-get": RECORD + 'case $* in *" make"*) cp "$HELD/make" "${0%/*}/make" ;; esac\n',
    "chromium": "",
    "dpkg-query": 'for name; do :; done; [ -e "$HELD/$name" ] && echo installed\n',
    "git": "",
    "make": RECORD,
    "redis-server": "",
    "python3": '[ -e "$HELD/python3-venv" ]\n',
    "sudo": '[ "$1" = --non-interactive ] && shift && exec "$@"\n',
}


@dataclass(frozen=True, slots=True)
class Machine:
    """A copy of CI's script, and a PATH of stand-ins; `run` gives what apt-get and make were called with."""

    folder: Path

    def run(self, *, without: frozenset[str]) -> list[str]:
        programs, held = self.folder / "bin", self.folder / "held"
        server = self.folder / "postgresql/15/bin/initdb"
        for each in (programs, held, server.parent, self.folder / ".ci"):
            each.mkdir(parents=True)
        for name in ("cp", "dirname", "grep"):
            (programs / name).symlink_to(str(shutil.which(name)))
        for name, script in STAND_INS.items():
            _write_program((held if name in without else programs) / name, script)
        for name in {"fonts-dejavu-core", "fonts-noto-cjk", "python3-venv"} - without:
            (held / name).touch()
        if "postgresql" not in without:
            server.touch()
        text = (ROOT / ".ci/run").read_text(encoding="utf-8")
        assert text.count('"/usr/lib/postgresql/') == 1
        script_copy = self.folder / ".ci/run"
        script_copy.write_text(text.replace('"/usr/lib/postgresql/', f'"{self.folder}/postgresql/'))
        recorded = self.folder / "recorded"
        done = subprocess.run(
            [str(shutil.which("bash")), str(script_copy)],
            env={"PATH": str(programs), "HELD": str(held), "RECORDED": str(recorded)},
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return recorded.read_text().splitlines()


def _write_program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}")
    file.chmod(0o755)


@pytest.mark.parametrize("missing", [*((name,) for name in PACKAGES), PACKAGES], ids=" ".join)
def test_ci_installs_exactly_the_packages_that_are_missing(tmp_path: Path, missing: tuple[str, ...]) -> None:
    update, install, test = Machine(tmp_path).run(without=frozenset(missing))
    assert update == "apt-get -qq update"
    words = install.split()
    assert words[:5] == ["apt-get", "-qq", "install", "--yes", "--no-install-recommends"]
    assert sorted(words[5:]) == sorted(missing)
    assert test == "make test PYTHON=python3"


def test_ci_installs_nothing_where_all_is_there(tmp_path: Path) -> None:
    assert Machine(tmp_path).run(without=frozenset()) == ["make test PYTHON=python3"]


def test_the_script_stops_at_a_fault_and_ends_with_the_tests() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True, timeout=30)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert "export CI=true" in lines
    assert lines[-1].startswith("make test ")
