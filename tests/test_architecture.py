"""Imports go one way, and each outside package has its one place: read from the source, not run."""

from __future__ import annotations

import ast
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import indexer

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for package in ("indexer", "service")
    for path in sorted((ROOT / package).rglob("*.py"))
}

# An outside package -> the one module that imports it.
PLACES = {
    "faiss": "indexer/vectors.py",
    "bm25s": "indexer/lexical.py",
    "langchain_text_splitters": "indexer/passages.py",
    "Stemmer": "indexer/terms.py",
    "ir_measures": "indexer/evaluation.py",
    "granian": "service/serving.py",
    "limits": "service/rate_limits.py",
    "matplotlib": "indexer/plots.py",
    "mcp_types": "service/mcp.py",
    "openai": "service/chat_client.py",
    "prometheus_client": "service/metrics.py",
    "sse_starlette": "service/streaming.py",
    "py3langid": "service/asking.py",
    "pydantic_settings": "service/settings.py",
}
# Tables, engine and statements are one subject in three modules.
DATABASE_MODULES = {
    "service/conversation_store.py",
    "service/conversation_tables.py",
    "service/database.py",
}
# The tools, and what a tool does with a fault.
MCP_MODULES = {"service/mcp.py", "service/mcp_tool.py"}
# The webhook and Chatwoot are called by the package itself, the chat endpoint by way of its official client.
CALLING_MODULES = {"service/chat_client.py", "service/chatwoot_client.py", "service/handover.py"}
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


IMPORTS = {module: read_imports(source, module=module) for module, source in SOURCES.items()}


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


def test_indexer_does_not_know_the_service() -> None:
    indexer_modules = {module: found for module, found in IMPORTS.items() if module.startswith("indexer/")}
    assert "indexer/records.py" in indexer_modules
    assert {
        module for module, found in indexer_modules.items() if {"service", "tests"} & set(map(top, found))
    } == set()


def test_service_takes_only_the_public_names_of_the_indexer() -> None:
    taken = [
        (module, entry)
        for module, found in IMPORTS.items()
        for entry in found
        if module.startswith("service/") and top(entry) == "indexer"
    ]
    public = set(indexer.__all__)
    assert taken
    assert [
        (module, entry)
        for module, entry in taken
        if entry.module != "indexer" or not entry.names or not public.issuperset(entry.names)
    ] == []


def test_records_and_errors_import_nothing_of_ours() -> None:
    found = IMPORTS["indexer/records.py"] + IMPORTS["indexer/errors.py"]
    assert {"indexer", "service"} & set(map(top, found)) == set()


def test_the_service_does_not_need_the_client_of_the_api_that_it_offers() -> None:
    # A writer may use it to ask a language model; the routes of OpenAI's form stand without it.
    ours = {module for module in SOURCES if module.startswith(("service/openai_", "service/response"))}
    assert "service/openai_routes.py" in ours
    assert {module for module in ours if "openai" in map(top, IMPORTS[module])} == set()


@pytest.mark.parametrize("package", PLACES)
def test_an_outside_package_is_imported_in_its_one_place(package: str) -> None:
    assert {module for module, found in IMPORTS.items() if package in map(top, found)} == {PLACES[package]}


def test_only_the_modules_of_the_database_know_sqlalchemy() -> None:
    assert {
        module for module, found in IMPORTS.items() if "sqlalchemy" in map(top, found)
    } == DATABASE_MODULES


def test_only_the_modules_of_the_tools_know_their_sdk() -> None:
    assert {module for module, found in IMPORTS.items() if "mcp" in map(top, found)} == MCP_MODULES


def test_only_three_modules_call_others_over_http() -> None:
    assert {module for module, found in IMPORTS.items() if "httpx2" in map(top, found)} == CALLING_MODULES


def test_each_outside_package_is_asked_for_in_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["indexer"], *extras["notebooks"], *extras["chat"]]
    owners = packages_distributions()
    imported = {top(entry) for found in IMPORTS.values() for entry in found}
    outside = imported - sys.stdlib_module_names - {"indexer", "service"}
    names = {canonicalize_name(Requirement(text).name) for text in asked}
    assert {
        package for package in outside if names.isdisjoint(map(canonicalize_name, owners[package]))
    } == set()


def test_each_module_says_what_it_is() -> None:
    assert [module for module, source in SOURCES.items() if not ast.get_docstring(ast.parse(source))] == []


def test_each_module_is_named_by_its_subject() -> None:
    assert [module for module in SOURCES if Path(module).stem in NAMES_WITHOUT_SUBJECT] == []


def test_only_the_settings_read_the_environment() -> None:
    # The embedder sets a default for CTranslate2, which takes its instruction set from nowhere else.
    assert SOURCES["indexer/embedding.py"].count("os.environ") == 1
    assert 'os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")' in SOURCES["indexer/embedding.py"]
    assert {module for module, source in SOURCES.items() if reads_environment(source)} == {
        "service/settings.py",
        "indexer/embedding.py",
    }


def test_reading_the_environment_is_seen_in_each_form() -> None:
    assert reads_environment("import os\nx = os.environ.get('A')")
    assert reads_environment("from os import getenv as g")
    assert not reads_environment("import os\nos.replace('a', 'b')")


def reads_environment(source: str) -> bool:
    """Whether the source names the environment of `os`, by attribute or by import."""
    nodes = list(ast.walk(ast.parse(source)))
    attributes = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    imported = {
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for alias in node.names
    }
    return bool((attributes | imported) & ENVIRONMENT)
