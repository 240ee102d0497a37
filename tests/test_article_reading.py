"""Articles are read by one process or several to the same passages, and no process outlives a build."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.article_reading import ReadLocale, open_reading, read_locale
from indexer.corpus import Corpus, read_corpus
from indexer.errors import CorpusError
from indexer.model_tokens import CountTokens
from indexer.passages import PassageOptions
from tests.fakes import HashEmbedder
from tests.small_corpus import MAIL, SmallIndex

OPTIONS = PassageOptions(limit_tokens=6, window_tokens=12)
ARTICLES = 20
ROOT = Path(__file__).resolve().parent.parent
END_S = 20


def hash_counter() -> CountTokens:
    """What a worker opens: the fake's counter."""
    return HashEmbedder().count_tokens


def dying_counter() -> CountTokens:
    """A worker that the operating system ends."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def slow_counter() -> CountTokens:
    """A counter that takes its time."""
    return slow_count


def slow_count(texts: Sequence[str]) -> list[int]:
    time.sleep(0.02)
    return [1] * len(texts)


@dataclass(frozen=True)
class Reading:
    """What was read of each locale, and what the corpus and the progress were told."""

    corpus: Corpus
    locales: dict[str, ReadLocale]
    told: list[int]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty German articles, the third of them broken and the fourth without text."""
    small = SmallIndex(tmp_path_factory.mktemp("reading"))
    small.write("de-de", **{f"mail{number:02}": MAIL for number in range(ARTICLES)})
    small.write("de-de", mail02="---\ntitle: never closed\n", mail03="---\ntitle: Leer\n---\n")
    return small.corpus_dir


def read(root: Path, processes: int) -> Reading:
    corpus, told = read_corpus([root]), list[int]()
    with open_reading(HashEmbedder().count_tokens, hash_counter, OPTIONS, processes=processes) as reading:
        found = {
            locale: read_locale(reading(corpus.articles(locale)), corpus.note, told.append)
            for locale in ("de-de", "en-us")
        }
    return Reading(corpus, found, told)


@pytest.fixture(scope="module")
def alone(root: Path) -> Reading:
    return read(root, 1)


@pytest.fixture(scope="module")
def together(root: Path) -> Reading:
    return read(root, 2)


def test_several_processes_read_what_one_reads_in_its_order(alone: Reading, together: Reading) -> None:
    assert together == alone
    for found in together.locales.values():
        paths = [passage.edition.path for passage in found.passages]
        assert paths == sorted(paths)
        assert found.articles == ARTICLES - 2


def test_what_a_process_can_not_read_is_named_with_file_and_line(together: Reading) -> None:
    (failed,) = together.corpus.failed
    assert (Path(failed.file).name, failed.line) == ("mail02.md", 1)
    assert "front matter is not closed" in failed.reason
    assert [Path(skipped.file).name for skipped in together.corpus.skipped] == ["mail03.md"]


def test_progress_is_told_of_each_article(together: Reading) -> None:
    # The broken file and the one without text are no bilingual ones: English is not looked for there.
    assert together.told == [1] * (ARTICLES + ARTICLES - 2)


def test_a_process_that_is_killed_is_told_of_with_the_way_out(root: Path) -> None:
    with (
        pytest.raises(CorpusError, match=r"was killed.*--threads 1"),
        open_reading(HashEmbedder().count_tokens, dying_counter, OPTIONS, processes=2) as reading,
    ):
        list(reading(read_corpus([root]).articles("de-de")))


# Ctrl-C reaches a program that a shell started in the background only where it asks for it: tests may be
# started so.
PROGRAM = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from indexer.article_reading import open_reading
from indexer.corpus import read_corpus
from indexer.passages import PassageOptions
from tests.test_article_reading import slow_counter

corpus = read_corpus([Path(sys.argv[1])])
try:
    with open_reading(slow_counter(), slow_counter, {OPTIONS!r}, processes=2) as reading:
        articles = corpus.articles("de-de") * 100
        for number, _ in enumerate(reading(articles)):
            print(number, flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_however_a_build_ends_it_leaves_no_process_and_no_traceback(root: Path, end: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(root)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "0\n"
    if end is signal.SIGINT:
        os.killpg(process.pid, end)  # as a terminal does
    else:
        process.send_signal(end)
    said, complaint = process.communicate(timeout=END_S)
    if end is signal.SIGINT:
        assert (process.returncode, said.splitlines()[-1], complaint) == (0, "interrupted", "")
    deadline = time.monotonic() + END_S
    while is_there(process.pid):
        assert time.monotonic() < deadline, "a process is left"
        time.sleep(0.05)


def is_there(group: int) -> bool:
    """Whether a process group has a process."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
