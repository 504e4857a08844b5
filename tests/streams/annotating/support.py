"""Requests and labels, and a person's keys, for tests of labelling."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.errors import KafkaTimeoutError

from signalbox.events import Annotation, AnnotationRequest, Signals
from streams.annotating.backlog import Backlog
from streams.annotating.keys import END

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
AGENTS = ("video_search", "summarizer", "report")


def request(decision_id: str = "d-1", due_h: float = 4, **fields: Any) -> AnnotationRequest:
    """A request made now for a decision of ten minutes ago."""
    given = {
        "tenant_id": "acme",
        "occurred_at": NOW,
        "due_at": NOW + timedelta(hours=due_h),
        "priority": "high",
        "reason": "very unsure, confidence 0.21",
        "query": "Summarise the lecture",
        "confidence": 0.21,
        "reward": 0.12,
        "outcome": Signals(agent_success=False, search_quality=0.2, error_class="Timeout"),
        "decided_at": NOW - timedelta(minutes=10),
        "chosen_agent": AGENTS[0],
        "candidate_agents": AGENTS,
    } | fields
    return AnnotationRequest(decision_id=decision_id, **given)


def model_label(decision_id: str = "d-1", **fields: Any) -> Annotation:
    """A label by a language model."""
    given = {
        "tenant_id": "acme",
        "occurred_at": NOW,
        "annotator": "offline-rules",
        "kind": "llm",
        "label": "wrong_routing",
        "confidence": 0.8,
        "reasoning": "It asks for a summary.",
        "suggested_agent": "summarizer",
        "requires_review": True,
    } | fields
    return Annotation(decision_id=decision_id, **given)


class Topics:
    """Both topics as one list; the next `failing` labels are not acknowledged."""

    def __init__(self, events: Iterable[AnnotationRequest | Annotation]) -> None:
        self.events = list(events)
        self.published: list[Annotation] = []
        self.failing = 0

    async def refresh(self) -> Backlog:
        backlog = Backlog()
        for event in self.events:
            backlog.add(event)
        return backlog

    async def publish(self, label: Annotation) -> None:
        if self.failing:
            self.failing -= 1
            raise KafkaTimeoutError("no broker")
        self.events.append(label)
        self.published.append(label)


class Typed:
    """Keys that were decided on before; an item of several characters is a line."""

    def __init__(self, *keys: str, is_terminal: bool = True) -> None:
        self.keys, self.is_terminal = list(keys), is_terminal

    async def key(self) -> str:
        return self.keys.pop(0) if self.keys else END

    async def line(self) -> str | None:
        return self.keys.pop(0) if self.keys else None

    def forget(self) -> None:
        """Nothing is typed ahead here."""
