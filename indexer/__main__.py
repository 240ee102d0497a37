"""python -m indexer build | prepare | verify | show | search | rollback | drift | evaluate"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from indexer import Index, IndexerError, UnknownLocale, nearest_locale, normalise_locale, open_index
from indexer.generation import current_generation, generations, read_manifest, verify_generation
from indexer.generation import rollback as roll_back
from indexer.tables import print_evaluation, print_hit, print_report
from indexer.terminal import EXIT_BELOW, messages, print_json, reported_faults, results, shown_progress

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Build and read an index of help articles."
)

IndexDir = Annotated[Path, typer.Option("--index", help="The index folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
ModelName = Annotated[str, typer.Option("--model", help="'embedded', a folder, or a hub name.")]
CacheDir = Annotated[Path, typer.Option("--cache", help="Where prepared models are kept.")]
DEFAULT_CACHE = Path(".cache/models")


@app.command()
def prepare(model: ModelName = "embedded", cache: CacheDir = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Prepare the embedding model, once."""
    from indexer.model import prepare_model

    with reported_faults(as_json):
        prepared = prepare_model(model, cache, progress=lambda step: messages().print(f"model: {step}"))
        if as_json:
            print_json(asdict(prepared))
        else:
            results().print(f"{prepared.name}: {prepared.folder}")


