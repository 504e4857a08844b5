"""What the web pages ask a worker for, at the moment of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from processors.cycles.records import Cycle


@dataclass(frozen=True)
class CycleView:
    """One cycle of one tenant; `failures` are those since it last went well, times are seconds since 1970."""

    name: Cycle
    runs: int
    failures: int
    ended_s: float | None
    error: str | None = None


@dataclass(frozen=True)
class ScopeView:
    """One scope of one tenant; `avg_reward` is that of about the newest 25 experiences, in [0, 1].

    `reported` is what the last metrics cycle said of the scope: avg_reward, success_rate, confidence_accuracy
    and improvement_rate, as far as it said anything. `last_updated_s` is the newest decision's event time.
    """

    name: str
    optimizer_ready: bool
    total_experiences: int
    avg_reward: float
    last_updated_s: float | None
    reported: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TenantView:
    """A tenant that this worker speaks for; `totals` has the keys of get_metrics, or nothing yet."""

    tenant_id: str
    totals: Mapping[str, float | None] = field(default_factory=dict)
    cycles: Sequence[CycleView] = ()
    scopes: Sequence[ScopeView] = ()


class Source(Protocol):
    """Asked in the event loop of the worker; none of it waits or changes anything."""

    def ill(self) -> str | None:
        """Why the process should be started anew; None while it is well."""

    def not_ready(self) -> str | None:
        """Why it is not at work now; None while it has recovered and consumes."""

    def tenants(self) -> Sequence[TenantView]:
        """What is known of each tenant, in the order of their ids."""

    def batches(self) -> Mapping[int, int]:
        """How many batches were ever applied, by owned partition."""

    def lag(self) -> Mapping[tuple[str, int], int]:
        """Records still to be applied, by source topic and owned partition, where that is known."""

    def dead_letters(self) -> Mapping[str, int]:
        """Dead letters that this process has written, by reason."""

    def intervals_s(self) -> Mapping[Cycle, float]:
        """The cycles' intervals by name, seconds."""
