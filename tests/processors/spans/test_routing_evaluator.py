"""Metrics of spans; what isn't known is not counted against the router."""

import pytest

from processors.spans import RoutingEvaluator
from tests.processors.spans.builders import span


def test_two_of_three() -> None:
    latencies = (0.050, 0.075, 0.055)
    found = RoutingEvaluator().evaluate(
        span(f"{i:016x}", took_s=took_s, status=status)
        for i, (took_s, status) in enumerate(zip(latencies, ("OK", "OK", "ERROR"), strict=True))
    )
    assert (found.total, found.ambiguous) == (3, 0)
    assert found.accuracy == pytest.approx(0.6667, abs=1e-4)
    assert found.latency_ms == pytest.approx(60.0, abs=1e-3)
    assert found.precision == {"video": pytest.approx(2 / 3)}


def test_all_right() -> None:
    found = RoutingEvaluator().evaluate([span(), span("00000000000000bb")])
    assert (found.accuracy, found.calibration) == (1.0, 0.0)


def test_a_status_that_nobody_set_is_ambiguous_and_counted_apart() -> None:
    found = RoutingEvaluator().evaluate([span(), span("00000000000000bb", status="UNSET")])
    assert (found.total, found.ambiguous, found.accuracy) == (2, 1, 1.0)
    nothing = RoutingEvaluator().evaluate([])
    assert (nothing.accuracy, nothing.latency_ms) == (None, None)


def test_confidence_that_knows_is_calibrated() -> None:
    spans = [
        span(
            f"{i:016x}",
            status="OK" if i % 2 else "ERROR",
            attributes={"routing.confidence": 0.9 if i % 2 else 0.2},
        )
        for i in range(10)
    ]
    assert RoutingEvaluator().evaluate(spans).calibration == pytest.approx(1.0)
    lying = [
        span(
            f"{i:016x}",
            status="OK" if i % 2 else "ERROR",
            attributes={"routing.confidence": 0.2 if i % 2 else 0.9},
        )
        for i in range(10)
    ]
    assert RoutingEvaluator().evaluate(lying).calibration == pytest.approx(-1.0)


def test_a_span_without_an_agent_proves_no_success() -> None:
    assert RoutingEvaluator().outcome(span(attributes={"routing.chosen_agent": None})) == "ambiguous"
    assert RoutingEvaluator().outcome(span(status="ERROR", attributes={"routing.confidence": "?"})) == "failure"


def test_labels_say_where_an_agent_was_missed() -> None:
    spans = [
        span("00000000000000aa"),
        span("00000000000000bb", status="ERROR"),
        span("00000000000000cc", attributes={"routing.chosen_agent": "text"}),
        span("00000000000000dd", attributes={"routing.chosen_agent": "text"}),
    ]
    right = {"00000000000000aa": "video", "00000000000000bb": "text", "00000000000000cc": "text"}
    found = RoutingEvaluator().evaluate(spans, right)
    assert found.precision == {"text": 1.0, "video": 0.5}
    assert found.recall == {"text": 0.5, "video": 1.0}
    assert found.f1 == {"text": pytest.approx(2 / 3), "video": pytest.approx(2 / 3)}
    assert RoutingEvaluator().evaluate(spans).recall == {}
