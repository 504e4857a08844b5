"""What a partition has learned of its tenants: replay buffers, agents' records, triggers' states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from processors.buffer import ReplayBuffer, Row, Stratum, stratum_of
from processors.cost import after_cost
from processors.policies import Policies
from processors.reward import reward
from processors.rows import RowLog
from processors.scope import ScopeState
from processors.statistics import AgentStatistics
from processors.trigger import Due
from processors.waiting import Joined, Waiting
from signalbox.events import Signals, TrainingResult

ROUTING = "routing"
Place = tuple[str, str]
"""A tenant key with an agent or a scope."""


class Learned(NamedTuple):
    """An experience in the making.

    `quality` is the reward before cost was taken off with `cost_weight`, None where none was.
    """

    joined: Joined
    reward: float
    quality: float | None
    cost_weight: float


class Ledger:
    """All rewards are turned into state here, and nowhere else."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.buffers: dict[str, ReplayBuffer] = {}
        self.agents: dict[Place, AgentStatistics] = {}
        self.scopes: dict[Place, ScopeState] = {}
        self.touched_agents: set[Place] = set()
        self.touched_scopes: set[Place] = set()
        self.buffer_rows: RowLog[tuple[str, int]] = RowLog("buffer", self._read_rows, self._live_rows)
        self.limit_rows: RowLog[tuple[str, Stratum]] = RowLog("limit", self._read_limits, self._live_limits)

    def learn(self, joined: Joined, window: int | None) -> Learned | None:
        """Take in an experience or its revision; None where there is nothing to learn.

        `window` is the start of the window that it belongs to, None if that is kept no longer.
        """
        earned = self._earned(joined.decision, joined.signals)
        if earned is None:
            return None
        before = None if joined.previous is None else self._earned(joined.decision, joined.previous)
        if before is None and joined.revision:
            # Parts without a reward may have come before; the first that gives one is revision 0 to readers.
            joined = replace(joined, revision=0, previous=None)
        decision, value = joined.decision, earned[0]
        place = (decision.tenant_key, decision.agent)
        agent = self.agents.get(place)
        if agent is None:
            agent = self.agents[place] = AgentStatistics()
        self.touched_agents.add(place)
        if before is None or joined.previous is None:
            agent.update(value, joined.signals, decision.occurred_s)
            self.scope(decision.tenant_key, ROUTING).observe(value, decision, self.policies.trigger)
        else:
            agent.revise(value - before[0], joined.previous, joined.signals)
        if window is not None:
            self._buffer(joined, value, window)
        return Learned(joined, *earned)

    def buffer(self, tenant_key: str) -> ReplayBuffer:
        """The replay buffer of a tenant key, made if it is new."""
        buffer = self.buffers.get(tenant_key)
        if buffer is None:
            buffer = self.buffers[tenant_key] = ReplayBuffer(self.policies.buffer)
        return buffer

    def scope(self, tenant_key: str, scope: str) -> ScopeState:
        """The trigger state of a scope, made if it is new, to be changed."""
        place = (tenant_key, scope)
        state = self.scopes.get(place)
        if state is None:
            state = self.scopes[place] = ScopeState()
        self.touched_scopes.add(place)
        return state

    def answered(self, result: TrainingResult, now_s: float, offset: int) -> None:
        """Note the answer to a trigger, or a rollback, at an event time and an offset of experiences."""
        self.scope(result.tenant_key, result.scope).answered(result, now_s, offset)

    def due(self, now_s: float) -> list[Due]:
        """The touched scopes that are worth training now."""
        found: list[Due] = []
        for tenant_key, scope in sorted(self.touched_scopes):
            # One shard speaks for a tenant: it is a uniform sample of the tenant's decisions, by their hash.
            if "#" in tenant_key and not tenant_key.endswith("#0"):
                continue
            state = self.scopes[tenant_key, scope]
            reasons = state.reasons(self.policies.trigger, now_s)
            buffer = self.buffers.get(tenant_key)
            if reasons and buffer:
                found.append(
                    Due(
                        tenant_key=tenant_key,
                        scope=scope,
                        reasons=reasons,
                        look=state.looks + 1,
                        experiences=state.experiences,
                        champion_digest=state.champion_digest,
                        windows=tuple(sorted(buffer.windows)),
                        buffer_digest=buffer.digest(),
                        trial_digest=state.trial.digest if state.trial else None,
                        trial_offset=state.trial.began_offset if state.trial else None,
                        changed_at_s=state.changed_at_s,
                    )
                )
        return found

    def evict(self, oldest_window: int) -> None:
        """Forget the windows before `oldest_window`."""
        for buffer in self.buffers.values():
            buffer.evict(oldest_window)

    def _earned(self, decision: Waiting, signals: Signals) -> tuple[float, float | None, float] | None:
        """The reward; and where its cost counts, what it was before, and the weight."""
        quality = reward(signals, self.policies.reward)
        if quality is None:
            default = self.policies.join.default_reward
            return None if default is None else (default, None, 0.0)
        weight = self.policies.cost.weight_of(decision) if signals.cost else 0.0
        if not weight:
            return quality, None, 0.0
        return after_cost(quality, signals.cost, weight), quality, weight

    def _buffer(self, joined: Joined, value: float, start: int) -> None:
        decision = joined.decision
        window = self.buffer(decision.tenant_key).window(start)
        stratum = stratum_of(decision.agent, decision.modality, value)
        if window.add(Row(decision.hash, value, joined.revision, stratum)):
            self.buffer_rows.touch(start, (decision.tenant_key, decision.hash))
            for changed in window.changed_limits():
                self.limit_rows.touch(start, (decision.tenant_key, changed))

    def _read_rows(self, start: int, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
        windows = self._windows(start)
        nothing: dict[int, Row] = {}
        return {
            place: (place[0], *row)
            for place in places
            if (row := windows.get(place[0], nothing).get(place[1])) is not None
        }

    def _live_rows(self, start: int, places: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        windows = self._windows(start)
        return [place for place in places if place[0] in windows and place[1] in windows[place[0]]]

    def _windows(self, start: int) -> dict[str, dict[int, Row]]:
        """The rows of the windows that start at `start`, by tenant key."""
        return {key: window.rows for key, b in self.buffers.items() if (window := b.windows.get(start))}

    def _live_limits(self, start: int, places: Sequence[tuple[str, Stratum]]) -> list[tuple[str, Stratum]]:
        return [place for place in places if start in self.buffer(place[0]).windows]

    def _read_limits(self, start: int, places: Iterable[tuple[str, Stratum]]) -> dict[tuple[str, Stratum], Any]:
        windows = {key: window.left_out for key, b in self.buffers.items() if (window := b.windows.get(start))}
        return {
            (key, stratum): (key, stratum, limit)
            for key, stratum in places
            if key in windows and (limit := windows[key].get(stratum)) is not None
        }
