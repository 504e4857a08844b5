"""What a partition has learned of its tenants: replay buffers, agents' records, triggers' states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from processors.buffer import ReplayBuffer
from processors.cost import after_cost
from processors.policies import Policies
from processors.reward import reward
from processors.rows import RowLog
from processors.scope import ScopeState
from processors.statistics import AgentStatistics
from processors.trigger import Due
from processors.waiting import Joined, Waiting
from processors.window import Row, Stratum, stratum_of
from signalbox.events import Signals, TrainingResult, TriggerReason

ROUTING = "routing"
Place = tuple[str, str]
"""A tenant key with an agent or a scope."""


class Learned(Struct, frozen=True, gc=False):
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
        decision, signals, previous = joined.decision, joined.signals, joined.previous
        earned = self._earned(decision, signals)
        if earned is None:
            return None
        value = earned[0]
        before = None if previous is None else self._earned(decision, previous)
        agent = self._agent(decision.tenant_key, decision.agent)
        if previous is None or before is None:
            agent.update(value, signals, decision.occurred_s)
            self.scope(decision.tenant_key, ROUTING).observe(value, decision, self.policies.trigger)
            if joined.revision:
                # Parts without a reward may have come before; to readers the first with one is revision 0.
                joined = replace(joined, revision=0, previous=None)
        else:
            agent.revise(value - before[0], previous, signals)
        if window is not None:
            self._buffer(decision, value, joined.revision, window)
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
            reasons = self.scopes[tenant_key, scope].reasons(self.policies.trigger, now_s)
            if reasons and self.buffers.get(tenant_key):
                found.append(self.asked(tenant_key, scope, reasons))
        return found

    def asked(self, tenant_key: str, scope: str, reasons: tuple[TriggerReason, ...]) -> Due:
        """What a trigger of this scope says now."""
        state, buffer = self.scope(tenant_key, scope), self.buffer(tenant_key)
        # A trial is judged by what was drawn since it began; only training asks for the buffer.
        trial = state.trial
        return Due(
            tenant_key=tenant_key,
            scope=scope,
            reasons=reasons,
            look=state.looks + 1,
            experiences=state.experiences,
            champion_digest=state.champion_digest,
            windows=() if trial else tuple(sorted(buffer.windows)),
            buffer_digest="" if trial else buffer.digest(),
            trial_digest=trial.digest if trial else None,
            trial_offset=trial.began_offset if trial else None,
            changed_at_s=state.changed_at_s,
            labelled_s=state.labelled_s if "annotations" in reasons else None,
        )

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

    def _agent(self, tenant_key: str, name: str) -> AgentStatistics:
        place = (tenant_key, name)
        agent = self.agents.get(place)
        if agent is None:
            agent = self.agents[place] = AgentStatistics()
        self.touched_agents.add(place)
        return agent

    def _buffer(self, decision: Waiting, value: float, revision: int, start: int) -> None:
        tenant_key, identity = decision.tenant_key, decision.hash
        window = self.buffer(tenant_key).window(start)
        stratum = stratum_of(decision.agent, decision.modality, value)
        if window.add(Row(identity, value, revision, stratum)):
            self.buffer_rows.touch(start, (tenant_key, identity))
            for changed in window.changed_limits():
                self.limit_rows.touch(start, (tenant_key, changed))

    def _read_rows(self, start: int, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
        windows = self._windows(start)
        nothing: dict[int, Row] = {}
        return {
            place: (place[0], row.hash, row.reward, row.revision, row.stratum)
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
