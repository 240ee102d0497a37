"""Imports go one way, and each outside package has its one place: read from the source, not run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

import indexer

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("indexer", "service")
    for path in (ROOT / package).rglob("*.py")
)

# An outside package -> the one module that imports it.
PLACES = {
    "faiss": "indexer/vectors.py",
    "bm25s": "indexer/lexical.py",
    "langchain_text_splitters": "indexer/passages.py",
}
NAMES_WITHOUT_SUBJECT = {"utils", "util", "helpers", "common", "base", "manager", "handler", "misc"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, dotted, with the names taken from it (none for a plain import)."""

    module: str
    names: tuple[str, ...]
    line: int


def read_imports(source: str, *, module: str) -> list[Import]:
    """All imports of a module at `module` (a path), those inside functions included, in line order."""
    package = module.split("/")[:-1]
    found: list[Import] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, (), node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            dotted = ".".join([*parents, *([node.module] if node.module else [])])
            found.append(Import(dotted, tuple(alias.name for alias in node.names), node.lineno))
    return sorted(found, key=lambda entry: entry.line)


def imports_of(module: str) -> list[Import]:
    return read_imports((ROOT / module).read_text(encoding="utf-8"), module=module)


def top(entry: Import) -> str:
    return entry.module.split(".")[0]


def test_imports_are_read_wherever_they_stand() -> None:
    source = (
        "import os.path as p, re\n"
        "from . import records\n"
        "def late():\n"
        "    from indexer.errors import IndexerError\n"
        "    from .deep.place import thing as other\n"
    )
    assert read_imports(source, module="indexer/reading.py") == [
        Import("os.path", (), 1),
        Import("re", (), 1),
        Import("indexer", ("records",), 2),
        Import("indexer.errors", ("IndexerError",), 4),
        Import("indexer.deep.place", ("thing",), 5),
    ]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("indexer/")])
def test_indexer_does_not_know_the_service(module: str) -> None:
    assert [entry for entry in imports_of(module) if top(entry) in {"service", "tests"}] == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("service/")])
def test_service_takes_only_the_public_names_of_the_indexer(module: str) -> None:
    taken = [entry for entry in imports_of(module) if top(entry) == "indexer"]
    assert [entry for entry in taken if entry.module != "indexer" or not entry.names] == []
    assert {name for entry in taken for name in entry.names} <= set(indexer.__all__)


@pytest.mark.parametrize("module", ["indexer/records.py", "indexer/errors.py"])
def test_records_and_errors_import_nothing_of_ours(module: str) -> None:
    assert [entry for entry in imports_of(module) if top(entry) in {"indexer", "service"}] == []


@pytest.mark.parametrize("package", PLACES)
def test_an_outside_package_is_imported_in_its_one_place(package: str) -> None:
    importers = {module for module in MODULES for entry in imports_of(module) if top(entry) == package}
    assert importers == {PLACES[package]}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is(module: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / module).read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_named_by_its_subject(module: str) -> None:
    assert Path(module).stem not in NAMES_WITHOUT_SUBJECT


@pytest.mark.parametrize("module", [name for name in MODULES if name != "service/settings.py"])
def test_only_the_settings_read_the_environment(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    reads = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ENVIRONMENT
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    reads += [
        entry.line for entry in imports_of(module) if entry.module == "os" and ENVIRONMENT & set(entry.names)
    ]
    assert reads == []
