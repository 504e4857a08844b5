"""Any labelled set as a stream: CSV or JSON lines of text and label, and maybe a reward for each agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.learning.files import records, reward_in, text_in
from benchmarks.learning.streams import Rewards, Stream, opaque
from signalbox.errors import ConfigurationError

_TEXT, _LABEL, _AGENT = "text", "label", "agent"


@dataclass(frozen=True)
class Row:
    """One query; `place` is file and line; `rewards` by agent, empty where only the label is known."""

    place: str
    text: str
    label: str
    rewards: dict[str, float]


def labelled_stream(train: Path, test: Path, cards: str, seed: int) -> Stream:
    """Both files as a stream in a seeded order; `cards` is `none`, `labels` or a file of agent and text.

    Every label, or every reward column, is an agent, whose name isn't shown to the learners. Without reward
    columns the label's own agent earns 1 and all others 0. Raises `ConfigurationError` with file, line and
    field.
    """
    learned, tested = read_rows(train), read_rows(test)
    agents = _agents(learned + tested)
    rng = np.random.default_rng(seed)
    rows = [learned[place] for place in rng.permutation(len(learned)).tolist()]
    tests = [tested[place] for place in rng.permutation(len(tested)).tolist()]
    expected = _rewards(rows, agents)
    return Stream(
        name=train.stem,
        data=train.name,
        agents=opaque(len(agents)),
        queries=tuple(row.text for row in rows),
        expected=expected,
        received=expected,
        test_queries=tuple(row.text for row in tests),
        test_expected=_rewards(tests, agents),
        cards=_cards(cards, agents),
    )


def read_rows(path: Path) -> list[Row]:
    """The queries of a file, at least one; all have the same reward columns."""
    rows: list[Row] = []
    for place, content in records(path, _TEXT, _LABEL):
        row = _row(place, content)
        if rows and row.rewards.keys() != rows[0].rewards.keys():
            differing = sorted(row.rewards.keys() ^ rows[0].rewards.keys())[0]
            raise ConfigurationError(f"{place}: {differing!r} is not a column of every row")
        rows.append(row)
    if not rows:
        raise ConfigurationError(f"{path}: no rows of {_TEXT} and {_LABEL}")
    return rows


def read_cards(path: Path) -> dict[str, str]:
    """Agent to text."""
    found: dict[str, str] = {}
    for place, content in records(path, _AGENT, _TEXT):
        agent = text_in(place, content, _AGENT)
        if agent in found:
            raise ConfigurationError(f"{place}: a second card of agent {agent!r}")
        found[agent] = text_in(place, content, _TEXT)
    return found


def _row(place: str, content: Mapping[str, Any]) -> Row:
    text, label = text_in(place, content, _TEXT), text_in(place, content, _LABEL)
    names = [name for name in content if name not in (_TEXT, _LABEL)]
    rewards = {name: reward_in(place, name, content[name]) for name in names}
    if rewards and label not in rewards:
        raise ConfigurationError(f"{place}: label {label!r} is none of the reward columns")
    return Row(place, text, label, rewards)


def _agents(rows: list[Row]) -> tuple[str, ...]:
    graded = [row for row in rows if row.rewards]
    if graded and len(graded) < len(rows):
        plain = next(row for row in rows if not row.rewards)
        raise ConfigurationError(f"{plain.place}: no reward columns, unlike {graded[0].place}")
    agents = tuple(sorted({agent for row in rows for agent in row.rewards or (row.label,)}))
    missing = next((row for row in graded if row.rewards.keys() != set(agents)), None)
    if missing:
        lacking = sorted(set(agents) - missing.rewards.keys())[0]
        raise ConfigurationError(f"{missing.place}: no reward of agent {lacking!r}")
    if len(agents) < 2:
        raise ConfigurationError(f"{rows[0].place}: {agents[0]!r} is the only agent; routing needs two")
    return agents


def _rewards(rows: list[Row], agents: tuple[str, ...]) -> Rewards:
    if rows[0].rewards:
        return np.array([[row.rewards[agent] for agent in agents] for row in rows], dtype=np.float32)
    column = {agent: place for place, agent in enumerate(agents)}
    right = [column[row.label] for row in rows]
    return np.eye(len(agents), dtype=np.float32)[right]


def _cards(cards: str, agents: tuple[str, ...]) -> tuple[str | None, ...] | None:
    if cards == "none":
        return None
    if cards == "labels":
        return tuple(agent.replace("_", " ") for agent in agents)
    found = read_cards(Path(cards))
    unknown = sorted(found.keys() - set(agents))
    if unknown:
        raise ConfigurationError(f"{cards}: agent {unknown[0]!r} is no label of the queries")
    return tuple(found.get(agent) for agent in agents)
