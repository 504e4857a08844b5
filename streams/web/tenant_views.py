"""A partition's state as the web pages tell of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from processors.cycles.cycles import speaks
from processors.cycles.records import CYCLES
from processors.cycles.state import TenantCycles
from processors.ledger import ROUTING
from processors.partition import Partition
from processors.scope import ScopeState
from signalbox.topics import tenant_of_key
from streams.web.source import CycleView, ScopeView, TenantView


def tenant_views(partition: Partition, now_s: float, since_s: float) -> Iterator[TenantView]:
    """The tenants whose first or only shard is in the partition; the process has run since `since_s`."""
    cycles = partition.tenants()
    scopes: dict[str, dict[str, ScopeState]] = {}
    for (tenant_key, name), state in partition.ledger.scopes.items():
        scopes.setdefault(tenant_key, {})[name] = state
    newest_s: dict[str, float] = {}
    for (tenant_key, _), agent in partition.ledger.agents.items():
        newest_s[tenant_key] = max(agent.last_s, newest_s.get(tenant_key, 0.0))
    for tenant_key in filter(speaks, cycles.keys() | scopes.keys()):
        known = cycles.get(tenant_key)
        states = scopes.get(tenant_key, {})
        yield TenantView(
            tenant_id=tenant_of_key(tenant_key),
            totals=known.metrics(now_s, since_s) if known else {},
            cycles=_cycles(known) if known else (),
            scopes=_scopes(states, known.scopes if known else {}, newest_s.get(tenant_key)),
        )


def _cycles(known: TenantCycles) -> list[CycleView]:
    timers = known.timers
    return [
        CycleView(name, timers[name].runs, timers[name].failures, timers[name].ended_s, timers[name].error)
        for name in CYCLES
    ]


def _scopes(
    states: Mapping[str, ScopeState],
    reported: Mapping[str, Mapping[str, float]],
    last_updated_s: float | None,
) -> list[ScopeView]:
    # Experiences are of routing: a prompt program's scope learns from the same ones.
    routing = states.get(ROUTING, ScopeState())
    return [
        ScopeView(
            name=name,
            optimizer_ready=name in states and states[name].champion_digest is not None,
            total_experiences=routing.experiences,
            avg_reward=routing.recent_reward,
            last_updated_s=last_updated_s,
            reported=reported.get(name, {}),
        )
        for name in sorted(states.keys() | reported.keys())
    ]
