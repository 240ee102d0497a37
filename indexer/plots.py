"""Plots of an index and of what was measured on it, for the notebooks; needs the extra `notebooks`.

Every function gives a figure of its own: no drawing state is shared. Titles and axes are in English,
and no text of an article or question is drawn, so that any machine's fonts do.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from indexer.corpus_figures import Grid, LocaleContents
from indexer.figures import Row
from indexer.refusal import Calibration, RiskCurve

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
QUIET = "#999999"
WIDTH_INCHES = 9.0
DOTS_PER_INCH = 100
# How much of the place of a group its series take, and inches of it for one group and for each series.
SPREAD, GROUP_INCHES, SERIES_INCHES = 0.7, 0.16, 0.1


class Plot(Figure):
    """A figure that a notebook shows where a cell ends with it."""

    def _repr_png_(self) -> bytes:
        with io.BytesIO() as image:
            self.savefig(image, format="png")
            return image.getvalue()


def plot_translations(contents: Sequence[LocaleContents]) -> Plot:
    """The articles of each locale, by the kind of their translation."""
    plot, axes = _open("Articles by kind of translation", rows=len(contents))
    left = np.zeros(len(contents))
    for colour, kind in zip(COLOURS, ("machine", "human", "source"), strict=False):
        counts = np.array([getattr(entry, kind) for entry in contents], dtype=np.float64)
        axes.barh(range(len(contents)), counts, left=left, color=colour, label=kind)
        left += counts
    _name_groups(axes, [entry.locale for entry in contents])
    axes.set_xlabel("articles")
    _explain(plot)
    return plot


def plot_grid(grid: Grid, *, title: str, form: str = ".0f") -> Plot:
    """A table of numbers as colours, each with its number written in `form`; NaN stays empty."""
    plot, axes = _open(title, rows=len(grid.rows))
    if not grid.values.size:
        return plot
    top = float(np.nanmax(grid.values, initial=0.0)) or 1.0
    axes.imshow(grid.values, cmap="Blues", vmin=0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(grid.values):
        if not np.isnan(value):
            colour = "white" if value > 0.6 * top else "black"
            axes.text(column, row, f"{value:{form}}", ha="center", va="center", color=colour, fontsize=7)
    axes.set_xticks(range(len(grid.columns)), grid.columns, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(grid.rows)), grid.rows, fontsize=8)
    return plot


def plot_figures(series: Mapping[str, Sequence[Row]], figure: str, *, title: str) -> Plot:
    """One figure by group, with its interval: a colour for each series, groups as the first has them.

    A group that lacks the figure is left out of its series. Where an interval goes below 0, the
    figures are differences, and a line stands at 0.
    """
    rows = [row for ours in series.values() for row in ours if figure in row.figures]
    groups = list(dict.fromkeys(row.group for row in rows))
    plot, axes = _open(title, rows=len(groups), series=len(series))
    step = SPREAD / max(1, len(series))
    for number, (name, ours) in enumerate(series.items()):
        shown = [row for row in ours if figure in row.figures]
        estimates = [row.figures[figure] for row in shown]
        offset = (number - (len(series) - 1) / 2) * step
        values = [estimate.value for estimate in estimates]
        # A percentile interval need not hold its own figure.
        below = [max(0.0, estimate.value - estimate.low) for estimate in estimates]
        above = [max(0.0, estimate.high - estimate.value) for estimate in estimates]
        places = [groups.index(row.group) + offset for row in shown]
        colour = COLOURS[number % len(COLOURS)]
        axes.errorbar(values, places, xerr=[below, above], fmt="o", color=colour, label=name, markersize=4)
    _name_groups(axes, groups)
    axes.set_xlabel(f"{figure}, with its 95 % interval")
    if any(row.figures[figure].low < 0 for row in rows):
        axes.axvline(0, color=QUIET, linewidth=1)
    axes.grid(axis="x", alpha=0.3)
    if len(series) > 1:
        _explain(plot)
    return plot


def plot_reliability(calibrations: Mapping[str, Calibration]) -> Plot:
    """Mean confidence against the share that was right, a line each; on the diagonal they agree.

    Below it the answerer is too sure. A dot's area is its share of the questions.
    """
    plot, axes = _open("Reliability: is the confidence what it says?", rows=16)
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle=":")
    for colour, (name, calibration) in zip(COLOURS, calibrations.items(), strict=False):
        bins = [each for each in calibration.bins if each.questions]
        total = sum(each.questions for each in bins)
        means, rights = [each.confidence for each in bins], [each.right for each in bins]
        axes.plot(means, rights, color=colour, label=f"{name} (calibration error {calibration.error:.3f})")
        areas = [20 + 400 * each.questions / total for each in bins]
        axes.scatter(means, rights, s=areas, color=colour, alpha=0.6)
    _fill_unit(axes, "confidence", "share that was right")
    _explain(plot)
    return plot


def plot_risk(curve: RiskCurve, *, threshold: float, wrong: str) -> Plot:
    """The share of `wrong` among what would be answered, the surest questions first."""
    title = f"Risk over coverage (area {curve.area:.3f})"
    plot, axes = _open(title, rows=16)
    axes.plot(curve.coverages, curve.risks, color=COLOURS[0])
    coverage, risk = curve.at(threshold)
    axes.scatter([coverage], [risk], color=COLOURS[1], zorder=3, label=f"answered from {threshold:g} on")
    _fill_unit(axes, "coverage: share of all questions that is answered", f"risk: share of those {wrong}")
    _explain(plot)
    return plot


def plot_confidences(confidences: Mapping[str, Sequence[float]], *, threshold: float) -> Plot:
    """The share of each class of questions whose confidence is below a threshold, whatever that is."""
    plot, axes = _open("Refused at each threshold", rows=16)
    for colour, (name, ours) in zip(COLOURS, confidences.items(), strict=False):
        ordered = np.sort(np.asarray(ours, dtype=np.float64))
        places = np.concatenate([[0.0], ordered, [1.0]])
        # Strictly below: at its own confidence a question is answered.
        shares = np.searchsorted(ordered, places, "left") / max(1, len(ordered))
        label = f"{name} ({len(ordered)})"
        axes.step(places, shares, where="pre", color=colour, label=label)
    axes.axvline(threshold, color=QUIET, linestyle=":", label=f"threshold {threshold:g}")
    _fill_unit(axes, "threshold on the confidence", "share refused")
    _explain(plot)
    return plot


def _open(title: str, *, rows: int, series: int = 1) -> tuple[Plot, Axes]:
    """A figure whose height fits `rows` groups."""
    height = 1.5 + rows * (GROUP_INCHES + SERIES_INCHES * series)
    plot = Plot(figsize=(WIDTH_INCHES, height), dpi=DOTS_PER_INCH, layout="constrained")
    axes = plot.add_subplot()
    axes.set_title(title)
    return plot, axes


def _name_groups(axes: Axes, groups: Sequence[str]) -> None:
    """Groups along the y axis, the first on top."""
    axes.set_yticks(range(len(groups)), groups, fontsize=8)
    axes.set_ylim(len(groups) - 0.5, -0.5)


def _fill_unit(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)


def _explain(plot: Plot) -> None:
    """A legend below the plot, where it covers nothing."""
    plot.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
