"""python -m indexer build | prepare | verify | show | search | rollback | evaluate"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from indexer import Index, IndexerError, nearest_locale, normalise_locale, open_index
from indexer.generation import current_generation, generations, read_manifest, verify_generation
from indexer.generation import rollback as roll_back

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Build and read an index of help articles."
)
err = Console(stderr=True, highlight=False)
out = Console(highlight=False, soft_wrap=True)

IndexDir = Annotated[Path, typer.Option("--index", help="The index folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
DEFAULT_CACHE = Path(".cache/models")
EXIT_FAULT, EXIT_BELOW, EXIT_INTERRUPTED = 1, 3, 130


class _Rate(ProgressColumn):
    """Units a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="cyan")


class _Bars:
    """Shows a build's stages on the terminal, with rates and time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: Any = None

    def stage(self, name: str, total: int | None) -> None:
        """Close the bar of the last stage and open one."""
        if self._task is not None:
            done = self._progress.tasks[self._task]
            self._progress.update(self._task, total=done.completed)
            self._progress.stop_task(self._task)
        self._task = self._progress.add_task(name, total=total)

    def advance(self, count: int) -> None:
        """Move the bar."""
        self._progress.advance(self._task, count)


class _Lines:
    """Shows a build's stages as plain lines, one every ten seconds, where no terminal is there."""

    INTERVAL_S = 10.0

    def __init__(self) -> None:
        self._name = ""
        self._total: int | None = None
        self._done = 0
        self._started = self._shown = time.monotonic()

    def stage(self, name: str, total: int | None) -> None:
        """Say which stage begins."""
        self._name, self._total, self._done = name, total, 0
        self._started = self._shown = time.monotonic()
        err.print(name if total is None else f"{name}: {total:,}")

    def advance(self, count: int) -> None:
        """Say how far it is, if it is time to."""
        self._done += count
        now = time.monotonic()
        if now - self._shown < self.INTERVAL_S:
            return
        self._shown = now
        rate = self._done / (now - self._started)
        left = (
            "" if not self._total else f" of {self._total:,}, {(self._total - self._done) / rate:,.0f} s left"
        )
        err.print(f"{self._name}: {self._done:,}{left} ({rate:,.0f}/s)")


@contextmanager
def _bars() -> Iterator[_Bars | _Lines]:
    if not err.is_terminal:
        yield _Lines()
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err) as progress:
        yield _Bars(progress)


@contextmanager
def _faults(as_json: bool) -> Iterator[None]:
    """Turn errors into one message and an exit code."""
    try:
        yield
    except IndexerError as error:
        _fail(as_json, type(error).__name__, str(error), EXIT_FAULT)
    except KeyboardInterrupt:
        _fail(as_json, "Interrupted", "interrupted; the index is as it was before", EXIT_INTERRUPTED)


def _fail(as_json: bool, kind: str, message: str, code: int) -> None:
    if as_json:
        print(json.dumps({"error": kind, "message": message}, ensure_ascii=False))
    err.print(Text("error: ", style="bold red") + Text(message))
    raise typer.Exit(code)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


@app.command()
def prepare(
    model: Annotated[str, typer.Option(help="'embedded', a folder, or a hub name.")] = "embedded",
    cache: Annotated[Path, typer.Option(help="Where prepared models are kept.")] = DEFAULT_CACHE,
) -> None:
    """Prepare the embedding model, once."""
    from indexer.model import prepare_model

    with _faults(False):
        prepared = prepare_model(model, cache, progress=lambda step: err.print(f"model: {step}"))
        out.print(f"{prepared.name}: {prepared.folder}")


