"""The cycles of all tenants of one partition."""

from __future__ import annotations

from collections.abc import Iterable

from processors.cycles.order import Order
from processors.cycles.records import Cycle, CycleRecord, CycleReport, CycleRequest, Tick
from processors.cycles.schedule import CyclePolicy, due
from processors.cycles.state import TenantCycles
from processors.labels import LabelRow, Labels
from signalbox.events import TrainingResult, epoch_s


class Cycles:
    """Orders what is due at a tick, and keeps what the cycles report."""

    def __init__(self, policy: CyclePolicy, labels: Labels) -> None:
        self.policy = policy
        self.tenants: dict[str, TenantCycles] = {}
        self.touched: set[str] = set()
        self.touched_spans: set[str] = set()
        self.touched_requested: set[str] = set()
        self.written: set[str] = set()
        """The keys that are on the changelog."""
        self._labels = labels

    def take(self, record: CycleRecord, tenant_key: str, known: Iterable[str], run: str) -> list[Order]:
        """What a record makes the worker do in its run `run`; `known` are the tenant keys heard of."""
        if isinstance(record, Tick):
            return self._tick(record.at_s, known, run)
        if isinstance(record, CycleRequest):
            self._tenant(tenant_key, record.at_s)
            return [self._order(tenant_key, record.cycle, record.at_s, run, (record.request_id,))]
        self._report(record, tenant_key)
        return []

    def labelled(self, row: LabelRow, *, is_first: bool) -> None:
        """Note a new label."""
        if speaks(row.tenant_key):
            self._tenant(row.tenant_key, row.occurred_s).labelled(row, is_first=is_first)
            self.touched.add(row.tenant_key)

    def triggered(self, tenant_key: str, now_s: float) -> None:
        """Note that a training was asked for."""
        self._tenant(tenant_key, now_s).totals.optimizations_triggered += 1
        self.touched.add(tenant_key)

    def answered(self, result: TrainingResult) -> None:
        """Note the answer to a trigger."""
        if result.verdict == "promoted" and speaks(result.tenant_key):
            self._tenant(result.tenant_key, epoch_s(result.occurred_at)).answered(result)
            self.touched.add(result.tenant_key)

    def _tick(self, at_s: float, known: Iterable[str], run: str) -> list[Order]:
        orders = []
        for tenant_key in sorted({*filter(speaks, known), *self.tenants}):
            timers = self._tenant(tenant_key, at_s).timers
            orders += [
                self._order(tenant_key, cycle, at_s, run) for cycle in due(timers, self.policy, at_s, run)
            ]
        return orders

    def _order(
        self, tenant_key: str, cycle: Cycle, at_s: float, run: str, requests: tuple[str, ...] = ()
    ) -> Order:
        self.touched.add(tenant_key)
        labelled = self._labels.decisions(tenant_key) if cycle == "annotation" else frozenset[int]()
        return self.tenants[tenant_key].order(tenant_key, cycle, at_s, run, labelled, requests)

    def _report(self, report: CycleReport, tenant_key: str) -> None:
        state = self._tenant(tenant_key, report.started_s)
        # The labels that the cycle gave itself came before this report of what it asked for.
        asked = [item for item in report.requested if item not in state.requested]
        state.totals.annotations_completed += sum(self._labels.has(tenant_key, item) for item in asked)
        state.reported(report, self.policy)
        self.touched.add(tenant_key)
        if report.cycle == "span_evaluation":
            self.touched_spans.add(tenant_key)
        elif report.cycle == "annotation":
            self.touched_requested.add(tenant_key)

    def _tenant(self, tenant_key: str, now_s: float) -> TenantCycles:
        """The state of a tenant key, made if it is new, to be changed."""
        state = self.tenants.get(tenant_key)
        if state is None:
            state = self.tenants[tenant_key] = TenantCycles()
            state.totals.started_at = now_s
        return state


def speaks(tenant_key: str) -> bool:
    """Whether the shard speaks for its tenant: the first one does, as it does for triggers."""
    return "#" not in tenant_key or tenant_key.endswith("#0")
