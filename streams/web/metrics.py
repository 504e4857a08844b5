"""/metrics: what the worker knows when Prometheus asks, and nothing that is kept for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from signalbox.events import DeadLetterReason
from streams.web.families import (
    BATCHES,
    DEAD_LETTERS,
    EXPERIENCES,
    FAILURES,
    HEALTHY,
    INTERVAL,
    LAG,
    LAST_RUN,
    LEFT_OUT,
    METRICS,
    OPTIMIZER_READY,
    READY,
    REPORTED,
    RUNS,
    TOTALS,
    Family,
    Metric,
)
from streams.web.health import MOST_TENANTS, unwell
from streams.web.source import Source, TenantView

MOST_SCOPES = 20
"""Of a tenant; there is one of routing and one for each prompt program."""
Sample = tuple[Metric, tuple[str, ...], float]


class Metrics(Collector):
    """Reads `source` at every scrape."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def page(self, accept: str) -> tuple[bytes, str]:
        """The page and its content type: of Prometheus' formats, one that the Accept header asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def describe(self) -> Iterable[Family]:
        """The families, so that the source isn't asked before it is there."""
        return [metric.family() for metric in METRICS]

    def collect(self) -> Iterable[Family]:
        """The families with their samples."""
        families = {metric.name: metric.family() for metric in METRICS}
        for metric, labels, value in self._samples():
            families[metric.name].add_metric(labels, value)
        return families.values()

    def _samples(self) -> Iterator[Sample]:
        source, tenants = self._source, self._source.tenants()
        yield READY, (), source.not_ready() is None
        for partition, count in source.batches().items():
            yield BATCHES, (str(partition),), count
        for (topic, partition), records in source.lag().items():
            yield LAG, (topic, str(partition)), records
        # A counter that first appears with its first dead letter would never be seen to rise.
        letters = source.dead_letters()
        for reason in get_args(DeadLetterReason):
            yield DEAD_LETTERS, (reason,), letters.get(reason, 0)
        for cycle, seconds in source.intervals_s().items():
            yield INTERVAL, (cycle,), seconds
        yield LEFT_OUT, (), max(len(tenants) - MOST_TENANTS, 0)
        for tenant in tenants[:MOST_TENANTS]:
            yield from _of_tenant(tenant)


def _of_tenant(tenant: TenantView) -> Iterator[Sample]:
    place = (tenant.tenant_id,)
    yield from _known(TOTALS, tenant.totals, place)
    for scope in tenant.scopes[:MOST_SCOPES]:
        labels = (*place, scope.name)
        yield from _known(REPORTED, scope.reported, labels)
        yield EXPERIENCES, labels, scope.total_experiences
        yield OPTIMIZER_READY, labels, scope.optimizer_ready
        yield HEALTHY, labels, not unwell(scope)
    for cycle in tenant.cycles:
        labels = (*place, cycle.name)
        yield RUNS, labels, cycle.runs
        yield FAILURES, labels, cycle.failures
        if cycle.ended_s is not None:
            yield LAST_RUN, labels, cycle.ended_s


def _known(
    metrics: Mapping[str, Metric], values: Mapping[str, float | None], labels: tuple[str, ...]
) -> Iterator[Sample]:
    for key, metric in metrics.items():
        value = values.get(key)
        if value is not None:
            yield metric, labels, value
