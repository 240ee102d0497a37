"""The notebooks: nothing but prose, calls and plots, without outputs; and they run from top to bottom."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbmake.nb_run import NotebookRun

from indexer.build_report import BuildReport
from tests.conftest import ROOT, SAMPLE_QUESTIONS
from tests.notebook_copies import NOTEBOOKS, PARAMETERS, copy_notebook, parameter_cells, read_notebook

NAMES = ["1_corpus", "2_retrieval", "3_answers"]
# What has a subject of its own belongs into the packages, with a test.
CODE = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try,
    ast.With,
)  # fmt: skip
CELL_TIMEOUT_S = 120

every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def font_list() -> None:
    """Matplotlib's list of this machine's fonts: a kernel that has to make it says so where it takes long."""
    importlib.import_module("matplotlib.font_manager")


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def called_names(cell: NotebookNode) -> set[str]:
    """The functions that the cell calls; those that print are all `print`."""
    calls = [node.func for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    return {"print" if name.startswith("print") else name for name in names}


def ends_with_plot(cell: NotebookNode) -> bool:
    last = ast.parse(cell.source).body[-1]
    is_call = isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
    return is_call and ast.unparse(last).startswith("plot_")


def shows_image(cell: NotebookNode) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def test_there_are_three_notebooks() -> None:
    assert [file.stem for file in NOTEBOOKS] == NAMES


@every_notebook
def test_a_notebook_is_committed_without_outputs(notebook: Path) -> None:
    content = read_notebook(notebook)
    nbformat.validate(content)
    for cell in code_cells(content):
        assert (cell.outputs, cell.execution_count) == ([], None)
    assert set(content.metadata) == {"kernelspec", "language_info"}
    assert content.metadata.kernelspec.name == "python3"
    assert content.metadata.language_info == {"name": "python"}


@every_notebook
def test_a_notebook_holds_prose_calls_and_plots_only(notebook: Path) -> None:
    content = read_notebook(notebook)
    trees = [ast.parse(cell.source) for cell in code_cells(content)]
    assert [type(node) for tree in trees for node in ast.walk(tree) if isinstance(node, CODE)] == []
    assert max(len(tree.body) for tree in trees[2:]) <= 4
    assert content.cells[0].source.startswith("# ")
    # Each result has its prose: never more than three cells of code in a row.
    kinds = "".join(cell.cell_type[0] for cell in content.cells)
    assert "cccc" not in kinds


@every_notebook
def test_the_first_cell_of_code_names_the_sample_articles(notebook: Path) -> None:
    content = read_notebook(notebook)
    assert parameter_cells(content) == code_cells(content)[:1]
    named = ast.literal_eval(code_cells(content)[0].source.removeprefix("CORPUS = "))
    index_dir, questions = ((notebook.parent / path).resolve() for path in named)
    assert questions == SAMPLE_QUESTIONS
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert index_dir == ROOT / "build" / "demo-index"
    assert "-m indexer build $(SAMPLES) --index build/demo-index" in makefile


def test_a_copy_names_another_corpus_and_is_the_same_otherwise(tmp_path: Path) -> None:
    index_dir, questions = tmp_path / "it's", tmp_path / "asked"
    copy = copy_notebook(NOTEBOOKS[0], tmp_path / "out", index_dir=index_dir, questions=questions)
    before, after = read_notebook(NOTEBOOKS[0]), read_notebook(copy)
    (cell,) = parameter_cells(after)
    assert ast.literal_eval(cell.source.removeprefix("CORPUS = ")) == (str(index_dir), str(questions))
    cell.source = parameter_cells(before)[0].source
    assert after == before


def test_a_notebook_that_names_no_corpus_is_refused(tmp_path: Path) -> None:
    notebook = read_notebook(NOTEBOOKS[0])
    parameter_cells(notebook)[0].metadata.tags.remove(PARAMETERS)
    nbformat.write(notebook, tmp_path / "without.ipynb")
    with pytest.raises(ValueError, match="not enough values"):
        copy_notebook(tmp_path / "without.ipynb", tmp_path / "out", index_dir=tmp_path, questions=tmp_path)


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.usefixtures("font_list")
@every_notebook
def test_a_notebook_runs_from_top_to_bottom_on_the_sample_articles(
    notebook: Path,
    sample_build: tuple[Path, BuildReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A kernel's history and settings stay out of the home of whoever runs this.
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    # The kernel runs beside its notebook, and must read this tree's packages.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    copy = copy_notebook(notebook, tmp_path, index_dir=sample_build[0], questions=SAMPLE_QUESTIONS)
    result = NotebookRun(copy, CELL_TIMEOUT_S).execute()
    assert result.error is None, result.error.trace
    cells = code_cells(result.nb)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    # A warning would be written there.
    assert [output.text for cell in cells for output in cell.outputs if output.get("name") == "stderr"] == []
    assert [shows_image(cell) for cell in cells] == [ends_with_plot(cell) for cell in cells]
    assert [bool(cell.outputs) for cell in cells] == [
        ends_with_plot(cell) or "print" in called_names(cell) for cell in cells
    ]
    text = "".join(output.get("text", "") for cell in cells for output in cell.outputs)
    assert sample_build[1].generation in text
