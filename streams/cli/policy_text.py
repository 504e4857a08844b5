"""What `signalbox policy` shows to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from signalbox.events import TrainingResult

if TYPE_CHECKING:
    from streams.trainer.history import History

HEADER = (
    *("", "time (UTC)", "tenant", "scope", "verdict", "version", "policy"),
    *("differed", "improvement", "needed", "why"),
)


def table(history: History, results: Sequence[TrainingResult]) -> str:
    """The answers, one a line, below their header."""
    rows = [HEADER, *(_row(result, _mark(history, result)) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def lines(content: dict[str, Any], indent: str = "") -> list[str]:
    """Plain JSON values, one a line, what is inside of one indented below it."""
    found: list[str] = []
    for name, value in content.items():
        if isinstance(value, dict) and value:
            found += [f"{indent}{name}:", *lines(value, indent + "  ")]
        else:
            found.append(f"{indent}{name}: {value if isinstance(value, str) else orjson.dumps(value).decode()}")
    return found


def _mark(history: History, result: TrainingResult) -> str:
    if history.is_in_force(result):
        return "*"
    return "~" if history.is_on_trial(result) else ""


def _row(result: TrainingResult, mark: str) -> tuple[str, ...]:
    gain, trial = result.improvement, result.trial
    return (
        mark,
        f"{result.occurred_at:%Y-%m-%d %H:%M:%S}",
        result.tenant_key,
        result.scope,
        result.verdict,
        str(result.version or ""),
        (result.digest or "")[:12],
        f"{trial.disagreements} of {trial.decisions}" if trial else "",
        f"{gain.value:+.3f} [{gain.lower:+.3f}, {gain.upper:+.3f}]" if gain else "",
        "" if result.threshold is None else f"{result.threshold:+.3f}",
        f"{result.reason}: {result.message}",
    )