@app.command()
def build(
    corpus: Annotated[list[Path], typer.Argument(help="Checkouts, docsets or folders of locales.")],
    index: IndexDir,
    locales: Annotated[str, typer.Option(help="Only these, for example ja-jp,zh-tw.")] = "",
    model: Annotated[str, typer.Option(help="'embedded', a folder, or a hub name.")] = "embedded",
    full: Annotated[bool, typer.Option("--full", help="Embed everything anew.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop where a file can't be read.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Drop locales that CORPUS does not hold.")] = False,
    keep: Annotated[int, typer.Option(min=1, help="Generations to keep.")] = 3,
    host: Annotated[
        str, typer.Option(help="Host of the articles' addresses.")
    ] = "https://learn.microsoft.com",
    base_path: Annotated[
        list[str] | None, typer.Option(help="DOCSET=PATH in the articles' addresses.")
    ] = None,
    cache: Annotated[Path, typer.Option(help="Where prepared models are kept.")] = DEFAULT_CACHE,
    threads: Annotated[int, typer.Option(min=1, help="Threads that embed.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Build the articles in CORPUS into a new generation and publish it; unchanged rows are copied."""
    from indexer.build import BuildOptions, build_index
    from indexer.corpus import CorpusOptions
    from indexer.model import prepare_model

    with _faults(as_json):
        options = BuildOptions(
            locales=_locales(locales), full=full, strict=strict, prune=prune, keep=keep,
            corpus=CorpusOptions(host, _base_paths(base_path or [])),
        )  # fmt: skip
        with _bars() as bars:
            bars.stage("preparing model", None)
            prepared = prepare_model(model, cache)
            report = build_index(
                corpus,
                index,
                model=prepared,
                now=datetime.now(UTC),
                options=options,
                progress=bars,
                threads=threads,
            )
        if as_json:
            _print_json({**asdict(report), "embedded": report.embedded, "copied": report.copied})
            return
        _show_report(report)


def _show_report(report: Any) -> None:
    table = Table("locale", "articles", "passages", "sentences", "embedded", "copied", "")
    for locale, entry in sorted(report.locales.items()):
        counts = (entry.articles, entry.passages, entry.sentences, entry.embedded, entry.copied)
        table.add_row(locale, *(f"{count:,}" for count in counts), "unchanged" if entry.unchanged else "")
    out.print(table)
    if report.kept:
        out.print(f"kept as they were: {', '.join(report.kept)}")
    reasons: dict[str, int] = {}
    for skipped in report.skipped:
        reasons[skipped.reason] = reasons.get(skipped.reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        out.print(f"skipped {count}: {reason} (--json names each)")
    for failed in report.failed:
        where = failed.file if failed.line is None else f"{failed.file}:{failed.line}"
        out.print(Text(f"not read: {where}: {failed.reason}", style="yellow"))
    verb = "published" if report.published else "nothing had changed, still"
    out.print(f"{verb} {report.generation} in {report.seconds:.1f} s")


@app.command()
def verify(index: IndexDir, as_json: AsJson = False) -> None:
    """Check every file of the current generation against its manifest."""
    with _faults(as_json):
        folder = current_generation(index)
        manifest = verify_generation(folder)
        size = sum(entry.size for entry in manifest.files.values())
        if as_json:
            _print_json(
                {"generation": folder.name, "files": len(manifest.files), "bytes": size, "whole": True}
            )
        else:
            out.print(f"{folder.name}: {len(manifest.files)} files, {size / 1e6:,.0f} MB, whole")


@app.command()
def show(index: IndexDir, as_json: AsJson = False) -> None:
    """Say what the index holds: locales, articles, passages, model, dates."""
    with _faults(as_json):
        folder = current_generation(index)
        manifest = read_manifest(folder)
        names = [generation.name for generation in generations(index)]
        if as_json:
            _print_json(
                {
                    "generation": folder.name, "created": manifest.created, "model": asdict(manifest.model),
                    "options": dict(manifest.options), "generations": names,
                    "locales": {name: asdict(entry) for name, entry in manifest.locales.items()},
                }
            )  # fmt: skip
            return
        out.print(f"generation {folder.name}, made {manifest.created:%Y-%m-%d %H:%M} UTC")
        out.print(
            f"model {manifest.model.name} ({manifest.model.engine}, {manifest.model.dimension} dimensions)"
        )
        table = Table("locale", "articles", "passages", "sentences")
        for locale, entry in sorted(manifest.locales.items()):
            table.add_row(locale, f"{entry.articles:,}", f"{entry.passages:,}", f"{entry.sentences:,}")
        out.print(table)
        out.print(f"generations: {', '.join(names)}")


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    index: IndexDir,
    locale: Annotated[str, typer.Option(help="The locale to search, for example ja-jp.")],
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many hits.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Search one locale and print the hits with the scores of their legs."""
    with _faults(as_json):
        opened = open_index(index)
        ranking = opened.search(question, locale=_serving(locale, opened), k=k)
        if as_json:
            _print_json(asdict(ranking))
            return
        for hit in ranking.hits:
            scores = hit.scores
            out.print(
                Text(f"{hit.rank}. {hit.score:.3f} ", style="bold")
                + Text(
                    f"passage {scores.dense:.3f} sentence {scores.sentence:.3f} words {scores.lexical:.3f}",
                    "cyan",
                )
            )
            out.print(Text(" > ".join((hit.passage.edition.title, *hit.passage.headings))))
            out.print(Text(hit.passage.url, style="blue"))
            out.print(Text(hit.passage.text[:400] + "\n"))


@app.command()
def rollback(index: IndexDir, as_json: AsJson = False) -> None:
    """Serve the generation before the current one again."""
    with _faults(as_json):
        folder = roll_back(index)
        _print_json({"generation": folder.name}) if as_json else out.print(f"now serving {folder.name}")


@app.command()
def evaluate(
    questions: Annotated[Path, typer.Argument(help="A .jsonl file of questions, or a folder of them.")],
    index: IndexDir,
    fail_under: Annotated[float, typer.Option(help="Exit with 3 where evidence Success@5 is lower.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Measure how often questions find the right article and the right evidence."""
    from indexer import evaluation

    with _faults(as_json):
        asked = evaluation.read_questions(questions)
        opened = open_index(index)
        asked = [question for question in asked if question.locale in opened.shards]
        if not asked:
            raise IndexerError(f"{questions} has no question in {', '.join(sorted(opened.shards))}")
        with _bars() as bars:
            bars.stage("asking", len(asked))
            rankings = evaluation.run_questions(opened, asked, bars.advance)
        rows = evaluation.evaluate(opened, asked, rankings)
        if as_json:
            _print_json({"generation": opened.generation, "rows": [asdict(row) for row in rows]})
        else:
            _show_rows(rows)
        if rows[0].evidence["Success@5"] < fail_under:
            raise typer.Exit(EXIT_BELOW)


def _show_rows(rows: list[Any]) -> None:
    names = ("Success@1", "Success@5", "RR@10")
    heads = [f"{level} {name}" for level in ("article", "evidence") for name in names]
    table = Table("", "questions", *heads, title="right article / right evidence")
    for row in rows:
        values = [f"{level[name]:.3f}" for level in (row.article, row.evidence) for name in names]
        table.add_row(row.group, str(row.questions), *values)
    out.print(table)


def _locales(named: str) -> tuple[str, ...] | None:
    try:
        return tuple(normalise_locale(tag) for tag in named.split(",") if tag.strip()) or None
    except ValueError as error:
        raise IndexerError(f"--locales: {error}") from error


def _serving(locale: str, index: Index) -> str:
    available = [summary.locale for summary in index.locales]
    try:
        return nearest_locale(normalise_locale(locale), available) or locale
    except ValueError as error:
        raise IndexerError(f"--locale: {error}; there are {', '.join(available)}") from error


def _base_paths(pairs: list[str]) -> dict[str, str]:
    if broken := [pair for pair in pairs if "=" not in pair]:
        raise IndexerError(f"--base-path {broken[0]!r} is not of the form DOCSET=PATH")
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    sys.exit(app())
