"""What results look like to a reader: a build's report, a hit, an evaluation's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from indexer.records import Hit
from indexer.terminal import results

if TYPE_CHECKING:
    # Building and measuring need packages that a host of the service doesn't have.
    from indexer.bootstrap import Estimate
    from indexer.build_report import BuildReport
    from indexer.evaluation_report import Report
    from indexer.figures import Row

# Heads and figures of the tables of an evaluation; those of CHIEF are shown with their intervals.
RETRIEVAL = {
    f"{level}\n{measure}": f"{level}:{measure}"
    for level in ("article", "evidence")
    for measure in ("Success@1", "Success@5", "RR@10")
}
REFUSAL = {
    "AUROC": "refusal:AUROC",
    "near\nmiss": "refusal:AUROC_near_miss",
    "off\ntopic": "refusal:AUROC_off_topic",
    "answered": "refusal:answered",
    "refused": "refusal:refused",
    "near miss\nrefused": "refusal:refused_near_miss",
    "off topic\nrefused": "refusal:refused_off_topic",
    "precision": "refusal:precision",
    "recall": "refusal:recall",
    "fallback": "refusal:fallback",
}
CITATIONS = {
    "in one quote": "citations:single",
    "in all": "citations:joined",
    "quotes": "citations:sentences",
    "with English": "citations:source",
}
DIFFERENCES = {
    "article\nSuccess@5": "article:Success@5",
    "evidence\nSuccess@1": "evidence:Success@1",
    "evidence\nSuccess@5": "evidence:Success@5",
    "AUROC": "refusal:AUROC",
    "answered": "refusal:answered",
    "refused": "refusal:refused",
    "in one quote": "citations:single",
}
CHIEF = frozenset({"article:Success@5", "evidence:Success@5", "refusal:AUROC", "citations:single"})


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


def print_evaluation(report: Report) -> None:
    """Print the tables of an evaluation: retrieval, refusal, citations, differences."""
    out = results()
    print_rows(report.rows, RETRIEVAL, title="right article, right evidence", counted="answerable")
    if report.refusal is not None:
        print_rows(report.rows, REFUSAL, title="refusal", counted="questions")
        refusal = report.refusal
        out.print(
            f"from confidence {refusal.threshold:g} on, {refusal.coverage:.3f} of the questions, of which "
            f"{refusal.risk:.3f} unanswerable; area of risk over coverage {refusal.curve.area:.3f}, "
            f"calibration error {refusal.calibration.error:.3f}"
        )
        print_rows(report.rows, CITATIONS, title="quotes that hold the evidence", counted="answered")
    if report.against is not None:
        against = report.against
        title = f"difference to {against.generation}"
        print_rows(against.rows, DIFFERENCES, title=title, counted="in both", signed=True)
        if against.unpaired:
            out.print(f"not compared, for the other run was not asked them: {against.unpaired} questions")


def print_rows(
    rows: Sequence[Row], columns: Mapping[str, str], *, title: str, counted: str, signed: bool = False
) -> None:
    """Print one table: those of `columns` that were measured, and the rows that have one of them.

    `columns` maps heads to figures; `counted` heads the numbers of questions. Differences are `signed`.
    """
    shown = {head: name for head, name in columns.items() if any(name in row.figures for row in rows)}
    table = Table("", counted, *shown, title=title)
    for row in rows:
        counts = [row.figures[name].questions for name in shown.values() if name in row.figures]
        if counts:
            cells = [_cell(row.figures.get(name), signed, signed or name in CHIEF) for name in shown.values()]
            table.add_row(row.group, str(max(counts)), *cells)
    results().print(table)


def _cell(figure: Estimate | None, signed: bool, interval: bool) -> str:
    if figure is None:
        return ""
    sign = "+" if signed else ""
    ends = f" [{_short(figure.low, f'{sign}.2f')} {_short(figure.high, f'{sign}.2f')}]" if interval else ""
    return f"{_short(figure.value, f'{sign}.3f')}{ends}"


def _short(number: float, form: str) -> str:
    """The number without the nought before its point."""
    text = f"{number + 0.0:{form}}"
    return text.replace("0.", ".", 1) if abs(number) < 1 else text
