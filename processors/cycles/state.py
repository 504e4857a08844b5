"""What a tenant's cycles remember from one to the next, and what they have come to so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from processors.cycles.order import Memory, Order
from processors.cycles.records import CYCLES, Cycle, CycleReport
from processors.cycles.remembered import Remembered
from processors.cycles.schedule import CyclePolicy, Timer
from processors.labels import LabelRow
from signalbox.events import TrainingResult, epoch_s
from signalbox.topics import tenant_of_key


class Totals(Struct, array_like=True):
    """The specification's metrics of an orchestrator, since the tenant became known at `started_at`."""

    started_at: float = 0.0
    spans_evaluated: int = 0
    experiences_created: int = 0
    annotations_requested: int = 0
    annotations_completed: int = 0
    optimizations_triggered: int = 0
    total_improvement: float = 0.0
    last_optimization: float | None = None


class TenantCycles(Struct):
    """The cycles of one tenant key; what grows is in `spans` and `requested`, which have rows of their own."""

    timers: dict[Cycle, Timer] = field(default_factory=lambda: {cycle: Timer() for cycle in CYCLES})
    totals: Totals = field(default_factory=Totals)
    watermark_s: float | None = None
    annotated_s: float | None = None
    examined_end: int = 0
    labels_processed: int = 0
    experiences_updated: int = 0
    scopes: dict[str, dict[str, float]] = {}
    agents: dict[str, int] = {}
    spans: Remembered = field(default_factory=Remembered)
    requested: Remembered = field(default_factory=Remembered)

    def metrics(self, now_s: float, since_s: float) -> dict[str, float | None]:
        """The specification's keys; the process that asks has run since `since_s`."""
        return {
            "spans_evaluated": self.totals.spans_evaluated,
            "experiences_created": self.totals.experiences_created,
            "annotations_requested": self.totals.annotations_requested,
            "annotations_completed": self.totals.annotations_completed,
            "optimizations_triggered": self.totals.optimizations_triggered,
            "total_improvement": self.totals.total_improvement,
            "started_at": self.totals.started_at,
            "last_optimization": self.totals.last_optimization,
            "uptime_seconds": max(now_s - since_s, 0.0),
        }

    def order(
        self,
        tenant_key: str,
        cycle: Cycle,
        at_s: float,
        run: str,
        labelled: frozenset[int],
        request_ids: tuple[str, ...] = (),
    ) -> Order:
        """Begin a cycle; `labelled` are the decisions that have a label."""
        self.timers[cycle].begin(at_s, run)
        return Order(
            tenant_key=tenant_key,
            tenant_id=tenant_of_key(tenant_key),
            cycle=cycle,
            at_s=at_s,
            request_ids=request_ids,
            memory=Memory(
                watermark_s=self.watermark_s,
                annotated_s=self.annotated_s,
                spans=self.spans.all() if cycle == "span_evaluation" else frozenset(),
                requested=self.requested.all() if cycle == "annotation" else frozenset(),
                labelled=labelled,
                examined_end=self.examined_end,
                labels_processed=self.labels_processed,
                experiences_updated=self.experiences_updated,
            ),
        )

    def reported(self, report: CycleReport, policy: CyclePolicy) -> None:
        """Take in what a cycle says of itself."""
        self.timers[report.cycle].end(report)
        if report.error is not None:
            return
        number = report.numbers.get
        if report.cycle == "span_evaluation":
            self.totals.spans_evaluated += len([s for s in report.spans if s[0] not in self.spans])
            self.totals.experiences_created += int(number("experiences_created", 0))
            self.spans.add(report.spans)
            self.watermark_s = _later(self.watermark_s, report.watermark_s)
            self.spans.forget((self.watermark_s or 0.0) - policy.overlap_s)
            self.agents = report.agents
        elif report.cycle == "annotation":
            self.totals.annotations_requested += len([h for h in report.requested if h not in self.requested])
            self.requested.add((item, report.ended_s) for item in report.requested)
            self.requested.forget(report.ended_s - policy.retention_s)
            self.examined_end = max(self.examined_end, report.examined_end or 0)
        elif report.cycle == "feedback":
            self.annotated_s = _later(self.annotated_s, report.watermark_s)
            self.labels_processed -= int(number("annotations_processed", 0))
            self.experiences_updated -= int(number("experiences_updated", 0))
        else:
            self.scopes = report.scopes

    def labelled(self, row: LabelRow, *, is_first: bool) -> None:
        """Note a new label; `is_first` says whether its decision had none."""
        self.labels_processed += 1
        self.experiences_updated += row.says
        if is_first and row.decision in self.requested:
            self.totals.annotations_completed += 1

    def answered(self, result: TrainingResult) -> None:
        """Note a policy that came into force."""
        if result.verdict == "promoted":
            self.totals.last_optimization = epoch_s(result.occurred_at)
            if result.improvement is not None:
                self.totals.total_improvement += result.improvement.value

    def row(self) -> list[Any]:
        """All that stays small, of plain types."""
        values = [getattr(self, name) for name in SMALL]
        row: list[Any] = msgspec.to_builtins(values)
        return row

    @classmethod
    def restored(cls, row: Sequence[Any]) -> TenantCycles:
        """The state of a row, also of one that an earlier version wrote, with fewer fields."""
        given = dict(zip(SMALL, row, strict=False))
        found = msgspec.convert(given, cls)
        found.timers = {cycle: found.timers.get(cycle, Timer()) for cycle in CYCLES}
        return found


SMALL = tuple(f.name for f in msgspec.structs.fields(TenantCycles) if f.name not in ("spans", "requested"))
"""New fields go before `spans` and have defaults: rows of earlier versions lack them."""


def _later(known: float | None, told: float | None) -> float | None:
    return told if known is None else known if told is None else max(known, told)
