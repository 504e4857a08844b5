"""Every metric of ours on /metrics: its name, its kind, its labels and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

Family = CounterMetricFamily | GaugeMetricFamily


@dataclass(frozen=True)
class Metric:
    """A counter if its name says so, else a gauge."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def is_counter(self) -> bool:
        """By Prometheus' convention."""
        return self.name.endswith("_total")

    def family(self) -> Family:
        """An empty family of it."""
        kind = CounterMetricFamily if self.is_counter else GaugeMetricFamily
        return kind(self.name, self.meaning, labels=self.labels)


def _of_tenant(name: str, meaning: str) -> Metric:
    return Metric(name, meaning, ("tenant",))


def _of_scope(name: str, meaning: str) -> Metric:
    return Metric(name, meaning, ("tenant", "scope"))


def _of_cycle(name: str, meaning: str) -> Metric:
    return Metric(name, meaning, ("tenant", "cycle"))


READY = Metric("signalbox_worker_ready", "1 while the worker has recovered and consumes.")
BATCHES = Metric("signalbox_batches_applied_total", "Batches ever applied to the partition.", ("partition",))
LAG = Metric("signalbox_lag_records", "Records that are still to be applied.", ("topic", "partition"))
DEAD_LETTERS = Metric("signalbox_dead_letters_total", "Records that this process refused.", ("reason",))
LEFT_OUT = Metric("signalbox_tenants_left_out", "Tenants beyond the number that is shown here.")
INTERVAL = Metric("signalbox_cycle_interval_seconds", "The cycle's interval, as it is set.", ("cycle",))

TOTALS = {
    "spans_evaluated": _of_tenant("signalbox_spans_evaluated_total", "Spans read from Phoenix."),
    "experiences_created": _of_tenant("signalbox_experiences_created_total", "Experiences made of spans."),
    "annotations_requested": _of_tenant("signalbox_annotations_requested_total", "Labels asked for."),
    "annotations_completed": _of_tenant("signalbox_annotations_completed_total", "Of those, labels that came."),
    "optimizations_triggered": _of_tenant("signalbox_optimizations_triggered_total", "Trainings asked for."),
    "total_improvement": _of_tenant("signalbox_total_improvement", "Sum of the promotions' improvements."),
    "started_at": _of_tenant("signalbox_started_timestamp_seconds", "When the tenant became known."),
    "last_optimization": _of_tenant("signalbox_last_optimization_timestamp_seconds", "The last promotion."),
    "uptime_seconds": _of_tenant("signalbox_uptime_seconds", "How long this worker has run."),
}
"""By the keys of get_metrics."""

REPORTED = {
    "avg_reward": _of_scope("signalbox_average_reward", "Mean reward of the newest experiences, 0 to 1."),
    "success_rate": _of_scope("signalbox_success_rate", "Share of them whose agent had success, 0 to 1."),
    "confidence_accuracy": _of_scope(
        "signalbox_confidence_accuracy", "Correlation of confidence and success, 0 to 1."
    ),
    "improvement_rate": _of_scope(
        "signalbox_improvement_rate", "Mean reward of the newest less that of those before, -1 to 1."
    ),
}
"""By the keys of the metrics cycle's report."""

EXPERIENCES = _of_scope("signalbox_scope_experiences", "Experiences of the scope.")
OPTIMIZER_READY = _of_scope("signalbox_optimizer_ready", "1 if a policy that passed the gate is in force.")
HEALTHY = _of_scope("signalbox_scope_healthy", "1 if the scope is healthy by the specification's thresholds.")
RUNS = _of_cycle("signalbox_cycle_runs_total", "How often the cycle has ended, well or not.")
FAILURES = _of_cycle("signalbox_cycle_consecutive_failures", "Failures since the cycle last went well.")
LAST_RUN = _of_cycle("signalbox_cycle_last_run_timestamp_seconds", "When the cycle last ended.")

METRICS = (
    *(READY, BATCHES, LAG, DEAD_LETTERS, LEFT_OUT),
    *TOTALS.values(),
    *REPORTED.values(),
    *(EXPERIENCES, OPTIMIZER_READY, HEALTHY),
    *(RUNS, FAILURES, LAST_RUN, INTERVAL),
)
