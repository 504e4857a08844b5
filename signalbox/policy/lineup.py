"""Candidates as a policy sees them: which column is whose, who has left, and what each costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from signalbox.events import AgentCard
from signalbox.policy.artifact import Manifest
from signalbox.policy.cards import names_of, resolve

Floats = NDArray[np.float64]
_CACHED = 1024


class Lineup(NamedTuple):
    """One set of candidates, all arrays of shape (k,).

    `columns` are their places among the policy's agents, then the newcomers, then one for the unknown; None
    where they are the policy's agents in order. `present` are those that have not left; None where that is all.
    """

    columns: NDArray[np.intp] | None
    present: NDArray[np.intp] | None
    costs: Floats

    def spread(
        self, explore: Callable[[NDArray[np.floating], float], Floats], worth: NDArray[np.floating], much: float
    ) -> Floats:
        """The distribution over those that are present; 0 for all others."""
        if self.present is None:
            return explore(worth, much)
        shares = np.zeros(len(worth))
        shares[self.present] = explore(worth[self.present], much)
        return shares


class Lineups:
    """The line-ups of one policy with one set of cards; the last thousand are remembered."""

    def __init__(
        self,
        manifest: Manifest,
        cards: Sequence[AgentCard] = (),
        gone: frozenset[str] = frozenset(),
        newcomers: Sequence[str] = (),
    ) -> None:
        self._agents = manifest.agents
        self._columns = {agent: place for place, agent in enumerate((*manifest.agents, *newcomers))}
        self._names = names_of(cards)
        self._gone = gone
        stated = {card.agent: card.cost for card in cards if card.cost is not None}
        self._costs = stated | dict(manifest.costs)
        self._found: dict[tuple[str, ...], Lineup] = {}

    def __len__(self) -> int:
        return len(self._found)

    def of(self, candidates: Sequence[str]) -> Lineup:
        """The line-up of these candidates, at least one."""
        key = tuple(candidates)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _CACHED:
                self._found.clear()
            found = self._found[key] = self._made(key)
        return found

    def _made(self, candidates: tuple[str, ...]) -> Lineup:
        unknown = len(self._columns)
        columns = [
            unknown if column is None else column for column in resolve(candidates, self._columns, self._names)
        ]
        present = [place for place, agent in enumerate(candidates) if agent not in self._gone]
        return Lineup(
            None if candidates == self._agents else np.array(columns, dtype=np.intp),
            None if len(present) in (0, len(candidates)) else np.array(present, dtype=np.intp),
            np.array([self._cost(agent) for agent in candidates]),
        )

    def _cost(self, agent: str) -> float:
        """Measured, or else what its card says, or else what agents cost on average."""
        own = next(
            (self._costs[name] for name in (agent, *self._names.get(agent, ())) if name in self._costs), None
        )
        if own is not None:
            return own
        return sum(self._costs.values()) / len(self._costs) if self._costs else 0.0
