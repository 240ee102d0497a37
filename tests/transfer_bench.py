"""Whether the search carries over to texts that nothing was learnt from: as shipped, and each leg alone.

    python -m tests.transfer_bench [LOCALE=FILE ...] [--cache DIR]

A FILE has the form of SQuAD 1.1 (Rajpurkar et al. 2016), as JSQuAD, DRCD and XQuAD have it: articles of
paragraphs, each with its questions. Every paragraph becomes an article of its own under its article's title,
and is the one right answer to its questions. Without a FILE the sets in `tests/encyclopaedia` are used, which
were written for this. Printed are, for each locale, the figures of the three runs and the paired differences
of each leg alone to the search as shipped: below 0 the leg alone is worse.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from indexer import Question, open_index
from indexer.ablation import ALONE, ablate, ablation_rows, loss_rows
from indexer.build import build_index
from indexer.evaluation import measure
from indexer.figures import Row
from indexer.model import EMBEDDED, prepare_model
from indexer.tables import print_rows

SETS = Path(__file__).parent / "encyclopaedia"
FIGURES = {name: f"article:{name}" for name in ("Success@1", "Success@5", "RR@10")}
DOCSET = "encyclopaedia"


def write_articles(source: Path, locale: str, folder: Path) -> list[Question]:
    """Write each paragraph of a SQuAD file as an article of its own below `folder`; return its questions."""
    questions = []
    target = folder / locale / DOCSET
    target.mkdir(parents=True)
    numbered = (
        (article["title"], paragraph)
        for article in json.loads(source.read_text("utf-8"))["data"]
        for paragraph in article["paragraphs"]
    )
    for number, (title, paragraph) in enumerate(numbered):
        header = yaml.safe_dump({"title": title}, allow_unicode=True)
        file = target / f"{number:05}.md"
        file.write_text(f"---\n{header}---\n\n# {title}\n\n{paragraph['context']}\n", "utf-8")
        questions += [
            Question(
                f"{locale}-{number:05}-{place}", locale, asked["question"], locale.split("-")[0], "natural",
                (), (f"{DOCSET}/{number:05}",), (paragraph["context"],),
            )
            for place, asked in enumerate(paragraph["qas"])
        ]  # fmt: skip
    return questions


def run(sets: Mapping[str, Path], cache: Path) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """What is run -> its rows, a row a locale; and of each leg alone the differences to the whole."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, index_dir = Path(folder, "corpus"), Path(folder, "index")
        questions = [each for locale, file in sets.items() for each in write_articles(file, locale, corpus)]
        model = prepare_model(EMBEDDED, cache, progress=print)
        build_index([corpus], index_dir, model=model, now=datetime.now(UTC))
        runs = ablate(open_index(index_dir), questions, changes=ALONE)
    ablated = {name: measure(each.levels) for name, each in runs.items()}
    return ablation_rows(questions, ablated), loss_rows(questions, ablated)


def read_sets(named: Sequence[str]) -> dict[str, Path]:
    """Locale -> file, of `LOCALE=FILE` each, or of this project's own."""
    if not named:
        return {file.stem: file for file in sorted(SETS.glob("*.json"))}
    sets = {locale: Path(file) for locale, _, file in (each.partition("=") for each in named)}
    for locale, file in sets.items():
        if not file.is_file():
            raise SystemExit(f"{locale}: there is no file {file}; name each set as LOCALE=FILE")
    return sets


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="LOCALE=FILE")
    parser.add_argument("--cache", type=Path, default=Path(".cache/models"))
    chosen = parser.parse_args()
    rows, losses = run(read_sets(chosen.sets), chosen.cache)
    for name, table in rows.items():
        print_rows(table, FIGURES, title=name, counted="questions")
    for name, table in losses.items():
        print_rows(table, FIGURES, title=f"{name}: difference", counted="questions", signed=True)


if __name__ == "__main__":
    main()
