"""The training of prompt programs, as triggers and answers tell of it."""

from __future__ import annotations

from dataclasses import dataclass

from signalbox.events import OptimizationTrigger, TrainingResult


@dataclass(frozen=True)
class RunningProgram:
    """A program in training since `at`, seconds since 1970."""

    tenant_id: str
    scope: str
    at: float

    def line(self, now: float) -> str:
        """Whose it is, and for how long."""
        return f"{self.tenant_id} {max(0.0, now - self.at):.0f} s"


class Programs:
    """At most one training a tenant and scope; the counts are of answers."""

    def __init__(self) -> None:
        self.published = 0
        self.rejected = 0
        self.failed = 0
        self._running: dict[str, RunningProgram] = {}

    @property
    def running(self) -> tuple[RunningProgram, ...]:
        """Those going on, in the order of their tenants."""
        return tuple(sorted(self._running.values(), key=lambda each: (each.tenant_id, each.scope)))

    def line(self, now: float) -> str:
        """Where they stand, for a person who watches; empty before the first one."""
        running = ", ".join(each.line(now) for each in self.running)
        counts = (("published", self.published), ("rejected", self.rejected), ("failed", self.failed))
        told = [f"{len(self.running)} in training ({running})"] if running else []
        return "   ".join([*told, *(f"{count} {what}" for what, count in counts if count)])

    def trigger(self, event: OptimizationTrigger, at: float) -> None:
        """A program is to be trained."""
        self._running[event.trigger_id] = RunningProgram(event.tenant_id, event.scope, at)

    def result(self, event: TrainingResult) -> None:
        """It was, or couldn't be."""
        self._running.pop(event.trigger_id, None)
        self.published += event.verdict == "promoted"
        self.rejected += event.verdict == "rejected"
        self.failed += event.verdict == "failed"
