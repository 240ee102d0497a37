"""Access of the service as a process: where it listens, which keys it hears of, what it logs."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from service.__main__ import app, load_app
from service.access_check import AccessError, check_access
from service.faults import FaultLog
from service.serving import take_port
from service.settings import Settings
from tests.access import PAGE, bearer
from tests.processes import START_S, running, wait_until_live

HEARD_S = 10


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def keys(file: Path, *arguments: str) -> str:
    """What `keys ...` prints."""
    result = CliRunner().invoke(app, ["keys", *arguments, "--keys-file", str(file)])
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def wait_for_status(address: str, headers: dict[str, str], status: int) -> None:
    """Return once /v1/locales answers with `status`."""
    deadline = time.monotonic() + HEARD_S
    while (found := httpx.get(f"{address}/v1/locales", headers=headers).status_code) != status:
        assert time.monotonic() < deadline, f"still {found}, not {status}"
        time.sleep(0.1)


def test_a_running_service_hears_of_keys_and_of_their_end(file: Path) -> None:
    arguments = ["service", "--index", "none", "--port", "0", "--closed"]
    with running(*arguments, keys_file=str(file)) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("Citedesk answers at ").strip()
        assert process.stdout.readline() == (
            f"Who asks needs a key of {file}: python -m service keys create NAME\n"
        )
        wait_until_live(int(address.rsplit(":", 1)[1]))
        wait_for_status(address, {}, 401)
        text = keys(file, "create", "helpdesk")
        # There is no index: a caller who is let in hears that.
        wait_for_status(address, bearer(text), 503)
        wait_for_status(address, {}, 401)
        keys(file, "revoke", text.split("_")[1])
        wait_for_status(address, bearer(text), 401)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_without_keys_it_does_not_listen_where_others_reach_it(file: Path, host: str) -> None:
    with running("service", "--index", "none", "--port", "0", "--host", host, keys_file=str(file)) as process:
        assert process.wait(timeout=START_S) == 2
        assert process.stderr is not None
        assert process.stderr.read() == (
            f"service: others may reach {host}, and there are no keys in {file}: make one with "
            "python -m service keys create NAME, or let anybody ask with --open or CITEDESK_OPEN=true\n"
        )


def test_told_to_be_open_it_listens_everywhere_and_says_so(file: Path) -> None:
    arguments = ["service", "--index", "none", "--port", "0", "--host", "0.0.0.0", "--open"]
    with running(*arguments, keys_file=str(file)) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        assert process.stdout.readline() == "It listens on all addresses of this machine (0.0.0.0).\n"
        assert process.stdout.readline() == (
            "Anybody who reaches 0.0.0.0 may ask, 60/minute from one address\n"
        )
        address = wait_until_live(port)
        assert httpx.get(f"{address}/v1/locales").status_code == 503
        assert httpx.get(f"{address}/metrics").status_code == 401


@pytest.mark.parametrize(
    ("host", "open_to_all", "names", "said"),
    [
        ("127.0.0.1", None, [], "This machine may ask without a key"),
        ("127.8.0.1", None, [], "This machine may ask without a key"),
        ("::1", None, [], "This machine may ask without a key"),
        ("localhost", None, [], "This machine may ask without a key"),
        ("127.0.0.1", None, ["a"], "Who asks needs a key"),
        ("127.0.0.1", False, [], "Who asks needs a key"),
        ("127.0.0.1", True, ["a"], "Anybody who reaches 127.0.0.1 may ask"),
        ("0.0.0.0", None, ["a"], "Who asks needs a key"),
        ("0.0.0.0", False, [], "Who asks needs a key"),
        ("192.0.2.1", None, [], None),
        ("service.example", None, [], None),
        ("::", None, [], None),
    ],
)
def test_who_may_ask_is_said_before_the_start(
    file: Path, host: str, open_to_all: bool | None, names: Sequence[str], said: str | None
) -> None:
    for name in names:
        keys(file, "create", name)
    settings = Settings(host=host, open=open_to_all, keys_file=file)
    if said is None:
        with pytest.raises(AccessError, match=f"others may reach {host}, and there are no keys in {file}"):
            check_access(settings)
    else:
        assert check_access(settings).startswith(said)


def test_keys_or_counts_that_can_not_be_had_end_the_start_by_name(file: Path) -> None:
    with pytest.raises(AccessError, match="CITEDESK_LIMITS_URL names no storage"):
        check_access(Settings(keys_file=file, limits_url="redis://host:canary"))
    file.write_text("{")
    file.chmod(0o604)
    with pytest.raises(AccessError, match=f"chmod 600 {file}"):
        check_access(Settings(keys_file=file))


def test_neither_questions_nor_keys_stand_in_the_log(file: Path) -> None:
    canary = "canary4711"
    text = keys(file, "create", canary, "--scopes", "ask,search,feedback,admin", "--rate", "1000/second")
    page_key = keys(file, "create", canary, "--origin", PAGE)
    port = take_port("127.0.0.1", 0)
    seen = [canary, text.split("_", 2)[2], page_key.split("_", 2)[2]]
    with running(
        "tests.slow_service", str(port), "0", keys_file=str(file), token_secret=f"{canary}-" * 4,
        limits_url=f"redis://:{canary}@127.0.0.1:1",
    ) as process:  # fmt: skip
        address = wait_until_live(port)
        opened = httpx.post(f"{address}/v1/widget/session", headers=bearer(page_key, Origin=PAGE))
        token = opened.json()["token"]
        seen.append(token.split(".")[1])
        for headers in (
            bearer(text),
            bearer(token, Origin=PAGE),
            bearer(f"ck_{canary}"),
            {"X-API-Key": canary},
        ):
            for question in (f"{canary} outages", f"{canary} explode", f"{canary}\0", canary * 999):
                httpx.post(f"{address}/v1/ask", json={"question": question}, headers=headers)
                httpx.post(f"{address}/v1/search", json={"query": question, canary: 1}, headers=headers)
            httpx.get(f"{address}/v1/passages/{canary}?{canary}={canary}", headers=headers)
            httpx.post(f"{address}/v1/ask", content=f'{{"question": "{canary}', headers=headers)
        exploded = httpx.post(f"{address}/v1/ask", json={"question": "explode"}, headers=bearer(text))
        metrics = httpx.get(f"{address}/metrics", headers=bearer(text)).text
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=START_S)
    assert (process.returncode, exploded.status_code) == (0, 500)
    # The log is not empty: it tells of the fault and of the Redis that is not there.
    assert "fault: RuntimeError" in out + err
    assert "limits: the storage failed" in out + err
    for secret in seen:
        assert secret not in out + err
        assert secret not in metrics
        assert secret not in file.read_text().replace(f'"name": "{canary}"', "")


def test_what_is_served_tells_of_faults_without_their_words(file: Path) -> None:
    served = load_app(Settings(index_dir=file.parent, keys_file=file), "", stopping=lambda: False)
    assert isinstance(served, FaultLog)
