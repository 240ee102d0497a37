"""What stands in a plot: read from its axes, not from its pixels."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from indexer.bootstrap import Estimate
from indexer.corpus_figures import Grid, LocaleContents
from indexer.figures import Row
from indexer.plots import (
    COLOURS,
    plot_confidences,
    plot_figures,
    plot_grid,
    plot_reliability,
    plot_risk,
    plot_translations,
)
from indexer.refusal import calibrate, trace_risk


def axes_of(plot: Figure) -> Axes:
    (axes,) = plot.axes
    return axes


def legend_of(plot: Figure) -> list[str]:
    return [text.get_text() for legend in plot.legends for text in legend.get_texts()]


def groups_of(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def row(group: str, value: float, low: float, high: float) -> Row:
    return Row(group, 4, {"article:RR@10": Estimate(value, low, high, 4)})


def whiskers(axes: Axes) -> list[list[tuple[float, float, float]]]:
    """Of each series: place on the y axis, low, high."""
    found = []
    for container in axes.containers:
        assert isinstance(container, ErrorbarContainer)
        (bars,) = container.lines[2]
        found.append([(segment[0][1], segment[0][0], segment[1][0]) for segment in bars.get_segments()])
    return found


def test_a_notebook_gets_a_picture() -> None:
    plot = plot_grid(Grid(("a",), ("b",), np.ones((1, 1))), title="t")
    assert plot._repr_png_().startswith(b"\x89PNG\r\n")


def test_the_kinds_of_translation_are_stacked() -> None:
    plot = plot_translations(
        [LocaleContents("de-de", 5, 9, 9, 3, 2, 0, 0), LocaleContents("en-us", 4, 9, 9, 0, 0, 4, 1)]
    )
    axes = axes_of(plot)
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches if isinstance(bar, Rectangle)]
    assert bars == [(0, 3), (0, 0), (3, 2), (0, 0), (5, 0), (0, 4)]
    assert groups_of(axes) == ["de-de", "en-us"]
    assert axes.get_ylim() == (1.5, -0.5)
    assert legend_of(plot) == ["machine", "human", "source"]


def test_a_grid_writes_its_numbers_and_leaves_out_what_is_not_there() -> None:
    values = np.array([[0.0, np.nan], [0.25, 1.0]])
    axes = axes_of(plot_grid(Grid(("a", "b"), ("x", "y"), values), title="lags", form=".2f"))
    texts = {text.get_position(): (text.get_text(), text.get_color()) for text in axes.texts}
    assert texts == {(0, 0): ("0.00", "black"), (0, 1): ("0.25", "black"), (1, 1): ("1.00", "white")}
    assert (groups_of(axes), axes.get_title()) == (["a", "b"], "lags")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["x", "y"]


@pytest.mark.parametrize("values", [np.zeros((1, 0)), np.full((1, 1), np.nan), np.zeros((1, 1))])
def test_a_grid_of_nothing_can_be_drawn(values: np.ndarray) -> None:
    columns = ("x",) * values.shape[1]
    assert plot_grid(Grid(("a",), columns, values), title="t")._repr_png_()


def test_figures_stand_by_group_with_their_intervals() -> None:
    rows = [row("all", 0.5, 0.25, 0.75), row("de-de", 1.0, 1.0, 1.0), Row("typo", 3, {})]
    plot = plot_figures({"shipped": rows}, "article:RR@10", title="found")
    axes = axes_of(plot)
    assert groups_of(axes) == ["all", "de-de"]
    assert whiskers(axes) == [[(0, 0.25, 0.75), (1, 1.0, 1.0)]]
    assert axes.get_xlabel() == "article:RR@10, with its 95 % interval"
    # One series needs no legend, and figures that are no differences no line at 0.
    assert (legend_of(plot), len(axes.lines)) == ([], 1)


def test_series_stand_beside_each_other_in_their_group() -> None:
    first, second = [row("all", 0.5, 0.5, 0.5), row("typo", 0.5, 0.5, 0.5)], [row("typo", 0.25, 0.0, 0.5)]
    plot = plot_figures({"one": first, "two": second}, "article:RR@10", title="found")
    axes = axes_of(plot)
    places = [[place for place, *_ in series] for series in whiskers(axes)]
    assert places == [pytest.approx([-0.175, 0.825]), pytest.approx([1.175])]
    assert legend_of(plot) == ["one", "two"]
    assert [to_hex(line.get_color()).upper() for line in axes.lines] == list(COLOURS[:2])


def test_differences_have_a_line_at_nothing() -> None:
    plot = plot_figures({"d": [row("all", 0.1, -0.1, 0.3)]}, "article:RR@10", title="lost")
    _, line = axes_of(plot).lines
    assert np.array(line.get_xdata()).tolist() == [0, 0]


def test_an_interval_that_does_not_hold_its_figure_is_drawn_from_the_figure_on() -> None:
    plot = plot_figures({"d": [row("all", 0.5, 0.6, 0.75)]}, "article:RR@10", title="odd")
    assert whiskers(axes_of(plot)) == [[(0, 0.5, 0.75)]]


def test_reliability_sets_confidence_against_what_was_right() -> None:
    calibration = calibrate([0.25, 0.25, 0.75], [True, False, True])
    plot = plot_reliability({"answerable": calibration})
    axes = axes_of(plot)
    diagonal, line = (np.array(line.get_xydata()).tolist() for line in axes.lines)
    assert diagonal == [[0, 0], [1, 1]]
    assert line == [[0.25, 0.5], [0.75, 1.0]]
    assert legend_of(plot) == ["answerable (calibration error 0.250)"]


def test_risk_is_drawn_over_coverage_with_the_threshold_on_it() -> None:
    curve = trace_risk([0.9, 0.8, 0.2, 0.1], [True, False, True, False])
    plot = plot_risk(curve, threshold=0.5, wrong="unanswerable")
    axes = axes_of(plot)
    assert np.array(axes.lines[0].get_xydata()).tolist() == pytest.approx(
        np.array([[0.25, 0], [0.5, 0.5], [0.75, 1 / 3], [1, 0.5]])
    )
    assert np.array(axes.collections[0].get_offsets()).tolist() == [[0.5, 0.5]]
    assert legend_of(plot) == ["answered from 0.5 on"]
    assert axes.get_ylabel() == "risk: share of those unanswerable"


def test_below_each_threshold_stands_the_share_that_would_be_refused() -> None:
    plot = plot_confidences({"near miss": [0.5, 0.25], "off topic": []}, threshold=0.5)
    axes = axes_of(plot)
    steps = [np.array(line.get_xydata()).tolist() for line in axes.lines]
    # At its own confidence a question is still answered.
    assert steps[0] == [[0, 0], [0.25, 0], [0.5, 0.5], [1, 1]]
    assert axes.lines[0].get_drawstyle() == "steps-pre"
    assert steps[1] == [[0, 0], [1, 0]]
    assert np.array(axes.lines[2].get_xdata()).tolist() == [0.5, 0.5]
    assert legend_of(plot) == ["near miss (2)", "off topic (0)", "threshold 0.5"]
