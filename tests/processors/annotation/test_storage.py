"""Labels beside their spans: what is replaced is kept, and an approval keeps the label."""

from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from adapters.phoenix.span_annotation import SpanAnnotation
from processors.annotation import AnnotationStorage
from signalbox.events import moment_at
from tests.processors.builders import NOON, annotation

SPAN = "00000000000000aa"


class Rows:
    """Keeps rows as Phoenix does: one for a span and an annotator, replaced as a whole."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], SpanAnnotation] = {}

    def store(self, annotations: Sequence[SpanAnnotation]) -> list[str]:
        known = [each for each in annotations if each.span_id != "f" * 16]
        self.rows |= {(each.span_id, each.identifier): each for each in known}
        return [each.span_id for each in annotations if each not in known]

    def read(self, project: str, span_ids: Collection[str] | None = None) -> Iterator[SpanAnnotation]:
        assert project == "signalbox-harbor"
        yield from [each for each in self.rows.values() if span_ids is None or each.span_id in span_ids]


def judged(**fields: object) -> object:
    told = {"annotator": "llm:judge", "kind": "llm", "confidence": 0.4, "reasoning": "Pictures."}
    return annotation(**(told | {"decision_id": f"span/{SPAN}", "suggested_agent": "image"} | fields))


def test_an_approval_keeps_what_the_label_said_and_says_what_it_replaced() -> None:
    rows = Rows()
    storage = AnnotationStorage(rows, "harbor", "signalbox-harbor")
    assert storage.put([(judged(requires_review=True), SPAN), (judged(), "f" * 16)]) == ["f" * 16]
    assert storage.statistics() == {
        "total": 1,
        "by_label": {"wrong_routing": 1},
        "by_kind": {"llm": 1},
        "reviewed": 0,
    }
    told = storage.approve(SPAN, "llm:judge", "alice", moment_at(NOON + 60.0))
    assert told is not None
    assert (told.label, told.confidence, told.suggested_agent) == ("wrong_routing", 0.4, "image")
    assert (told.approved_by, told.requires_review, told.decision_id) == ("alice", False, f"span/{SPAN}")
    (stored,) = storage.labels([SPAN])
    assert (stored.reviewed, stored.reasoning, stored.occurred_at) == (True, "Pictures.", told.occurred_at)
    assert storage.statistics()["reviewed"] == 1
    (row,) = rows.rows.values()
    assert row.metadata["supersedes"]["requires_review"] is True
    assert storage.approve(SPAN, "llm:other", "alice", moment_at(NOON)) is None


def test_a_model_does_not_replace_what_a_person_changed_and_a_person_may() -> None:
    rows = Rows()
    storage = AnnotationStorage(rows, "harbor", "signalbox-harbor")
    storage.put([(judged(), SPAN)])
    ((key, row),) = rows.rows.items()
    rows.rows[key] = replace(row, kind="HUMAN", source="APP", label="correct")
    assert storage.put([(judged(), SPAN)]) == []
    assert rows.rows[key].label == "correct"
    storage.put([(judged(kind="human", annotator="llm:judge"), SPAN)])
    assert rows.rows[key].label == "wrong_routing"


def test_rows_that_say_something_else_are_left_out() -> None:
    rows = Rows()
    rows.store([SpanAnnotation(span_id=SPAN, identifier="x", kind="HUMAN", label="purple")])
    assert list(AnnotationStorage(rows, "harbor", "signalbox-harbor").labels()) == []
