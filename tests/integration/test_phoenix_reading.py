"""Spans and labels of a real Phoenix server: none missed, none twice, no tenant's in another's."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapters.phoenix.annotations import PhoenixAnnotations
from adapters.phoenix.connection import Phoenix, PhoenixUnavailable
from adapters.phoenix.projects import PhoenixProjects, project_of, tenant_in
from adapters.phoenix.span_annotation import NAME
from adapters.phoenix.spans import PhoenixSpans, Span
from processors.annotation import AnnotationStorage
from processors.spans import PhoenixSpanEvaluator, annotation_of, label_row
from signalbox.events import Annotation, Entity, moment_at
from tests.integration.phoenix_support import eventually, phoenix_server

pytestmark = pytest.mark.integration

NAMES = ("signalbox.routing",)
NOW_S = float(int(time.time()))


def send(phoenix: Phoenix, tenant: str, starts_s: list[float], **attributes: Any) -> list[str]:
    """Spans that began then, in the tenant's project; their ids."""
    ids = [uuid4().hex[:16] for _ in starts_s]
    told = {"routing.query": "where?", "routing.chosen_agent": "video", "routing.confidence": 0.4} | attributes
    spans = [
        {
            "name": "signalbox.routing",
            "context": {"trace_id": uuid4().hex, "span_id": span_id},
            "span_kind": "CHAIN",
            "start_time": datetime.fromtimestamp(start_s, UTC).isoformat(),
            "end_time": datetime.fromtimestamp(start_s + 0.5, UTC).isoformat(),
            "status_code": "OK",
            "attributes": told,
        }
        for span_id, start_s in zip(ids, starts_s, strict=True)
    ]
    phoenix.client.spans.log_spans(project_identifier=project_of(tenant), spans=spans)  # type: ignore[arg-type]
    eventually(lambda: {span.span_id for span in read(phoenix, tenant)} >= set(ids))
    return ids


def read(phoenix: Phoenix, tenant: str, page: int = 500, since_s: float = NOW_S - 1e6) -> list[Span]:
    pages = PhoenixSpans(phoenix, page).read(project_of(tenant), NAMES, since_s, NOW_S + 1e4)
    return [span for found in pages for span in found]


def ask(phoenix: Phoenix, query: str, **variables: Any) -> Any:
    """What GraphQL answers, which is what Phoenix's pages speak."""
    answer = phoenix.post("/graphql", {"query": query, "variables": variables})
    assert answer is not None
    assert "errors" not in answer, answer
    (found,) = answer["data"].values()
    return found


@pytest.fixture
def server(phoenix: str) -> Iterator[Phoenix]:
    connection = Phoenix(phoenix)
    yield connection
    connection.close()


@pytest.fixture
def tenant() -> str:
    return f"t{uuid4().hex[:8]}"


