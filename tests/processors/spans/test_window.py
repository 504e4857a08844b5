"""However spans arrive, within the overlap each is evaluated once, and little is remembered."""

from dataclasses import replace
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_fields

from processors.cycles.records import CycleReport
from processors.cycles.schedule import CyclePolicy
from processors.cycles.state import TenantCycles
from processors.spans import PhoenixSpanEvaluator
from processors.spans.window import window_start
from tests.processors.builders import NOON
from tests.processors.spans.builders import NAMES, span

OVERLAP_S, LOOKBACK_S, MOST = 1200.0, 7200.0, 5
POLICY = replace(CyclePolicy(), overlap_s=OVERLAP_S)


class Arrival(NamedTuple):
    """When a span began, seconds after noon, and how much later Phoenix had it."""

    began_s: float
    late_s: float


ARRIVALS = st.lists(
    st.builds(Arrival, st.integers(0, 14_000).map(float), st.integers(0, int(OVERLAP_S)).map(float)),
    max_size=30,
)
READINGS = st.lists(st.integers(1, 2000), min_size=1, max_size=12)


@given(ARRIVALS, READINGS, st.integers(0, 11))
def test_each_span_is_read_once(arrivals: list[Arrival], pauses_s: list[int], down: int) -> None:
    """One reading fails, a batch is small, and the state goes through its row as in a restart."""
    state, found, now_s = TenantCycles(), [], 0.0
    spans = [span(f"{i:016x}", at=each.began_s) for i, each in enumerate(arrivals)]
    for turn, pause_s in enumerate([*pauses_s, 16_000, *[1] * 30]):
        now_s += pause_s
        if turn == down:
            continue
        start_s = window_start(
            state.watermark_s, NOON + now_s, lookback_s=LOOKBACK_S + 16_000, overlap_s=OVERLAP_S
        )
        visible = [
            item
            for item, each in zip(spans, arrivals, strict=True)
            if each.began_s + each.late_s < now_s and start_s <= item.start_s < NOON + now_s
        ]
        known = state.spans.all()
        everything = PhoenixSpanEvaluator("harbor", NAMES).evaluate(
            sorted(visible, key=lambda s: s.start_s), known
        )
        new, more = everything.decisions[:MOST], len(everything.decisions) > MOST
        found += [each.decision_id for each in new]
        report = CycleReport(
            tenant_id="harbor",
            cycle="span_evaluation",
            started_s=NOON + now_s,
            ended_s=NOON + now_s,
            spans=tuple(everything.spans[: len(new)]),
            watermark_s=everything.spans[len(new) - 1][1] if more else NOON + now_s,
            more=more,
        )
        state.reported(report, POLICY)
        remembered = type(state.spans).restored(state.spans.row())
        state = with_fields(TenantCycles.restored(state.row()), spans=remembered)
    assert sorted(found) == sorted(f"span/{item.span_id}" for item in spans)
    assert state.totals.spans_evaluated == len(spans)
    oldest_s = (state.watermark_s or NOON) - OVERLAP_S - 600.0
    assert len(state.spans) <= sum(item.start_s >= oldest_s for item in spans)
