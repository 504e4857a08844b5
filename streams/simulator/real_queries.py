"""Queries that people really asked, from a file of text and label; the right agent is the label's own."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import orjson

from signalbox.errors import ConfigurationError
from streams.simulator.outcomes import OutcomeModel, RewardOf
from streams.simulator.workload import Task, Workload

RIGHT, WRONG = 0.95, 0.10
"""Strength of the agent that owns a query and of all others; no real label says how wrong another one is."""


def read_queries(path: Path) -> list[tuple[str, str]]:
    """(text, label) rows of a CSV file with those columns (or two columns) or of a JSON-lines file."""
    rows = _from_csv(path) if path.suffix.lower() == ".csv" else _from_json_lines(path)
    if not rows:
        raise ConfigurationError(f"queries: {path} holds no rows of text and label")
    for i, (text, label) in enumerate(rows, 1):
        if not text.strip() or not label.strip():
            raise ConfigurationError(f"queries: {path} row {i} has an empty text or label: {(text, label)!r}")
    return rows


def read_groups(path: Path) -> dict[str, str]:
    """Label to group, from JSON `{"group": ["label", ...]}` or from a CSV of label,group."""
    if path.suffix.lower() == ".csv":
        rows = [(row[0].strip(), row[1].strip()) for row in _csv_rows(path) if len(row) > 1]
        return dict(rows[1:] if rows[:1] == [("label", "group")] else rows)
    try:
        groups = orjson.loads(path.read_bytes())
        return {label: group for group, labels in groups.items() for label in labels}
    except (orjson.JSONDecodeError, AttributeError, TypeError) as error:
        raise ConfigurationError(f'groups: {path} is not JSON of {{"group": ["label"]}}: {error}') from None


def query_workload(
    tenant_id: str,
    rows: list[tuple[str, str]],
    groups: dict[str, str] | None,
    *,
    reward_of: RewardOf,
    constant: float | None = None,
) -> Workload:
    """A workload in which every label, or group of labels, is an agent; rows are asked in shuffled order."""
    owners = [_owner(label, groups) for _, label in rows]
    agents = tuple(sorted(set(owners)))
    if len(agents) < 2:
        raise ConfigurationError(f"queries: only one agent, {agents[0]!r}; routing needs at least two")
    cell_of = {agent: i for i, agent in enumerate(agents)}
    tasks = [Task(text, cell_of[owner]) for (text, _), owner in zip(rows, owners, strict=True)]
    strengths = np.where(np.eye(len(agents), dtype=bool), RIGHT, WRONG)
    return Workload(
        tenant_id=tenant_id,
        agents=agents,
        tasks=_Shuffled(tasks),
        shares=np.bincount([task.cell for task in tasks]) / len(tasks),
        outcomes=OutcomeModel(strengths, np.full(len(agents), 0.8), reward_of, constant),
    )


class _Shuffled:
    """Every query once in random order, then all of them again in another one."""

    def __init__(self, tasks: list[Task]) -> None:
        self._tasks = tasks
        self._order: list[int] = []

    def next_task(self, rng: np.random.Generator) -> Task:
        if not self._order:
            self._order = rng.permutation(len(self._tasks)).tolist()
        return self._tasks[self._order.pop()]


def _owner(label: str, groups: dict[str, str] | None) -> str:
    if groups is None:
        return label
    if label not in groups:
        raise ConfigurationError(f"groups: label {label!r} of the queries is in no group")
    return groups[label]


def _csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file) if row]


def _from_csv(path: Path) -> list[tuple[str, str]]:
    rows, columns = _csv_rows(path), (0, 1)
    if rows and {"text", "label"} <= set(rows[0]):
        columns = (rows[0].index("text"), rows[0].index("label"))
        rows = rows[1:]
    for i, row in enumerate(rows, 1):
        if len(row) <= max(columns):
            raise ConfigurationError(f"queries: {path} row {i} has no text and label: {row!r}")
    return [(row[columns[0]], row[columns[1]]) for row in rows]


def _from_json_lines(path: Path) -> list[tuple[str, str]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            rows.append((str(row["text"]), str(row["label"])))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            problem = f'is not {{"text": ..., "label": ...}}: {line[:80]!r}'
            raise ConfigurationError(f"queries: {path} line {number} {problem}") from None
    return rows
