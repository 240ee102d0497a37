"""The report as one HTML page that needs nothing else: no script, no image, no address.

Every text from questions, notes and articles is escaped, and kept in its own direction.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from service.charts import Bar, columns, horizontal_bars
from service.refusal_groups import RefusalGroup
from service.report_figures import CitedSection, Report
from service.terminal import printable

STYLE = """
:root { color-scheme: light dark; --line: #8886; --part-0: #1f7a8c; --part-1: #d98324; --part-2: #8a8fa3; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; vertical-align: top; padding: .25rem .75rem .25rem 0; }
th, td { border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
td.number, th.number { text-align: end; white-space: nowrap; overflow-wrap: normal; }
svg { width: 100%; max-width: 45rem; height: auto; margin: .5rem 0; font-size: 12px; }
svg text { fill: currentColor; }
.part-0 { fill: var(--part-0); color: var(--part-0); }
.part-1 { fill: var(--part-1); color: var(--part-1); }
.part-2 { fill: var(--part-2); color: var(--part-2); }
ul.keys { list-style: none; padding: 0; }
ul.keys li { display: inline; margin-inline-end: 1.5rem; }
ul.plain { margin: 0; padding-inline-start: 1rem; }
"""

Cell = str | int | float | None | Sequence[str]


def report_page(report: Report) -> str:
    """The page; what has no figures is left out."""
    body = "".join(
        [
            _summary(report),
            _asked(report),
            _refused(report),
            _rated(report),
            _sources(report),
            _notes(report),
        ]
    )
    style_hash = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style_hash}'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Citedesk report</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def _summary(report: Report) -> str:
    rated = f"{report.up + report.down:,} rated, {report.up:,} up and {report.down:,} down"
    return (
        f"<h1>What was asked</h1><p>{report.since:%Y-%m-%d} to {report.until:%Y-%m-%d} (UTC): "
        f"{report.questions:,} questions in {report.conversations:,} conversations, "
        f"{_percent(report.share_answered)} answered; {rated}.</p>"
    )


def _asked(report: Report) -> str:
    names = ("answered", "refused")
    days = [Bar(f"{day.day}", (day.answered, day.questions - day.answered)) for day in report.days]
    locales = [Bar(each.locale, (each.answered, each.questions - each.answered)) for each in report.locales]
    rows = [
        (each.locale, each.questions, _percent(each.share_answered), each.fallbacks, each.up, each.down)
        for each in report.locales
    ]
    table = _table(("locale", "questions", "answered", "by another locale", "up", "down"), rows)
    return _section(
        "Questions",
        _keys(names),
        columns(days, title="Questions a day", names=names),
        horizontal_bars(locales, title="Questions per locale", names=names),
        table,
    )


def _refused(report: Report) -> str:
    reasons = [Bar(name, (count,)) for name, count in report.abstained]
    rows = [
        (group.size, group.questions, group.articles, ", ".join(group.locales)) for group in report.refusals
    ]
    left_out = (
        f"<p>{report.refusals_left_out:,} more in smaller groups.</p>" if report.refusals_left_out else ""
    )
    filtered = f"<p>{filters_said(report)}.</p>" if report.nothing_allowed else ""
    return _section(
        "What the articles don't answer",
        horizontal_bars(reasons, title="Refusals by reason", names=("refused",)),
        f"<p>{grouping_said(report.refusals)}</p>" if rows else "",
        _table(("questions", "newest", "nearest articles", "locales"), rows),
        left_out,
        filtered,
    )


def filters_said(report: Report) -> str:
    """How many questions no article could answer, for the filters left none."""
    return f"{report.nothing_allowed:,} more: nothing was allowed by the filters"


def grouping_said(groups: Iterable[RefusalGroup]) -> str:
    """How the refused questions are grouped, in a sentence."""
    ways = {group.by for group in groups}
    if ways == {"meaning"}:
        return "Grouped by meaning, over all languages."
    if ways == {"nearest_article"}:
        return "Grouped by the nearest article."
    return "Grouped by meaning; those without a text by the nearest article."


def _rated(report: Report) -> str:
    reasons = [Bar(name, (count,)) for name, count in report.reasons]
    return _section(
        "What readers thought",
        horizontal_bars(reasons, title="Feedback by reason", names=("times",)),
        _cited("Most liked citations", report.liked),
        _cited("Least liked citations", report.disliked),
    )


def _sources(report: Report) -> str:
    names = ("quoted as in the newest version", "changed in a newer version", "not compared")
    bars = [
        Bar(str(each.translation), (each.citations - each.changed - each.unknown, each.changed, each.unknown))
        for each in report.origins
    ]
    rows = [
        (str(each.translation), each.citations, each.changed, each.unknown, each.up, each.down)
        for each in report.origins
    ]
    return _section(
        "Where the quotes come from",
        _keys(names) if bars else "",
        horizontal_bars(bars, title="Citations by translation", names=names),
        _table(("translation", "citations", "changed", "not compared", "up", "down"), rows),
        _cited("Cited though changed in a newer version", report.outdated),
    )


def _notes(report: Report) -> str:
    rows = [(f"{note.day}", note.locale, note.rating, note.reasons, note.text) for note in report.notes]
    return _section("Notes", _table(("day", "locale", "rating", "reasons", "note"), rows))


def _cited(heading: str, sections: Sequence[CitedSection]) -> str:
    rows = [(section.place, section.cited, section.up, section.down) for section in sections]
    table = _table(("section", "cited", "up", "down"), rows)
    return f"<h3>{escape(heading)}</h3>{table}" if table else ""


def _section(heading: str, *parts: str) -> str:
    content = "".join(parts)
    return f"<h2>{escape(heading)}</h2>{content}" if content else ""


def _keys(names: Sequence[str]) -> str:
    items = (f'<li><span class="part-{n}">■</span> {escape(name)}</li>' for n, name in enumerate(names))
    return f'<ul class="keys">{"".join(items)}</ul>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    if not rows:
        return ""
    numbers = [isinstance(cell, int | float) for cell in rows[0]]
    head = "".join(f"<th{_class(n)}>{escape(text)}</th>" for text, n in zip(heads, numbers, strict=True))
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, int | float):
        return f"<td{_class(True)}>{cell:,}</td>"
    if cell is None or isinstance(cell, str):
        return f"<td>{_isolated(cell or '')}</td>"
    items = "".join(f"<li>{_isolated(text)}</li>" for text in cell)
    return f'<td><ul class="plain">{items}</ul></td>' if items else "<td></td>"


def _class(number: bool) -> str:
    return ' class="number"' if number else ""


def _isolated(text: str) -> str:
    # <bdi>: what is written from right to left does not turn its neighbours round.
    return f"<bdi>{escape(printable(text))}</bdi>"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.0%}"
