"""What results look like to a reader: a build's report, a hit, an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from indexer.records import Hit
from indexer.terminal import results

if TYPE_CHECKING:
    # Building and measuring need packages that a host of the service doesn't have.
    from indexer.build_report import BuildReport
    from indexer.evaluation import Row


def print_report(report: BuildReport) -> None:
    """Print what became of each locale, and every file that could not be read."""
    out = results()
    table = Table("locale", "articles", "passages", "sentences", "embedded", "copied", "")
    for locale, entry in sorted(report.locales.items()):
        counts = (entry.articles, entry.passages, entry.sentences, entry.embedded, entry.copied)
        table.add_row(locale, *(f"{count:,}" for count in counts), "unchanged" if entry.unchanged else "")
    out.print(table)
    if report.damage:
        out.print(f"nothing was copied from the generation before: {report.damage}", style="yellow")
    if report.kept:
        out.print(f"kept as they were: {', '.join(report.kept)}")
    reasons: dict[str, int] = {}
    for skipped in report.skipped:
        reasons[skipped.reason] = reasons.get(skipped.reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        out.print(f"skipped {count}: {reason} (--json names each)")
    for failed in report.failed:
        where = failed.file if failed.line is None else f"{failed.file}:{failed.line}"
        out.print(f"not read: {where}: {failed.reason}", style="yellow")
    verb = "published" if report.published else "nothing had changed, still"
    out.print(f"{verb} {report.generation} in {report.seconds:.1f} s")


def print_hit(hit: Hit) -> None:
    """Print a hit's scores, place and beginning."""
    out, scores, passage = results(), hit.scores, hit.passage
    legs = f"passage {scores.dense:.3f} sentence {scores.sentence:.3f} words {scores.lexical:.3f}"
    out.print(Text(f"{hit.rank}. {hit.score:.3f} ", style="bold") + Text(legs, "cyan"))
    out.print(" > ".join((passage.edition.title, *passage.headings)))
    out.print(passage.url, style="blue")
    out.print(f"{passage.text[:400]}\n")


def print_rows(rows: Sequence[Row]) -> None:
    """Print the table of measures."""
    names = ("Success@1", "Success@5", "RR@10")
    heads = [f"{level} {name}" for level in ("article", "evidence") for name in names]
    table = Table("", "questions", *heads, title="right article / right evidence")
    for row in rows:
        values = [f"{level[name]:.3f}" for level in (row.article, row.evidence) for name in names]
        table.add_row(row.group, str(row.questions), *values)
    results().print(table)
