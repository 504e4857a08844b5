"""What the cycles write and say, over lists instead of Kafka and Phoenix."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from adapters.phoenix.connection import PhoenixUnavailable
from processors.identity import decision_hash
from signalbox.events import Annotation, Experience, Signals, decode
from signalbox.topics import ANNOTATION, ANNOTATION_REQUEST, ROUTING_DECISION
from streams.orchestrator import feedback, span_evaluation
from streams.orchestrator.annotation import ask_for_labels
from streams.orchestrator.feedback import collect_labels
from streams.orchestrator.metrics import measure
from streams.orchestrator.span_evaluation import evaluate_spans
from tests.models.logs import log
from tests.processors.builders import annotation, record
from tests.processors.spans.builders import span
from tests.streams.orchestrator.fakes import AT_S, order, partition, tools_with

PHOENIX: Any = object()


def failures(count: int, span_id: str | None = None) -> list[Experience]:
    return [
        replace(
            item,
            decision=replace(item.decision, confidence=0.2, span_id=span_id),
            outcome=Signals(agent_success=False),
        )
        for item in log(count, 0)
    ]


async def test_without_phoenix_there_are_no_spans_and_labels_go_on() -> None:
    tools, output = tools_with(items=failures(30))
    said = await evaluate_spans(tools, order("span_evaluation"))
    assert (said.numbers, said.watermark_s, output.written) == ({}, None, [])
    said = await ask_for_labels(tools, order("annotation"))
    assert said.numbers["annotation_requests"] == 30.0
    assert said.numbers["annotations_generated"] == tools.settings.auto_annotations
    assert (said.examined_end, len(set(said.requested))) == (30, 30)
    assert output.topics() == [ANNOTATION_REQUEST] * 30 + [ANNOTATION] * tools.settings.auto_annotations
    assert {key for _, _, key, _ in output.written} == {b"acme"}


async def test_nobody_is_asked_twice() -> None:
    items = failures(10)
    hashes = [decision_hash(item.tenant_id, item.decision_id) for item in items]
    tools, output = tools_with(items=items)
    known: dict[str, Any] = {"requested": frozenset(hashes[:6]), "labelled": frozenset(hashes[6:])}
    said = await ask_for_labels(tools, order("annotation", **known))
    assert (said.numbers["annotation_requests"], said.requested, output.written) == (0.0, (), [])


class Away:
    """A server that doesn't answer."""

    def get(self, *_: Any, **__: Any) -> None:
        raise PhoenixUnavailable("away")


async def test_where_labels_cannot_be_stored_nobody_is_asked_for_one_yet() -> None:
    tools, output = tools_with(Away(), failures(10, "00000000000000aa"))
    with pytest.raises(PhoenixUnavailable):
        await ask_for_labels(tools, order("annotation"))
    assert output.written == []


class Spans:
    """Phoenix's spans in pages of two."""

    asked: list[tuple[float, float]] = []

    def __init__(self, _: Any) -> None:
        pass

    def read(self, project: str, names: Any, start_s: float, end_s: float) -> Any:
        self.asked.append((start_s, end_s))
        found = [span(f"{number:016x}", at=number - 10.0) for number in range(6)]
        yield from (found[:2], found[2:4], found[4:])


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> type[Spans]:
    monkeypatch.setattr(span_evaluation, "PhoenixSpans", Spans)
    Spans.asked.clear()
    return Spans


async def test_spans_are_read_from_the_watermark_less_the_overlap_and_become_decisions(
    spans: type[Spans],
) -> None:
    tools, output = tools_with(PHOENIX)
    said = await evaluate_spans(tools, order("span_evaluation"))
    assert output.topics() == [ROUTING_DECISION] * 6
    assert (said.numbers["experiences_created"], said.watermark_s, said.more) == (6.0, AT_S, False)
    known = frozenset(identity for identity, _ in said.spans)
    again = await evaluate_spans(
        tools, order("span_evaluation", at_s=AT_S + 900.0, watermark_s=AT_S, spans=known)
    )
    assert (again.numbers["spans_processed"], again.watermark_s, len(output.written)) == (0.0, AT_S + 900.0, 6)
    settings = tools.settings
    assert spans.asked == [
        (AT_S - settings.span_lookback_s, AT_S),
        (AT_S - settings.span_overlap_s, AT_S + 900.0),
    ]


async def test_too_many_spans_are_left_to_the_next_cycle(
    spans: type[Spans], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_evaluation, "MOST_SPANS", 3)
    tools, _ = tools_with(PHOENIX)
    said = await evaluate_spans(tools, order("span_evaluation"))
    assert (said.more, len(said.spans)) == (True, 4)
    assert said.watermark_s == said.spans[-1][1] < AT_S
    known = frozenset(identity for identity, _ in said.spans)
    rest = await evaluate_spans(tools, order("span_evaluation", watermark_s=said.watermark_s, spans=known))
    assert (rest.more, len(rest.spans)) == (False, 2)


async def test_an_askers_clock_that_is_ahead_moves_no_watermark(spans: type[Spans]) -> None:
    tools, _ = tools_with(PHOENIX)
    said = await evaluate_spans(tools, order("span_evaluation", at_s=9e9))
    assert said.watermark_s is not None
    assert said.watermark_s < 9e9


async def test_only_labels_that_are_new_are_published_and_the_fresh_counts_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = [annotation("d1", 10.0), annotation("d2", 20.0)]
    monkeypatch.setattr(feedback, "_read", lambda *_: (told, [], 123.0))
    state = partition()
    state.apply(ANNOTATION, [record(told[0])])
    tools, output = tools_with(PHOENIX, partition=state)
    said = await collect_labels(tools, order("feedback", told[0].tenant_id))
    assert [decode(Annotation, value) for *_, value in output.written] == [told[1]]
    assert said.numbers["annotations_found"] == said.numbers["annotations_published"] == 1.0
    assert said.numbers["annotations_processed"] == 1.0
    assert said.numbers["optimizer_updated"] == 0.0
    assert said.watermark_s == 123.0


async def test_metrics_are_measured_by_scope() -> None:
    tools, output = tools_with(items=failures(8))
    said = await measure(tools, order())
    assert set(said.scopes) == {"routing"}
    assert (said.scopes["routing"]["experiences"], said.scopes["routing"]["success_rate"]) == (8.0, 0.0)
    assert output.written == []
    assert (await measure(tools_with()[0], order())).scopes == {}
