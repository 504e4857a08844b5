from collections.abc import Mapping
from typing import Any, get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from processors.cycles.state import TenantCycles
from signalbox.events import DeadLetterReason
from streams.web.families import METRICS, REPORTED, TOTALS
from streams.web.health import MOST_TENANTS
from streams.web.metrics import MOST_SCOPES, Metrics
from tests.streams.web.worlds import TOTALS as TOLD
from tests.streams.web.worlds import SetSource, scope, tenant

Samples = Mapping[tuple[str, frozenset[Any]], float]


def samples(source: SetSource) -> Samples:
    """The values on the page, read as Prometheus reads it."""
    page = Metrics(source).page("")[0].decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def test_every_key_of_get_metrics_is_exported_for_a_tenant() -> None:
    keys = TenantCycles().metrics(now_s=0.0, since_s=0.0).keys()
    assert TOTALS.keys() == keys == TOLD.keys()
    found = samples(SetSource())
    assert {key: value(found, metric.name, tenant="acme") for key, metric in TOTALS.items()} == TOLD


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("signalbox_average_reward", 0.7),
        ("signalbox_success_rate", 0.8),
        ("signalbox_confidence_accuracy", 0.3),
        ("signalbox_improvement_rate", -0.1),
        ("signalbox_scope_experiences", 51),
        ("signalbox_optimizer_ready", 1),
        ("signalbox_scope_healthy", 1),
    ],
)
def test_every_scope_of_a_tenant_has_its_own(name: str, expected: float) -> None:
    other = scope(name="program:agent_routing", optimizer_ready=False, total_experiences=0, reported={})
    found = samples(SetSource(known=[tenant("acme", scope(), other)]))
    assert value(found, name, tenant="acme", scope="routing") == expected
    unknown = None if name in {metric.name for metric in REPORTED.values()} else 0
    assert value(found, name, tenant="acme", scope="program:agent_routing") == unknown


def test_every_metric_that_is_declared_is_on_the_page_by_the_conventions() -> None:
    found = samples(SetSource())
    assert {metric.name for metric in METRICS} <= {name for name, _ in found}
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.name.startswith("signalbox_") for metric in METRICS)


def test_the_worker_its_partitions_and_its_cycles_are_shown() -> None:
    found = samples(SetSource(why_not_ready="it starts", letters={"not_json": 5}))
    assert value(found, "signalbox_worker_ready") == 0
    assert value(found, "signalbox_batches_applied_total", partition="3") == 4
    assert value(found, "signalbox_lag_records", topic="routing-decision", partition="3") == 17
    letters = {r: value(found, "signalbox_dead_letters_total", reason=r) for r in get_args(DeadLetterReason)}
    assert letters == dict.fromkeys(get_args(DeadLetterReason), 0) | {"not_json": 5}
    assert value(found, "signalbox_cycle_runs_total", tenant="acme", cycle="feedback") == 3
    assert value(found, "signalbox_cycle_consecutive_failures", tenant="acme", cycle="feedback") == 0
    assert value(found, "signalbox_cycle_last_run_timestamp_seconds", tenant="acme", cycle="metrics") == 1e9
    assert value(found, "signalbox_cycle_interval_seconds", cycle="metrics") == 300


def test_a_name_can_hold_anything() -> None:
    evil = 'a"b\\c\n# {x="y"} 1'
    found = samples(SetSource(known=[tenant(evil, scope(name=evil))]))
    assert value(found, "signalbox_spans_evaluated_total", tenant=evil) == 1
    assert value(found, "signalbox_average_reward", tenant=evil, scope=evil) == 0.7


def test_the_number_of_series_is_bounded() -> None:
    crowd = tenant("crowded", *(scope(name=f"s{n}") for n in range(MOST_SCOPES + 5)))
    found = samples(SetSource(known=[crowd, *(tenant(f"t{n}") for n in range(MOST_TENANTS))]))
    of_crowd = [labels for name, labels in found if name == "signalbox_average_reward"]
    assert len(of_crowd) == MOST_SCOPES + MOST_TENANTS - 1
    assert value(found, "signalbox_tenants_left_out") == 1


def test_what_is_not_known_yet_is_left_out_rather_than_made_up() -> None:
    known = tenant()
    new = type(known)(known.tenant_id, TOLD | {"last_optimization": None}, (), (scope(reported={}),))
    found = samples(SetSource(known=[new]))
    assert value(found, "signalbox_last_optimization_timestamp_seconds", tenant="acme") is None
    assert value(found, "signalbox_average_reward", tenant="acme", scope="routing") is None


def test_prometheus_gets_the_format_that_it_asks_for() -> None:
    page, content_type = Metrics(SetSource()).page("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")
    assert Metrics(SetSource()).page("")[1].startswith("text/plain")
