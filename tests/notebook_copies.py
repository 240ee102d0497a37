"""Copies of the notebooks that name another corpus; nbmake runs them, the notebooks stay as they are.

python -m tests.notebook_copies OUT --index DIR --questions QUESTIONS
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
from nbformat import NotebookNode

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
PARAMETERS = "parameters"


def copy_notebook(notebook: Path, out_dir: Path, *, index_dir: Path, questions: Path) -> Path:
    """Copy `notebook` into `out_dir`, naming this index and these questions; gives the copy's path.

    Raises: ValueError where no cell, or more than one, has the tag `parameters`.
    """
    copy = read_notebook(notebook)
    (cell,) = parameter_cells(copy)
    cell.source = f"CORPUS = ({str(index_dir.resolve())!r}, {str(questions.resolve())!r})"
    out_dir.mkdir(parents=True, exist_ok=True)
    nbformat.write(copy, out_dir / notebook.name)
    return out_dir / notebook.name


def read_notebook(file: Path) -> NotebookNode:
    """The notebook, in the format's version that it is written in."""
    return nbformat.read(file, nbformat.NO_CONVERT)


def parameter_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells with the tag `parameters`."""
    return [cell for cell in notebook.cells if PARAMETERS in cell.metadata.get("tags", ())]


def main() -> None:
    """Copy all notebooks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    chosen = parser.parse_args()
    for notebook in NOTEBOOKS:
        copy_notebook(notebook, chosen.out, index_dir=chosen.index, questions=chosen.questions)


if __name__ == "__main__":
    main()
