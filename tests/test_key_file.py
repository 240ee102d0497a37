"""The file of keys: whole at every moment, its owner's alone, and followed while it changes."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.key_file import LOOK_S, KeyFile, KeyFileError, change_ring, read_ring
from service.keys import EVERYDAY_SCOPES, Key, KeyRing, make_key
from tests.access import NOW
from tests.fakes import Clock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def add_key(file: Path, name: str = "helpdesk", **asked: object) -> tuple[str, Key]:
    fields: dict[str, object] = {
        "scopes": EVERYDAY_SCOPES, "origins": (), "rate": None, "total_rate": None, "expires": None,
    }  # fmt: skip
    text, key = make_key(name, **{**fields, **asked}, now=NOW)  # type: ignore[arg-type]  # real names
    change_ring(file, lambda ring: ring.with_key(key))
    return text, key


def names(ring: KeyRing | None) -> list[str]:
    return [] if ring is None else [key.name for key in ring.keys]


def test_keys_come_back_as_they_were_written(file: Path) -> None:
    _, first = add_key(file)
    _, second = add_key(
        file, "widget", origins=["https://help.example"], rate="5/minute", total_rate="9/hour"
    )
    ring = read_ring(file)
    assert ring is not None
    assert ring.keys == (first, second)


def test_the_file_is_its_owners_alone_and_holds_no_key(file: Path) -> None:
    text, key = add_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert text.split("_", 2)[2] not in file.read_text()
    assert json.loads(file.read_text())["keys"][0]["digest"] == key.digest


def test_the_token_secret_stays_when_keys_change(file: Path) -> None:
    add_key(file)
    before = read_ring(file)
    add_key(file, "second")
    after = read_ring(file)
    assert before is not None
    assert after is not None
    assert before.token_secret == after.token_secret


def test_no_file_is_no_fault(file: Path) -> None:
    assert read_ring(file) is None


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused_with_the_way_out(file: Path, mode: int) -> None:
    add_key(file)
    file.chmod(mode)
    with pytest.raises(KeyFileError, match=f"others may read or write .*: chmod 600 {file}"):
        read_ring(file)


def test_a_group_may_read_it_as_mounted_secrets_are(file: Path) -> None:
    add_key(file)
    file.chmod(0o440)
    assert names(read_ring(file)) == ["helpdesk"]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("", "the whole: Invalid JSON"),
        ("[]", "the whole: "),
        ('{"keys": [], "token_secret": "short"}', "token_secret: "),
        ('{"keys": [{}], "token_secret": "T"}', r"keys.0.id: "),
        ('{"keys": [], "token_secret": "T", "more": 1}', "more: "),
    ],
)
def test_what_is_no_file_of_keys_is_refused_with_its_place_and_no_secret(
    file: Path, content: str, where: str
) -> None:
    secret = "canary4711-canary4711-canary4711-canary4711"
    file.write_text(content.replace('"T"', f'"{secret}"'))
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match=f"{file} is no file of keys: {where}") as refusal:
        read_ring(file)
    assert "canary" not in str(refusal.value)


def test_a_rate_or_origin_written_by_hand_is_checked(file: Path) -> None:
    add_key(file, origins=["https://help.example"], rate="5/minute")
    whole = file.read_text()
    for wrong in (whole.replace("5/minute", "5/week"), whole.replace("help.example", "*")):
        file.write_text(wrong)
        with pytest.raises(KeyFileError, match=r"is no file of keys: keys\.0\."):
            read_ring(file)


def test_a_folder_in_its_place_is_refused(file: Path) -> None:
    file.mkdir()
    with pytest.raises(KeyFileError, match=f"can't read {file}: Is a directory"):
        read_ring(file)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"can't write beside .*none/keys\.json: No such file"):
        add_key(tmp_path / "none" / "keys.json")


def test_a_change_that_fails_leaves_the_file(file: Path) -> None:
    add_key(file)
    before = file.read_bytes()
    with pytest.raises(ZeroDivisionError):
        change_ring(file, lambda ring: 1 / 0)  # type: ignore[arg-type, return-value]  # it never returns
    assert file.read_bytes() == before


def test_a_disk_that_is_full_leaves_the_old_file_and_no_other(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_key(file)
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError, match=f"can't write {file}: No space left on device"):
        add_key(file, "second")
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == [".keys.json.lock", "keys.json"]


def test_what_a_crash_left_behind_is_in_nobodys_way(file: Path) -> None:
    (file.parent / ".keys.json.new").write_text("half a file")
    add_key(file)
    assert names(read_ring(file)) == ["helpdesk"]


def test_keys_made_at_the_same_time_are_all_kept(file: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add_key(file, f"key {n}"), range(24)))
    assert sorted(names(read_ring(file))) == sorted(f"key {n}" for n in range(24))


@pytest.fixture
def followed(file: Path, clock: Clock, events: list[str]) -> KeyFile:
    add_key(file)
    return KeyFile(file, clock=clock, on_event=events.append)


def test_a_new_key_is_heard_of_at_the_next_look(
    followed: KeyFile, file: Path, clock: Clock, events: list[str]
) -> None:
    add_key(file, "second")
    clock.now = LOOK_S - 0.01
    assert names(followed.ring()) == ["helpdesk"]
    clock.now = LOOK_S
    assert names(followed.ring()) == ["helpdesk", "second"]
    assert events == [f"keys: 2 read from {file}"]


def test_a_file_that_appears_is_heard_of(file: Path, clock: Clock, events: list[str]) -> None:
    followed = KeyFile(file, clock=clock, on_event=events.append)
    assert followed.ring() is None
    add_key(file)
    clock.now = LOOK_S
    assert names(followed.ring()) == ["helpdesk"]


def test_a_broken_file_leaves_the_keys_known_before_until_it_is_whole_again(
    followed: KeyFile, file: Path, clock: Clock, events: list[str]
) -> None:
    whole = file.read_bytes()
    file.write_text("{")
    for clock.now in (1.0, 2.0, 3.0):
        assert names(followed.ring()) == ["helpdesk"]
    assert len(events) == 1
    assert events[0].startswith(f"keys: {file} is no file of keys: ")
    assert events[0].endswith("; those known before stay")
    assert followed.fault is not None
    file.write_bytes(whole)
    clock.now = 4.0
    assert names(followed.ring()) == ["helpdesk"]
    assert followed.fault is None


def test_a_file_that_is_gone_leaves_the_keys_known_before(
    followed: KeyFile, file: Path, clock: Clock, events: list[str]
) -> None:
    file.unlink()
    clock.now = 1.0
    assert names(followed.ring()) == ["helpdesk"]
    assert events == [f"keys: {file} is gone; those known before stay"]


def test_a_broken_file_at_the_start_is_refused(file: Path, clock: Clock) -> None:
    file.write_text("{")
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match="is no file of keys"):
        KeyFile(file, clock=clock, on_event=print)
