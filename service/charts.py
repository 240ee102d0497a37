"""Bar charts as SVG to stand inside a page: plain shapes, no script, colours by the page's classes.

Parts of a bar get the classes `part-0`, `part-1`, ... in their order. All text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from service.terminal import printable

WIDTH = 720
LABEL_WIDTH = 180
VALUE_WIDTH = 90
BAR_HEIGHT, BAR_STEP = 16, 24
COLUMNS_HEIGHT, AXIS_HEIGHT = 140, 24
# Longer labels would run into the bars; the table beside a chart has them whole.
LABEL_MAX_CHARS = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, and what its parts count."""

    label: str
    parts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of its parts."""
        return sum(self.parts)


def horizontal_bars(bars: Sequence[Bar], *, title: str, names: Sequence[str]) -> str:
    """One bar a line, in their order; "" without bars. `names` say what the parts count."""
    if not bars:
        return ""
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / max(1, max(bar.total for bar in bars))
    shapes = []
    for line, bar in enumerate(bars):
        middle = line * BAR_STEP + BAR_STEP / 2
        shapes.append(_text(_short(bar.label), x=LABEL_WIDTH - 8, y=middle, anchor="end"))
        left = float(LABEL_WIDTH)
        for part, count in enumerate(bar.parts):
            if count:
                shapes.append(
                    f'<rect class="part-{part}" x="{left:.1f}" y="{middle - BAR_HEIGHT / 2:.1f}" '
                    f'width="{count * scale:.1f}" height="{BAR_HEIGHT}">'
                    f"{_title(f'{bar.label}: {count} {names[part]}')}</rect>"
                )
            left += count * scale
        shapes.append(_text(f"{bar.total:,}", x=left + 6, y=middle, anchor="start"))
    return _svg(shapes, height=len(bars) * BAR_STEP, title=title)


def columns(bars: Sequence[Bar], *, title: str, names: Sequence[str]) -> str:
    """Columns from left to right; "" without bars. The first and the last label stand below."""
    if not bars:
        return ""
    scale = COLUMNS_HEIGHT / max(1, max(bar.total for bar in bars))
    step = min(WIDTH / len(bars), 40)
    shapes = []
    for number, bar in enumerate(bars):
        bottom = float(COLUMNS_HEIGHT)
        for part, count in enumerate(bar.parts):
            if count:
                bottom -= count * scale
                shapes.append(
                    f'<rect class="part-{part}" x="{number * step:.1f}" y="{bottom:.1f}" '
                    f'width="{max(step - 1, step * 0.8):.1f}" height="{count * scale:.1f}">'
                    f"{_title(f'{bar.label}: {count} {names[part]}')}</rect>"
                )
    below = COLUMNS_HEIGHT + AXIS_HEIGHT / 2
    shapes.append(_text(bars[0].label, x=0, y=below, anchor="start"))
    if len(bars) * step > WIDTH / 2:
        shapes.append(_text(bars[-1].label, x=len(bars) * step, y=below, anchor="end"))
    return _svg(shapes, height=COLUMNS_HEIGHT + AXIS_HEIGHT, title=title)


def _short(label: str) -> str:
    return label if len(label) <= LABEL_MAX_CHARS else f"{label[: LABEL_MAX_CHARS - 1]}…"


def _text(text: str, *, x: float, y: float, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" dominant-baseline="central">'
        f"{escape(printable(text))}</text>"
    )


def _title(text: str) -> str:
    return f"<title>{escape(printable(text))}</title>"


def _svg(shapes: Sequence[str], *, height: int, title: str) -> str:
    # Twice the title: as the image's name for screen readers, and as its first child for others.
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{_title(title)}{''.join(shapes)}</svg>"
    )
