"""The report as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from service.report_figures import CitedSection, Report
from service.report_page import filters_said, grouping_said
from service.terminal import printable


def print_tables(report: Report, out: Console) -> None:
    """Print the figures; what has none is left out."""
    answered = "" if report.share_answered is None else f", {report.share_answered:.0%} answered"
    out.print(
        f"{report.since:%Y-%m-%d} to {report.until:%Y-%m-%d} (UTC): {report.questions:,} questions in "
        f"{report.conversations:,} conversations{answered}; {report.up:,} up, {report.down:,} down",
        soft_wrap=True,
    )
    _print_locales(report, out)
    _print_refusals(report, out)
    _print_counts("Feedback by reason", report.reasons, out)
    _print_cited("Most liked citations", report.liked, out)
    _print_cited("Least liked citations", report.disliked, out)
    _print_origins(report, out)
    _print_cited("Cited though changed in a newer version", report.outdated, out)
    _print_notes(report, out)


def _print_locales(report: Report, out: Console) -> None:
    table = _table(
        "Questions per locale", "locale", numbers=("questions", "answered", "fallback", "up", "down")
    )
    for each in report.locales:
        share = "" if each.share_answered is None else f"{each.share_answered:.0%}"
        counts = (each.fallbacks, each.up, each.down)
        table.add_row(printable(each.locale), f"{each.questions:,}", share, *(f"{n:,}" for n in counts))
    _print(table, out)


def _print_refusals(report: Report, out: Console) -> None:
    _print_counts("Refusals by reason", report.abstained, out)
    table = _table("What the articles don't answer", numbers=("questions",))
    for name in ("newest", "nearest articles", "locales"):
        table.add_column(name, overflow="fold")
    for group in report.refusals:
        lines = ("\n".join(map(printable, part)) for part in (group.questions, group.articles))
        table.add_row(f"{group.size:,}", *lines, " ".join(map(printable, group.locales)))
    if report.refusals:
        table.caption = grouping_said(report.refusals)
    _print(table, out)
    if report.refusals_left_out:
        out.print(f"{report.refusals_left_out:,} more in smaller groups")
    if report.nothing_allowed:
        out.print(filters_said(report))


def _print_counts(title: str, counts: Sequence[tuple[str, int]], out: Console) -> None:
    table = _table(title, "reason", numbers=("times",))
    for name, count in counts:
        table.add_row(printable(name), f"{count:,}")
    _print(table, out)


def _print_cited(title: str, sections: Sequence[CitedSection], out: Console) -> None:
    table = _table(title, "section", numbers=("cited", "up", "down"))
    for section in sections:
        table.add_row(
            printable(section.place), *(f"{n:,}" for n in (section.cited, section.up, section.down))
        )
    _print(table, out)


def _print_origins(report: Report, out: Console) -> None:
    table = _table(
        "Where the quotes come from",
        "translation",
        numbers=("citations", "changed", "not compared", "up", "down"),
    )
    for each in report.origins:
        counts = (each.citations, each.changed, each.unknown, each.up, each.down)
        table.add_row(str(each.translation), *(f"{n:,}" for n in counts))
    _print(table, out)


def _print_notes(report: Report, out: Console) -> None:
    table = _table("Notes", "day", "locale", "rating", "reasons", "note")
    for note in report.notes:
        table.add_row(
            f"{note.day}", printable(note.locale), note.rating, " ".join(note.reasons), printable(note.text)
        )
    _print(table, out)


def _table(title: str, *texts: str, numbers: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _print(table: Table, out: Console) -> None:
    if table.rows:
        out.print()
        out.print(table)