def test_every_span_comes_once_in_the_order_of_time_in_small_pages(server: Phoenix, tenant: str) -> None:
    # Two begin at the same moment: a cursor that were only a time would lose one at a page's end.
    sent = send(server, tenant, [NOW_S - 10.0 * (i // 2) for i in range(11)])
    found = read(server, tenant, page=3)
    assert sorted(span.span_id for span in found) == sorted(sent)
    assert [span.start_s for span in found] == sorted(span.start_s for span in found)


def test_what_arrives_between_two_pages_shifts_none(server: Phoenix, tenant: str) -> None:
    before = send(server, tenant, [NOW_S - 100.0 + i for i in range(6)])
    pages = PhoenixSpans(server, 2).read(project_of(tenant), NAMES, NOW_S - 1e6, NOW_S + 1e4)
    found = [span.span_id for span in next(pages)]
    late = send(server, tenant, [NOW_S - 500.0, NOW_S])
    found += [span.span_id for page in pages for span in page]
    assert found == [*before, late[1]]
    assert next(span.span_id for span in read(server, tenant)) == late[0]


def test_attributes_keep_their_types(server: Phoenix, tenant: str) -> None:
    send(server, tenant, [NOW_S], **{"routing.candidate_agents": ["video", "text"], "agent.success": False})
    (span,) = read(server, tenant)
    assert span.attributes["routing.confidence"] == 0.4
    assert span.attributes["agent.success"] is False
    assert span.attributes["routing.candidate_agents"] == ["video", "text"]
    assert (span.status, span.latency_s) == ("OK", 0.5)


def test_what_was_nested_is_read_out_of_its_parts(server: Phoenix, tenant: str) -> None:
    context = {"entities": [{"text": "Curie", "label": "person"}, {"text": "radium"}], "enhanced_query": "e"}
    send(server, tenant, [NOW_S], **{"routing.context": context, "routing.candidate_agents": ["video", "text"]})
    found = PhoenixSpanEvaluator(tenant, NAMES).evaluate(read(server, tenant), frozenset())
    (decision,) = found.decisions
    assert decision.entities == (Entity(text="Curie", label="person"), Entity(text="radium"))
    assert (decision.enhanced_query, decision.candidate_agents) == ("e", ("video", "text"))


def test_two_tenants_are_two_projects_and_are_found_by_name(server: Phoenix, tenant: str) -> None:
    other = f"{tenant}-b"
    one, two = send(server, tenant, [NOW_S]), send(server, other, [NOW_S])
    assert [span.span_id for span in read(server, tenant)] == one
    assert [span.span_id for span in read(server, other)] == two
    found = {tenant_in(name) for name in PhoenixProjects(server).names()}
    assert {tenant, other} <= found
    assert tenant_in("default") is None


def test_a_project_that_does_not_exist_has_nothing_and_a_server_that_is_away_says_so(server: Phoenix) -> None:
    assert read(server, "nobody") == []
    assert PhoenixAnnotations(server).since(project_of("nobody"), None)[0] == []
    away = Phoenix("http://127.0.0.1:9", timeout_s=2.0)
    with pytest.raises(PhoenixUnavailable, match=r"Phoenix at http://127.0.0.1:9: ConnectError"):
        read(away, "nobody")


def test_a_label_of_a_person_on_an_old_span_is_found(server: Phoenix, tenant: str) -> None:
    old, _ = send(server, tenant, [NOW_S - 900_000.0, NOW_S])
    annotations = PhoenixAnnotations(server)
    found, watermark_s = annotations.since(project_of(tenant), None)
    assert found == []
    server.client.spans.add_span_annotation(
        span_id=old,
        annotation_name=NAME,
        annotator_kind="HUMAN",
        label="wrong",
        explanation="agent: text",
        identifier="alice",
        sync=True,
    )
    (found,), watermark_s = annotations.since(project_of(tenant), watermark_s)
    told = annotation_of(found, tenant)
    assert (told.decision_id, told.annotator, told.suggested_agent) == (f"span/{old}", "alice", "text")
    assert told.decided_at == moment_at(NOW_S - 900_000.0)
    (again,), _ = annotations.since(project_of(tenant), watermark_s)
    assert annotation_of(again, tenant) == told
    assert annotations.since(project_of(tenant), found.updated_s + 1.0)[0] == []


def test_a_models_label_is_stored_with_all_it_says_and_is_no_persons(server: Phoenix, tenant: str) -> None:
    (span_id,) = send(server, tenant, [NOW_S])
    label = Annotation(
        tenant_id=tenant,
        occurred_at=moment_at(NOW_S),
        decision_id=f"span/{span_id}",
        annotator="llm:judge",
        kind="llm",
        label="wrong_routing",
        confidence=0.7,
        reasoning="It asks for a text.",
        suggested_agent="text",
    )
    annotations = PhoenixAnnotations(server)
    unknown = label_row(label, "f" * 16)
    assert annotations.store([label_row(label, span_id), unknown]) == ["f" * 16]
    (stored,) = annotations.read(project_of(tenant))
    assert (stored.label, stored.kind, stored.score) == ("wrong_routing", "LLM", pytest.approx(0.12))
    back = annotation_of(stored, tenant)
    assert (back.confidence, back.reasoning, back.suggested_agent) == (0.7, "It asks for a text.", "text")
    assert annotations.since(project_of(tenant), None)[0] == []


def test_what_a_person_writes_over_a_models_label_in_phoenixs_pages_is_the_persons(
    server: Phoenix, tenant: str
) -> None:
    changed, untouched = send(server, tenant, [NOW_S, NOW_S])
    annotations = PhoenixAnnotations(server)
    storage = AnnotationStorage(annotations, tenant, project_of(tenant))
    label = {"tenant_id": tenant, "annotator": "llm:judge", "kind": "llm", "label": "wrong_routing"}
    model = Annotation(occurred_at=moment_at(NOW_S), decision_id="d1", suggested_agent="text", **label)  # type: ignore[arg-type]
    assert storage.put([(model, changed), (model, untouched)]) == []
    (node,) = ask(server, f'query {{ getSpanByOtelId(spanId: "{changed}") {{ spanAnnotations {{ id }} }} }}')[
        "spanAnnotations"
    ]
    # This is what the pages do where a label is edited.
    ask(
        server,
        """mutation ($id: ID!) { patchSpanAnnotations(input: [{annotationId: $id, label: "correct",
        annotatorKind: HUMAN, source: APP}]) { spanAnnotations { id } } }""",
        id=node["id"],
    )
    (found,), _ = annotations.since(project_of(tenant), None)
    told = annotation_of(found, tenant)
    assert (told.annotator, told.kind, told.label) == ("phoenix", "human", "correct_routing")
    assert (told.suggested_agent, told.decision_id) == (None, f"span/{changed}")
    assert storage.put([(model, changed)]) == []
    assert [each.kind for each in storage.labels([changed])] == ["human"]
    approved = storage.approve(untouched, "llm:judge", "alice", moment_at(NOW_S + 60.0))
    assert approved is not None
    assert list(storage.labels([untouched])) == [approved]
    (row,) = annotations.read(project_of(tenant), [untouched])
    assert row.metadata["supersedes"]["label"] == "wrong_routing"
    assert storage.statistics()["reviewed"] == 2
    unknown = [f"{i:016x}" for i in range(500)]
    assert len(list(annotations.read(project_of(tenant), [*unknown, changed, untouched]))) == 2


@pytest.mark.slow
def test_nothing_is_lost_where_the_server_is_killed_and_comes_back(tmp_path: Path, tenant: str) -> None:
    with phoenix_server(tmp_path) as url:
        sent = send(Phoenix(url), tenant, [NOW_S - 5.0])
    with pytest.raises(PhoenixUnavailable):
        read(Phoenix(url), tenant)
    with phoenix_server(tmp_path) as url:
        back = Phoenix(url)
        sent += send(back, tenant, [NOW_S])
        assert [span.span_id for span in read(back, tenant)] == sent
