"""A curve drawn with block characters, with reference lines across it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Line:
    """A horizontal reference line."""

    value: float
    label: str
    style: str


def draw(
    history: Sequence[float],
    lines: Sequence[Line],
    marks: Sequence[float],
    *,
    width: int,
    height: int,
    filled: float = 1.0,
    style: str = "cyan",
) -> list[Text]:
    """The rows of the chart, top to bottom, and below them the marks.

    `history` is spread over the first `filled` share of `width` columns; `marks` are shares of the width. The
    scale runs from a little below the least to a little above the greatest of everything shown.
    """
    values = [*history, *(line.value for line in lines)]
    low, high = min(values), max(values)
    margin = max(0.02, (high - low) * 0.08)
    low, high = max(0.0, low - 2 * margin), min(1.0, high + margin)
    columns = [
        (value - low) / (high - low) * height * 8 for value in _spread(history, round(width * min(1.0, filled)))
    ]
    at_row = {_row(line.value, low, high, height): line for line in lines}
    rows = []
    for row in range(height):
        line = at_row.get(row)
        rows.append(_draw_row([c - (height - 1 - row) * 8 for c in columns], width, line, style))
    if marks:
        rows.append(_draw_marks(marks, width))
    return rows


def _spread(history: Sequence[float], width: int) -> list[float]:
    if not history:
        return []
    return [history[min(len(history) - 1, i * len(history) // width)] for i in range(width)]


def _row(value: float, low: float, high: float, height: int) -> int:
    return min(height - 1, max(0, height - 1 - int((value - low) / (high - low) * height)))


def _draw_row(levels: list[float], width: int, line: Line | None, style: str) -> Text:
    text = Text()
    for column in range(width):
        level = levels[column] if column < len(levels) else 0.0
        if level >= 8 and line:
            text.append("─", style=f"black on {style}")
        elif level > 0.5:
            text.append(BLOCKS[min(8, round(level))], style=style)
        else:
            text.append("┄" if line else " ", style=line.style if line else "")
    if line:
        text.append(f" {line.label} {line.value:.3f}", style=line.style)
    return text


def _draw_marks(marks: Sequence[float], width: int) -> Text:
    places = {min(width - 1, int(mark * width)) for mark in marks}
    text = Text("".join("▲" if column in places else " " for column in range(width)), style="green")
    return text.append(" policy adopted", style="green")
