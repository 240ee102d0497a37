"""Generations of an index: named, published, pruned, verified, read without trust, rolled back."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import IndexBusy, IndexCorrupt, IndexMissing, PublishError
from indexer.generation import (
    INDEX_FORMAT,
    FileEntry,
    LocaleEntry,
    Manifest,
    ModelEntry,
    Staging,
    current_generation,
    generations,
    read_manifest,
    rollback,
    stage,
    verify_generation,
)
from tests.os_faults import intercepted

NOON = datetime(2025, 1, 31, 12, 0, 0, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
MODEL = ModelEntry(name="e5", fingerprint="77", dimension=384, max_tokens=512, engine="ctranslate2")
LOCALES = {"ja-jp": LocaleEntry(articles=1, passages=2, sentences=3, digest="d1")}
FILES = {"ja-jp/passages.jsonl": b"abc", "ja-jp/vectors.faiss": b"", "model/weights": b"weights"}
# SHA-256 of "abc" and of nothing, from FIPS 180-2 and NIST's test vectors.
SHA_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
SHA_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def index_dir(tmp_path: Path) -> Path:
    return tmp_path / "index"


def publish(
    index_dir: Path,
    *,
    created: datetime = NOON,
    digest: str = DIGEST,
    files: Mapping[str, bytes] = FILES,
    keep: int = 3,
    **more: Any,
) -> Path:
    with stage(index_dir) as staging:
        for name, content in files.items():
            (staging.dir / name).parent.mkdir(parents=True, exist_ok=True)
            (staging.dir / name).write_bytes(content)
        fields = {"options": {}, "model": MODEL, "locales": LOCALES, **more}
        return staging.publish(created=created, digest=digest, keep=keep, **fields)


def publish_days(index_dir: Path, *days: int, keep: int = 3) -> list[Path]:
    return [
        publish(index_dir, created=NOON + timedelta(days=day), files={"a": bytes([day])}, keep=keep)
        for day in days
    ]


def publish_work(index_dir: Path, *steps: Callable[[Staging], object]) -> Path:
    with stage(index_dir) as staging:
        for step in steps:
            step(staging)
        return staging.publish(created=NOON, digest=DIGEST, options={}, model=MODEL, locales=LOCALES)


def names(index_dir: Path) -> list[str]:
    return [folder.name for folder in generations(index_dir)]


def edit(file: Path, content: bytes) -> None:
    file.chmod(0o644)
    file.write_bytes(content)


# Publishing


def test_a_generation_is_named_by_its_utc_second_and_twelve_digits(index_dir: Path) -> None:
    tokyo = timezone(timedelta(hours=9))
    folder = publish(index_dir, created=datetime(2025, 1, 31, 8, 59, 59, 999_999, tzinfo=tokyo))
    assert folder == index_dir / "generations" / "20250130T235959Z-0123456789ab"
    assert (index_dir / "CURRENT").read_bytes() == b"20250130T235959Z-0123456789ab\n"
    assert current_generation(index_dir) == folder
    assert sorted(path.name for path in index_dir.iterdir()) == [".lock", "CURRENT", "generations", "staging"]


def test_the_manifest_says_what_was_published(index_dir: Path) -> None:
    folder = publish(index_dir, options={"tokens": 480, "lead": 0.5, "prune": False, "model": "e5"})
    assert verify_generation(folder) == Manifest(
        format=INDEX_FORMAT,
        created=NOON,
        digest=DIGEST,
        options={"tokens": 480, "lead": 0.5, "prune": False, "model": "e5"},
        model=MODEL,
        locales=LOCALES,
        files={
            "ja-jp/passages.jsonl": FileEntry(size=3, sha256=SHA_ABC),
            "ja-jp/vectors.faiss": FileEntry(size=0, sha256=SHA_EMPTY),
            "model/weights": FileEntry(size=7, sha256=hashlib.sha256(b"weights").hexdigest()),
        },
    )


def test_published_files_are_read_only(index_dir: Path) -> None:
    folder = publish(index_dir)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in [*files, index_dir / "CURRENT"]} == {
        "passages.jsonl": 0o444,
        "vectors.faiss": 0o444,
        "weights": 0o444,
        "manifest.json": 0o444,
        "CURRENT": 0o444,
    }


def test_generations_of_one_second_are_numbered_in_the_order_of_publication(index_dir: Path) -> None:
    digests = [digit * 12 for digit in "fedcba98765"]
    for digest in digests:
        publish(index_dir, digest=digest, keep=20)
    assert names(index_dir) == [
        f"20250131T120000Z-{digest}{number}"
        for digest, number in zip(digests, ["", *(f"-{n}" for n in range(2, 12))], strict=True)
    ]
    assert current_generation(index_dir).name == "20250131T120000Z-555555555555-11"


def test_an_equal_generation_of_the_same_second_is_published_beside_the_first(index_dir: Path) -> None:
    first = publish(index_dir)
    second = publish(index_dir)
    assert second.name == f"{first.name}-2"
    assert rollback(index_dir) == first


def test_the_newest_generations_stay(index_dir: Path) -> None:
    days = publish_days(index_dir, 1, 2, 3, 4, 5)
    assert generations(index_dir) == days[2:]


def test_the_generation_before_stays_even_where_one_is_kept(index_dir: Path) -> None:
    days = publish_days(index_dir, 1, 2, 3, keep=1)
    assert generations(index_dir) == days[1:]


def test_a_generation_that_was_rolled_back_to_stays_when_the_next_is_published(index_dir: Path) -> None:
    one, _, three = publish_days(index_dir, 1, 2, 3)
    rollback(index_dir)
    assert rollback(index_dir) == one
    (four,) = publish_days(index_dir, 4, keep=3)
    assert generations(index_dir) == [one, three, four]


def test_a_generation_dated_before_all_others_is_current_and_stays(index_dir: Path) -> None:
    publish_days(index_dir, 5, 6, 7)
    (late,) = publish_days(index_dir, 1, keep=2)
    assert current_generation(index_dir) == late
    assert names(index_dir) == [f"2025020{day}T120000Z-0123456789ab" for day in (1, 7)]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.booleans()), min_size=1, max_size=8))
def test_whatever_the_clock_and_the_rollbacks_the_current_one_and_the_one_before_stay(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]]
) -> None:
    index_dir = tmp_path_factory.mktemp("index")
    before: Path | None = None
    with intercepted(lambda name, arguments, proceed: None if name == "fsync" else proceed()):
        for day, keep, goes_back in steps:
            (now,) = publish_days(index_dir, day, keep=keep)
            assert current_generation(index_dir) == now
            assert len(generations(index_dir)) <= max(keep, 2)
            assert {now, before} - {None} <= set(generations(index_dir))
            before = now
            if goes_back and generations(index_dir)[0] != now:
                before = rollback(index_dir)
    shutil.rmtree(index_dir)


def test_what_is_not_published_leaves_nothing_behind(index_dir: Path) -> None:
    with stage(index_dir) as staging:
        (staging.dir / "a").write_bytes(b"1")
    assert list((index_dir / "staging").iterdir()) == []
    assert generations(index_dir) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("parse")], ids=["ctrl-c", "error"])
def test_an_error_passes_through_and_leaves_the_old_generation(index_dir: Path, error: BaseException) -> None:
    old = publish(index_dir)

    def fail(staging: Staging) -> None:
        (staging.dir / "a").write_bytes(b"1")
        raise error

    with pytest.raises(type(error)) as caught:
        publish_work(index_dir, fail)
    assert caught.value is error
    assert list((index_dir / "staging").iterdir()) == []
    assert current_generation(index_dir) == old
    assert publish_days(index_dir, 1)  # the lock is free


def test_leftovers_of_a_crashed_writer_are_cleared(index_dir: Path, tmp_path: Path) -> None:
    publish(index_dir)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    leftovers = index_dir / "staging" / "next" / "ja-jp"
    leftovers.mkdir(parents=True)
    (leftovers / "half").write_bytes(b"half")
    (leftovers / "link").symlink_to(outside)
    os.mkfifo(index_dir / "staging" / "fifo")
    with stage(index_dir) as staging:
        assert list((index_dir / "staging").iterdir()) == [staging.dir]
        assert list(staging.dir.iterdir()) == []
    assert (outside / "kept").read_bytes() == b"kept"


def test_a_staging_folder_that_is_no_indexs_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "thesis.txt").write_text("years of work")
    for _ in range(2):
        with pytest.raises(PublishError, match=r"staging is not an index's: choose another --index"):
            stage(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["staging", "thesis.txt"]


@pytest.mark.parametrize("name", ["staging", "generations"])
def test_a_linked_folder_of_the_index_is_refused(index_dir: Path, tmp_path: Path, name: str) -> None:
    publish(index_dir)
    (index_dir / name).rename(tmp_path / "elsewhere")
    (index_dir / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PublishError, match=f"{name} is a link"):
        stage(index_dir)


def test_a_second_writer_is_told_that_the_index_is_busy(index_dir: Path) -> None:
    old = publish(index_dir)
    with stage(index_dir) as staging:
        (staging.dir / "a").write_bytes(b"1")
        for write in (stage, rollback):
            with pytest.raises(IndexBusy, match=r"index: another process is writing this index; wait for it"):
                write(index_dir)
        program = "import pathlib, sys, indexer.generation as g; g.stage(pathlib.Path(sys.argv[1]))"
        other = subprocess.run(
            [sys.executable, "-c", program, index_dir],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "IndexBusy" in other.stderr
        assert (staging.dir / "a").read_bytes() == b"1"
        assert current_generation(index_dir) == old


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


REFUSED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a link": ("link", link, "link is a link, a FIFO or a device"),
    "a link to a folder": (
        "link",
        lambda path: path.symlink_to("/etc"),
        "link is a link, a FIFO or a device",
    ),
    "a FIFO": ("fifo", os.mkfifo, "fifo is a link, a FIFO or a device"),
    "a manifest": ("manifest.json", Path.touch, "'manifest.json' can't name a file of a generation"),
    "a line break": ("a\nb", Path.touch, r"'a\nb' can't name a file"),
    "a backslash": ("a\\b", Path.touch, r"'a\\b' can't name a file"),
    "no UTF-8": ("caf\udce9", Path.touch, r"'caf\udce9' can't name a file"),
}


@pytest.mark.parametrize(("name", "make", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_plain_file_is_not_published(
    index_dir: Path, name: str, make: Callable[[Path], object], told: str
) -> None:
    with pytest.raises(PublishError) as caught:
        publish_work(index_dir, lambda staging: make(staging.dir / name))
    assert told in str(caught.value)
    assert list((index_dir / "staging").iterdir()) == []
    assert generations(index_dir) == []


def test_nothing_is_not_published(index_dir: Path) -> None:
    with pytest.raises(PublishError, match="next holds no file"):
        publish(index_dir, files={})


def test_a_generation_is_published_once(index_dir: Path) -> None:
    with stage(index_dir) as staging:
        (staging.dir / "a").write_bytes(b"1")
        folder = staging.publish(created=NOON, digest=DIGEST, options={}, model=MODEL, locales=LOCALES)
        with pytest.raises(PublishError, match="was published already"):
            staging.publish(created=NOON, digest=DIGEST, options={}, model=MODEL, locales=LOCALES)
    assert generations(index_dir) == [folder]


@pytest.mark.parametrize(
    "fields",
    [
        {"created": NOON.replace(tzinfo=None)},
        {"digest": "0123456789"},
        {"digest": "0123456789AB"},
        {"digest": "../../../../x"},
        {"keep": 0},
    ],
    ids=str,
)
def test_what_can_name_no_generation_is_a_value_error(index_dir: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="can't name or keep a generation"):
        publish(index_dir, **fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"options": {"a": float("nan")}}, "not JSON compliant"),
        ({"options": {"a": "\ud800"}}, "surrogates not allowed"),
        ({"options": {"a": None}}, "'options > a' is no text"),
        ({"locales": {"ja_JP": LOCALES["ja-jp"]}}, "'locales > ja_JP' is no lower-case BCP 47"),
    ],
    ids=["nan", "surrogate", "none", "locale"],
)
def test_a_manifest_that_could_not_be_read_back_is_not_written(
    index_dir: Path, fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(PublishError) as caught:
        publish(index_dir, **fields)
    assert str(caught.value).startswith("the manifest could never be read back: ")
    assert told in str(caught.value)
    assert generations(index_dir) == []


# Adopting


def test_an_adopted_file_is_one_with_the_old_one(index_dir: Path) -> None:
    old = publish(index_dir)
    new = publish_work(index_dir, lambda staging: staging.adopt(old / "model" / "weights", "model/weights"))
    assert (new / "model" / "weights").samefile(old / "model" / "weights")
    assert verify_generation(new).files == {"model/weights": verify_generation(old).files["model/weights"]}
    shutil.rmtree(old)
    verify_generation(new)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_file_is_copied_where_no_link_is_to_be_had(index_dir: Path, number: int) -> None:
    old = publish(index_dir)

    def without_links(name: str, arguments: tuple[Any, ...], proceed: Callable[[], Any]) -> Any:
        if name == "link":
            raise OSError(number, os.strerror(number))
        return proceed()

    with intercepted(without_links):
        new = publish_work(index_dir, lambda staging: staging.adopt(old / "model" / "weights", "w"))
    assert (new / "w").read_bytes() == b"weights"
    assert (new / "w").stat().st_nlink == 1
    assert stat.S_IMODE((new / "w").stat().st_mode) == 0o444


def test_half_a_copy_is_not_left_to_be_published(index_dir: Path) -> None:
    old = publish(index_dir)

    def without_room(name: str, arguments: tuple[Any, ...], proceed: Callable[[], Any]) -> Any:
        if name in ("link", "write"):
            number = errno.EXDEV if name == "link" else errno.ENOSPC
            raise OSError(number, os.strerror(number))
        return proceed()

    with stage(index_dir) as staging:
        with pytest.raises(PublishError, match=r"^adopting .*weights failed at "), intercepted(without_room):
            staging.adopt(old / "model" / "weights", "w")
        assert list(staging.dir.iterdir()) == []


def test_damage_in_an_adopted_file_is_found_before_it_is_published(index_dir: Path) -> None:
    old = publish(index_dir)
    edit(old / "model" / "weights", b"weighty")
    with pytest.raises(IndexCorrupt, match=r"^model/w: adopted .* build --full"):
        publish_work(index_dir, lambda staging: staging.adopt(old / "model" / "weights", "model/w"))
    assert generations(index_dir) == [old]


def test_only_files_of_the_indexs_generations_are_adopted(index_dir: Path, tmp_path: Path) -> None:
    old = publish(index_dir)
    (tmp_path / "foreign").write_bytes(b"1")
    (old / "surplus").write_bytes(b"1")
    (old / "link").symlink_to(tmp_path / "foreign")
    with stage(index_dir) as staging:
        for file in (tmp_path / "foreign", index_dir / "CURRENT", old / "link", old.parent / "x", old.parent):
            with pytest.raises(PublishError, match="can't be adopted: it is no generation's file below"):
                staging.adopt(file, "a")
        for file in (old / "surplus", old / "manifest.json", old / "absent", old / "model"):
            with pytest.raises(PublishError, match="its generation's manifest doesn't name it"):
                staging.adopt(file, "a")
        for name in ("../a", "/a", "", "manifest.json", "a/../../b"):
            with pytest.raises(PublishError, match="is no name of a file inside a generation"):
                staging.adopt(old / "model" / "weights", name)
        with pytest.raises(IndexMissing):
            staging.adopt(old.parent / "20200101T000000Z-000000000000" / "a", "a")
        staging.adopt(old / "model" / "weights", "a")
        with pytest.raises(PublishError, match="File exists"):
            staging.adopt(old / "model" / "weights", "a")


def test_an_index_given_by_a_link_or_a_relative_path_adopts_its_own_files(
    index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = publish(index_dir)
    (tmp_path / "alias").symlink_to(index_dir)
    monkeypatch.chdir(tmp_path)
    new = publish_work(
        Path("alias"),
        lambda staging: staging.adopt(old / "model" / "weights", "a"),
        lambda staging: staging.adopt(Path("index", "generations", old.name, "model", "weights"), "b"),
    )
    assert sorted(verify_generation(new).files) == ["a", "b"]


# Failing


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        (errno.ENOSPC, "No space left on device; {} serves; free space there, then run it again"),
        (errno.EACCES, "Permission denied; {} serves; give this user the right to write there"),
        (errno.EROFS, "Read-only file system; {} serves; mount it for writing, or choose another --index"),
        (errno.EIO, "Input/output error; {} serves; mend that, then run it again"),
    ],
    ids=["full", "denied", "read-only", "broken"],
)
def test_a_failed_write_says_what_where_what_serves_and_the_way_out(
    index_dir: Path, number: int, way_out: str
) -> None:
    old = publish(index_dir)

    def without_manifest(name: str, arguments: tuple[Any, ...], proceed: Callable[[], Any]) -> Any:
        if name == "open" and arguments[0] == index_dir / "staging" / "next" / "manifest.json":
            raise OSError(number, os.strerror(number), str(arguments[0]))
        return proceed()

    with pytest.raises(PublishError) as caught, intercepted(without_manifest):
        publish(index_dir)
    message = f"publishing failed at {index_dir}/staging/next/manifest.json: "
    assert str(caught.value).startswith(message + way_out.format(f"generation {old.name}"))
    assert isinstance(caught.value.__cause__, OSError)


def test_a_full_disk_while_the_generation_is_written_becomes_a_publish_error(index_dir: Path) -> None:
    with pytest.raises(PublishError, match="no generation serves yet; free space there"), stage(index_dir):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(PublishError, match=r"writing the new generation failed at .*/next/a/b: No such file"):
        publish_work(index_dir, lambda staging: (staging.dir / "a" / "b").write_bytes(b"1"))


def test_a_missing_source_file_is_no_publish_error(index_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), stage(index_dir):
        (tmp_path / "article.md").read_text()


def test_an_index_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(PublishError, match=r"^preparing to write failed at .*/file"):
            stage(path)
        with pytest.raises(IndexMissing):
            current_generation(path)
        assert generations(path) == []
    assert (tmp_path / "file").read_text() == "mine"


# Reading


def test_without_an_index_the_way_to_make_one_is_said(index_dir: Path) -> None:
    with pytest.raises(
        IndexMissing, match=r"no generation is published here; make one with `python -m indexer build"
    ):
        current_generation(index_dir)
    assert generations(index_dir) == []
    with pytest.raises(IndexMissing, match="holds no generation"):
        rollback(index_dir)
    assert not index_dir.exists()


JUNK: dict[str, bytes] = {
    "empty": b"",
    "a line break": b"\n",
    "a parent folder": b"..\n",
    "traversal": b"../../etc\n",
    "absolute": b"/etc\n",
    "two lines": b"20250131T120000Z-0123456789ab\n20250131T120000Z-0123456789ab\n",
    "two line breaks": b"20250131T120000Z-0123456789ab\n\n",
    "a space": b"20250131T120000Z-0123456789ab \n",
    "NUL": b"20250131T120000Z-0123456789ab\0",
    "full-width": "２0250131T120000Z-0123456789ab".encode(),
    "binary": b"\xff\xfe\x00",
    "capitals": b"20250131T120000Z-0123456789AB\n",
    "number 1": b"20250131T120000Z-0123456789ab-1\n",
    "cut": b"20250131T120000Z-01234567\n",
    "long": b"2" * 100_000,
}


@pytest.mark.parametrize("content", JUNK.values(), ids=JUNK)
def test_junk_in_current_is_refused_and_mended_by_rollback_or_build(index_dir: Path, content: bytes) -> None:
    folder = publish(index_dir)
    edit(index_dir / "CURRENT", content)
    with pytest.raises(IndexCorrupt, match=r"CURRENT: holds '.*rollback.*build"):
        current_generation(index_dir)
    assert rollback(index_dir) == folder
    assert current_generation(index_dir) == folder
    edit(index_dir / "CURRENT", content)
    assert publish(index_dir) == current_generation(index_dir)


@pytest.mark.parametrize("make", [os.mkfifo, link, Path.mkdir], ids=["FIFO", "link", "folder"])
def test_a_current_that_is_no_file_is_refused_without_waiting(
    index_dir: Path, make: Callable[[Path], object]
) -> None:
    folder = publish(index_dir)
    (index_dir / "CURRENT").unlink()
    make(index_dir / "CURRENT")
    with pytest.raises(IndexCorrupt, match="CURRENT: holds '', no generation's name"):
        current_generation(index_dir)
    if make is Path.mkdir:
        with pytest.raises(PublishError, match=r"rolling back failed at .*CURRENT.*CURRENT can't be read"):
            rollback(index_dir)
    else:
        assert rollback(index_dir) == current_generation(index_dir) == folder


def test_a_current_without_a_line_break_is_read(index_dir: Path) -> None:
    folder = publish(index_dir)
    edit(index_dir / "CURRENT", folder.name.encode())
    assert current_generation(index_dir) == folder


def test_a_current_that_names_an_absent_generation_says_so(index_dir: Path) -> None:
    one, two = publish_days(index_dir, 1, 2)
    shutil.rmtree(two)
    with pytest.raises(IndexMissing, match=f"CURRENT: names {two.name}, but .* is no folder; .*rollback"):
        current_generation(index_dir)
    assert rollback(index_dir) == one


@pytest.mark.parametrize("linked", ["", "generations"])
def test_a_generation_behind_a_link_is_not_read(index_dir: Path, tmp_path: Path, linked: str) -> None:
    folder = publish(index_dir)
    moved = index_dir / linked if linked else folder
    moved.rename(tmp_path / "elsewhere")
    moved.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IndexMissing, match="is no folder"):
        current_generation(index_dir)
    assert generations(index_dir) == []


def test_what_else_lies_among_the_generations_is_left_alone(index_dir: Path) -> None:
    (folder,) = publish_days(index_dir, 1)
    (index_dir / "generations" / "notes.txt").write_text("mine")
    (index_dir / "generations" / "20250101T000000Z-0123456789ab").write_text("a file")
    (index_dir / "generations" / "old").mkdir()
    days = publish_days(index_dir, 2, 3, keep=1)
    assert generations(index_dir) == days
    assert not folder.exists()
    assert (index_dir / "generations" / "notes.txt").read_text() == "mine"


def test_an_index_on_a_folder_that_may_not_be_written_is_read(index_dir: Path) -> None:
    folder = publish(index_dir)
    allowed = {"stat", "lstat", "fstat", "scandir", "listdir", "read", "close"}

    def reading(name: str, arguments: tuple[Any, ...], proceed: Callable[[], Any]) -> Any:
        writes = name == "open" and arguments[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        assert name in allowed or (name == "open" and not writes), name
        return proceed()

    with intercepted(reading):
        assert current_generation(index_dir) == folder
        assert verify_generation(folder) == read_manifest(folder)
        assert generations(index_dir) == [folder]


# Verifying


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused_by_the_files_name(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    with intercepted(lambda name, arguments, proceed: None if name == "fsync" else proceed()):
        folder = publish(tmp_path_factory.mktemp("index"), files={"a/b": b"abc", "c": b"0123456789"})
    name = data.draw(st.sampled_from(["a/b", "c", "manifest.json"]))
    content = bytearray((folder / name).read_bytes())
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    edit(folder / name, bytes(content))
    with pytest.raises(IndexCorrupt) as caught:
        verify_generation(folder)
    assert str(caught.value).startswith(f"{folder / name}: ")


def swap(folder: Path) -> None:
    edit(folder / "a", b"456")
    edit(folder / "ja-jp" / "b", b"123")


def move_behind_link(path: Path) -> None:
    path.rename(path.parents[1] / "elsewhere")
    path.symlink_to("../elsewhere")


def replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_endless(path: Path) -> None:
    edit(path, b"")
    os.truncate(path, 1 << 40)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut short": (lambda folder: edit(folder / "a", b"12"), "a: has 2 bytes, not 3"),
    "grown": (lambda folder: edit(folder / "a", b"1234"), "a: has 4 bytes, not 3"),
    "emptied": (lambda folder: edit(folder / "a", b""), "a: has 0 bytes, not 3"),
    "other bytes": (lambda folder: edit(folder / "a", b"124"), "a: has another SHA-256"),
    "missing": (lambda folder: (folder / "a").unlink(), "a: is missing"),
    "surplus": (lambda folder: (folder / "ja-jp" / "x").touch(), "ja-jp/x: is not in the manifest"),
    "swapped": (swap, "a: has another SHA-256"),
    "a link": (lambda folder: move_behind_link(folder / "a"), "a: is a link or a device, no file"),
    "a linked folder": (lambda folder: move_behind_link(folder / "ja-jp"), "ja-jp: is a link or a device"),
    "a FIFO": (lambda folder: replace_by_fifo(folder / "a"), "a: is a link or a device"),
    "a folder": (lambda folder: replace_by_folder(folder / "a"), "a: is missing"),
    "a linked manifest": (
        lambda folder: move_behind_link(folder / "manifest.json"),
        "manifest.json: Too many levels of symbolic links",
    ),
    "a manifest that is a FIFO": (
        lambda folder: replace_by_fifo(folder / "manifest.json"),
        "manifest.json: is no regular file",
    ),
    "a manifest without end": (
        lambda folder: make_endless(folder / "manifest.json"),
        "manifest.json: is longer than 67,108,864 bytes",
    ),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_refused_by_the_files_name(
    index_dir: Path, damage: Callable[[Path], object], told: str
) -> None:
    folder = publish(index_dir, files={"a": b"123", "ja-jp/b": b"456"})
    damage(folder)
    with pytest.raises(IndexCorrupt) as caught:
        verify_generation(folder)
    assert str(caught.value).startswith(f"{folder}/{told}")
    assert "python -m indexer rollback" in str(caught.value)


def test_files_swapped_between_generations_are_refused(index_dir: Path) -> None:
    one, two = publish_days(index_dir, 1, 2)
    (one / "a").rename(index_dir / "aside")
    (two / "a").rename(one / "a")
    (index_dir / "aside").rename(two / "a")
    for folder in (one, two):
        with pytest.raises(IndexCorrupt, match=f"{folder.name}/a: has another SHA-256"):
            verify_generation(folder)


def test_a_whole_generation_under_the_name_of_another_is_refused(index_dir: Path) -> None:
    one, two = publish_days(index_dir, 1, 2)
    shutil.rmtree(two)
    one.rename(two)
    with pytest.raises(
        IndexCorrupt, match=r"manifest\.json: is that of generation 20250201T120000Z-0123456789ab;"
    ):
        verify_generation(two)


def test_a_generation_without_a_manifest_is_missing(index_dir: Path) -> None:
    folder = publish(index_dir)
    (folder / "manifest.json").unlink()
    for place in (folder, index_dir / "nowhere", folder / "model" / "weights"):
        with pytest.raises(IndexMissing, match=r"manifest\.json: is not there"):
            verify_generation(place)


def test_a_generation_is_verified_against_the_manifest_that_is_given(index_dir: Path) -> None:
    folder = publish(index_dir, files={"a": b"123"})
    manifest = read_manifest(folder)
    edit(folder / "manifest.json", b"")
    assert verify_generation(folder, manifest) == manifest
    (folder / "a").unlink()
    with pytest.raises(IndexCorrupt, match="a: is missing"):
        verify_generation(folder, manifest)


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ("generations/{}/a", "can't be read (Permission denied)"),
        ("generations/{}/manifest.json", "Permission denied"),
        ("CURRENT", "Permission denied"),
    ],
    ids=["file", "manifest", "CURRENT"],
)
def test_a_file_that_may_not_be_read_is_refused_by_name(index_dir: Path, refused: str, told: str) -> None:
    file = index_dir / refused.format(publish(index_dir, files={"a": b"123"}).name)

    def denied(name: str, arguments: tuple[Any, ...], proceed: Callable[[], Any]) -> Any:
        if name == "open" and arguments[0] == file:
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return proceed()

    with pytest.raises(IndexCorrupt) as caught, intercepted(denied):
        verify_generation(current_generation(index_dir))
    assert str(caught.value).startswith(f"{file}: {told}")


# Rolling back


def test_rolling_back_goes_one_generation_at_a_time_and_stops_at_the_oldest(index_dir: Path) -> None:
    one, two, three = publish_days(index_dir, 1, 2, 3)
    assert rollback(index_dir) == two
    assert (index_dir / "CURRENT").read_text() == f"{two.name}\n"
    assert rollback(index_dir) == one
    with pytest.raises(
        PublishError, match=f"no older generation is whole; generation {one.name} serves; build anew"
    ):
        rollback(index_dir)
    assert current_generation(index_dir) == one
    assert generations(index_dir) == [one, two, three]
    assert list((index_dir / "staging").iterdir()) == []


def test_rolling_back_passes_over_a_damaged_generation(index_dir: Path) -> None:
    one, two, _ = publish_days(index_dir, 1, 2, 3)
    edit(two / "a", b"x")
    assert rollback(index_dir) == one


def test_rolling_back_past_damage_only_names_the_damage(index_dir: Path) -> None:
    one, two, three = publish_days(index_dir, 1, 2, 3)
    edit(one / "a", b"")
    (two / "manifest.json").unlink()
    with pytest.raises(PublishError) as caught:
        rollback(index_dir)
    assert f"generation {three.name} serves" in str(caught.value)
    assert f"{two.name}/manifest.json: is not there" in str(caught.value)
    assert f"{one.name}/a: has 0 bytes, not 1" in str(caught.value)
    assert current_generation(index_dir) == three


def test_without_a_current_rolling_back_takes_the_newest_whole_generation(index_dir: Path) -> None:
    one, two = publish_days(index_dir, 1, 2)
    (index_dir / "CURRENT").unlink()
    assert rollback(index_dir) == two
    (index_dir / "CURRENT").unlink()
    edit(two / "a", b"x")
    assert rollback(index_dir) == one


def test_junk_in_current_is_not_said_to_serve(index_dir: Path) -> None:
    folder = publish(index_dir, files={"a": b"1"})
    edit(folder / "a", b"2")
    edit(index_dir / "CURRENT", b"../../etc")
    with pytest.raises(
        PublishError, match="no older generation is whole; no generation serves yet; build anew"
    ):
        rollback(index_dir)
