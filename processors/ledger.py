"""What a partition has learned of its tenants: replay buffers, agents' records, triggers' states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from processors.buffer import ReplayBuffer, Row, Stratum, stratum_of
from processors.policies import Policies
from processors.reward import reward
from processors.rows import RowLog
from processors.statistics import AgentStatistics
from processors.trigger import Due, ScopeState
from processors.waiting import Joined
from signalbox.events import Signals, TrainingResult

ROUTING = "routing"
Place = tuple[str, str]
"""A tenant key with an agent or a scope."""


class Ledger:
    """All rewards are turned into state here, and nowhere else."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.buffers: dict[str, ReplayBuffer] = {}
        self.agents: dict[Place, AgentStatistics] = {}
        self.scopes: dict[Place, ScopeState] = {}
        self.touched_agents: set[Place] = set()
        self.touched_scopes: set[Place] = set()
        self.buffer_rows: RowLog[tuple[str, int]] = RowLog("buffer", self._buffer_row, self._live_rows)
        self.limit_rows: RowLog[tuple[str, Stratum]] = RowLog("limit", self._limit_row, self._live_limits)

    def learn(self, joined: Joined, oldest_window: int) -> tuple[Joined, float] | None:
        """Take in an experience or its revision; it and its reward, or None where there is nothing to learn."""
        value = self._reward(joined.signals)
        if value is None:
            return None
        before = None if joined.previous is None else self._reward(joined.previous)
        if before is None and joined.revision:
            # Parts without a reward may have come before; the first that gives one is revision 0 to readers.
            joined = replace(joined, revision=0, previous=None)
        decision = joined.decision
        place = (decision.tenant_key, decision.agent)
        agent = self.agents.get(place)
        if agent is None:
            agent = self.agents[place] = AgentStatistics()
        self.touched_agents.add(place)
        if before is None or joined.previous is None:
            agent.update(value, joined.signals, decision.occurred_s)
            self.scope(decision.tenant_key, ROUTING).observe(value)
        else:
            agent.revise(value - before, joined.previous, joined.signals)
        self._buffer(joined, value, oldest_window)
        return joined, value

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

    def answered(self, result: TrainingResult) -> None:
        """Note the answer to a trigger, or a rollback."""
        self.scope(result.tenant_key, result.scope).answered(result)

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
                    )
                )
        return found

    def evict(self, oldest_window: int) -> None:
        """Forget the windows before `oldest_window`."""
        for buffer in self.buffers.values():
            buffer.evict(oldest_window)

    def _reward(self, signals: Signals) -> float | None:
        value = reward(signals, self.policies.reward)
        return self.policies.join.default_reward if value is None else value

    def _buffer(self, joined: Joined, value: float, oldest_window: int) -> None:
        decision = joined.decision
        start = self.policies.buffer.window_of(decision.occurred_s)
        if start < oldest_window:
            return
        window = self.buffer(decision.tenant_key).window(start)
        stratum = stratum_of(decision.agent, decision.modality, value)
        if window.add(Row(decision.hash, value, joined.revision, stratum)):
            self.buffer_rows.touch(start, (decision.tenant_key, decision.hash))
            for changed in window.changed_limits():
                self.limit_rows.touch(start, (decision.tenant_key, changed))

    def _buffer_row(self, start: int, place: tuple[str, int]) -> Any:
        buffer = self.buffers.get(place[0])
        window = None if buffer is None else buffer.windows.get(start)
        row = window.rows.get(place[1]) if window else None
        return None if row is None else (place[0], *row)

    def _live_rows(self, start: int, places: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        windows = {key: window.rows for key, b in self.buffers.items() if (window := b.windows.get(start))}
        return [place for place in places if place[0] in windows and place[1] in windows[place[0]]]

    def _live_limits(self, start: int, places: Sequence[tuple[str, Stratum]]) -> list[tuple[str, Stratum]]:
        return [place for place in places if start in self.buffer(place[0]).windows]

    def _limit_row(self, start: int, place: tuple[str, Stratum]) -> Any:
        buffer = self.buffers.get(place[0])
        window = None if buffer is None else buffer.windows.get(start)
        limit = window.left_out.get(place[1]) if window else None
        return None if limit is None else (place[0], place[1], limit)