@app.command()
def build(
    corpus: Annotated[list[Path], typer.Argument(help="Checkouts, docsets or folders of locales.")],
    index: IndexDir,
    locales: Annotated[str | None, typer.Option(help="Only these, for example ja-jp,zh-tw.")] = None,
    model: ModelName = "embedded",
    full: Annotated[bool, typer.Option("--full", help="Embed everything anew.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop where a file can't be read.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Drop the locales that aren't built.")] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Publish a locale that lost nine tenths of its passages.")
    ] = False,
    keep: Annotated[int, typer.Option(min=1, help="Generations to keep.")] = 3,
    host: Annotated[
        str, typer.Option(help="Host of the articles' addresses.")
    ] = "https://learn.microsoft.com",
    base_path: Annotated[
        list[str] | None, typer.Option(help="DOCSET=PATH in the articles' addresses.")
    ] = None,
    cache: CacheDir = DEFAULT_CACHE,
    threads: Annotated[int, typer.Option(min=1, help="Threads that embed.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Build the articles in CORPUS into a new generation and publish it; unchanged rows are copied."""
    from indexer.build import BuildOptions, build_index
    from indexer.corpus import CorpusOptions
    from indexer.model import prepare_model

    with reported_faults(as_json):
        options = BuildOptions(
            locales=_locales(locales), full=full, strict=strict, prune=prune, allow_shrink=allow_shrink,
            keep=keep, corpus=CorpusOptions(host, _base_paths(base_path or [])),
        )  # fmt: skip
        with shown_progress() as progress:
            progress.stage("preparing model", None)
            prepared = prepare_model(model, cache)
            report = build_index(
                corpus, index, model=prepared, now=datetime.now(UTC), options=options,
                progress=progress, threads=threads,
            )  # fmt: skip
        if as_json:
            print_json({**asdict(report), "embedded": report.embedded, "copied": report.copied})
        else:
            print_report(report)


@app.command()
def verify(index: IndexDir, as_json: AsJson = False) -> None:
    """Check every file of the current generation against its manifest."""
    with reported_faults(as_json):
        folder = current_generation(index)
        manifest = verify_generation(folder)
        files, size = len(manifest.files), sum(entry.size for entry in manifest.files.values())
        if as_json:
            print_json({"generation": folder.name, "files": files, "bytes": size, "whole": True})
        else:
            results().print(f"{folder.name}: {files} files, {size / 1e6:,.0f} MB, whole")


@app.command()
def show(index: IndexDir, as_json: AsJson = False) -> None:
    """Say what the index holds: locales, articles, passages, model, dates."""
    with reported_faults(as_json):
        folder = current_generation(index)
        manifest = read_manifest(folder)
        names = [generation.name for generation in generations(index)]
        if as_json:
            print_json(
                {
                    "generation": folder.name, "created": manifest.created, "model": asdict(manifest.model),
                    "options": dict(manifest.options), "generations": names,
                    "locales": {name: asdict(entry) for name, entry in manifest.locales.items()},
                }
            )  # fmt: skip
            return
        out, model = results(), manifest.model
        out.print(f"generation {folder.name}, made {manifest.created:%Y-%m-%d %H:%M} UTC")
        out.print(f"model {model.name} ({model.engine}, {model.dimension} dimensions)")
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
    with reported_faults(as_json):
        opened = open_index(index)
        ranking = opened.search(question, locale=_serving(locale, opened), k=k)
        if as_json:
            print_json(asdict(ranking))
            return
        for hit in ranking.hits:
            print_hit(hit)


@app.command()
def rollback(index: IndexDir, as_json: AsJson = False) -> None:
    """Serve the generation before the current one again."""
    with reported_faults(as_json):
        folder = roll_back(index)
        if as_json:
            print_json({"generation": folder.name})
        else:
            results().print(f"now serving {folder.name}")


@app.command()
def drift(
    index: IndexDir,
    article: Annotated[
        str | None, typer.Option(help="A glob over <docset>/<path>; shows the sentences too.")
    ] = None,
    locale: Annotated[str | None, typer.Option(help="Only this one, for example zh-tw.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row for each change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which locales hold an older version of an article, and what changed in its English since."""
    from indexer.drift_file import check_article, read_drift
    from indexer.drift_report import print_drift, write_csv

    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other")
    with reported_faults(as_json):
        folder = current_generation(index)
        manifest = read_manifest(folder)
        locale = _only(locale, sorted(manifest.locales))
        if article is not None:
            check_article(article, folder, locales=manifest.locales)
        found = [
            edition
            for edition in read_drift(folder, manifest)
            if (article is None or fnmatchcase(edition.path, article))
            and locale in (None, edition.version.locale)
        ]
        if as_json:
            print_json({"generation": folder.name, "editions": [asdict(edition) for edition in found]})
        elif as_csv:
            # Articles are in any script, whatever the terminal's encoding is.
            if isinstance(sys.stdout, TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8")
            write_csv(found, sys.stdout)
        else:
            print_drift(found, with_sentences=article is not None)


@app.command()
def evaluate(
    questions: Annotated[Path, typer.Argument(help="A .jsonl file of questions, or a folder of them.")],
    index: IndexDir,
    answerer: Annotated[
        str | None,
        typer.Option(metavar="MODULE:NAME", help="What makes the answerer (default: the service's)."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Compare with the run saved in this folder.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save the run: TREC runs and judgements, answers.")
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIGURE=VALUE", help="Exit with 3 where evidence:Success@5 or another is lower."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how often questions find their article and evidence, what is refused and what is quoted."""
    from indexer.evaluate_command import evaluate_index

    with reported_faults(as_json):
        with shown_progress() as progress:
            outcome = evaluate_index(
                questions, index, answerer=answerer, against=against, save=save,
                fail_under=fail_under or [], progress=progress,
            )  # fmt: skip
        if outcome.unanswered is not None:
            messages().print(f"refusals and citations are left out: {outcome.unanswered}")
        if as_json:
            print_json(outcome.as_json())
        else:
            print_evaluation(outcome.report)
            if outcome.left_out:
                results().print(f"left out, for the index doesn't hold them: {', '.join(outcome.left_out)}")
        for floor in outcome.below:
            messages().print(f"below {floor}", style="red")
        if outcome.below:
            raise typer.Exit(EXIT_BELOW)


def _locales(named: str | None) -> tuple[str, ...] | None:
    if named is None:
        return None
    try:
        return tuple(normalise_locale(tag) for tag in named.split(","))
    except ValueError as error:
        raise IndexerError(f"--locales: {error}") from error


def _only(locale: str | None, available: Sequence[str]) -> str | None:
    try:
        tag = None if locale is None else normalise_locale(locale)
    except ValueError as error:
        raise IndexerError(f"--locale: {error}; there are {', '.join(available)}") from error
    if tag is not None and tag not in available:
        raise UnknownLocale(tag, available)
    return tag


def _serving(locale: str, index: Index) -> str:
    available = [summary.locale for summary in index.locales]
    try:
        return nearest_locale(normalise_locale(locale), available) or locale
    except ValueError as error:
        raise IndexerError(f"--locale: {error}; there are {', '.join(available)}") from error


def _base_paths(pairs: Sequence[str]) -> dict[str, str]:
    if broken := [pair for pair in pairs if "=" not in pair]:
        raise IndexerError(f"--base-path {broken[0]!r} is not of the form DOCSET=PATH")
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    sys.exit(app())
