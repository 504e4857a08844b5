"""Measures as a table for people, as one JSON object a line for machines, and as a file for the README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.measure import Measure

RESULTS = Path(__file__).parent / "results"


def json_line(measure: Measure) -> str:
    """The measure as one line of JSON."""
    return msgspec.json.encode(measure).decode()


def table(measures: Sequence[Measure]) -> str:
    """The measures with their peers beside them."""
    rows = [("benchmark", "measure", "value", "unit", "better", "peers", "detail")]
    for measure in measures:
        peers = ", ".join(f"{name} {_number(value)}" for name, value in measure.peers.items())
        detail = ", ".join(f"{name} {value}" for name, value in measure.detail.items())
        value = _number(measure.value)
        rows.append((measure.id, measure.measure, value, measure.unit, measure.better, peers, detail))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def write(benchmark_id: str, measures: Sequence[Measure]) -> Path:
    """Store the measures of one benchmark in benchmarks/results/ID.json, in place of the earlier ones."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{benchmark_id}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measures), indent=2) + b"\n")
    return path


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
