"""Programs of this repository as processes of their own, and a service among them that is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_S = 60
# The head of a question that a test writes to the socket itself; a length and an empty line follow.
ASK_HEAD = b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@contextmanager
def running(*command: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this Python with these settings; killed at the end where it still runs."""
    # Keys that a developer made in this folder are not the tests', and no process leaves a database in it.
    given = {"keys_file": "no-keys.json", "database_url": "", **settings}
    environment = {**os.environ, **{f"CITEDESK_{name.upper()}": value for name, value in given.items()}}
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            # The server's worker ends with its parent's orderly stop only.
            process.terminate()
        process.communicate(timeout=START_S)


def wait_until_live(port: int) -> str:
    """The address, once the service answers there."""
    address = f"http://127.0.0.1:{port}"
    for _ in range(20 * START_S):
        try:
            httpx.get(f"{address}/health/live")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return address
    raise AssertionError(f"nothing answers at {address} after {START_S} s")
