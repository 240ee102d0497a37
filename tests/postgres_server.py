"""A PostgreSQL server of the tests' own: on loopback, on a free port, in a folder that goes away."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

USER = "citedesk"


def find_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest version's; None where there is none."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    if found:
        return found[0].parent
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).resolve().parent


class PostgresServer:
    """One cluster; `start` and `stop` may be called again and again."""

    def __init__(self, programs: Path) -> None:
        """Make the cluster. As root its programs run as the user postgres, for they refuse root."""
        self._programs = programs
        self._as_user = "postgres" if os.geteuid() == 0 else None
        self._password = secrets.token_hex(16)
        self._databases = 0
        # Not below pytest's folders, which nobody but their owner may enter.
        self._folder = Path(tempfile.mkdtemp(prefix="citedesk-postgres-"))
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        if self._as_user:
            shutil.chown(self._folder, self._as_user)
            shutil.chown(password_file, self._as_user)
        self._run(
            "initdb", "--pgdata", self._data, "--username", USER, "--pwfile", password_file,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
            "-c fsync=off -c full_page_writes=off -c max_connections=30"
        )
        log = self._folder / "log"
        self._run("pg_ctl", "start", "--wait", "--pgdata", self._data, "--log", log, "--options", options)

    def stop(self) -> None:
        """Stop it at once; connections break."""
        self._run("pg_ctl", "stop", "--wait", "--pgdata", self._data, "--mode", "immediate")

    def freeze(self) -> None:
        """Let none of its processes run on: connections stay open and nothing is answered."""
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them run on."""
        for process in self._processes():
            os.kill(process, signal.SIGCONT)

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.execute(f"CREATE DATABASE {name}", database="postgres")
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, *, database: str) -> str:
        """What `psql` prints of a statement's rows, columns separated by |."""
        return self._run(
            "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1",
            "--host", "127.0.0.1", "--port", str(self.port), "--username", USER, "--dbname", database,
            "--command", statement,
        )  # fmt: skip

    def remove(self) -> None:
        """Stop it and delete the cluster."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder)

    def _processes(self) -> list[int]:
        main = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    def _run(self, program: str, *arguments: str | Path) -> str:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": self._password},
            user=self._as_user,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
        return done.stdout
