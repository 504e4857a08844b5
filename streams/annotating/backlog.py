"""What waits for a person's label, of all tenants or of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from models.labels import newest_annotations
from processors.annotation.priority import RANK
from processors.annotation.queue import Waiting, ordered
from signalbox.errors import ConfigurationError
from signalbox.events import Annotation, AnnotationRequest
from signalbox.events.annotation import Priority
from signalbox.events.fields import Event

Place = tuple[str, str]
"""A tenant and a decision's id."""


@dataclass(frozen=True)
class Wanted:
    """Which of the requests to show; `unlabelled`: only those that no model has labelled either."""

    priority: Priority | None = None
    unlabelled: bool = False

    def open_of(self, waiting: Iterable[Waiting]) -> list[Waiting]:
        """Those that no person has answered, in their order. After its deadline a request stays open."""
        return [
            each
            for each in waiting
            if each.status != "completed"
            and self.priority in (None, each.request.priority)
            and not (self.unlabelled and each.labels)
        ]


class Backlog:
    """Requests and labels as they come, in any order; repeats change nothing."""

    def __init__(self) -> None:
        self._requests: dict[str, dict[str, AnnotationRequest]] = defaultdict(dict)
        self._labels: dict[str, dict[tuple[str, str], Annotation]] = defaultdict(dict)

    def add(self, event: AnnotationRequest | Annotation) -> None:
        """Take in an event; of a decision's requests and of an annotator's labels on it, the newest counts."""
        if isinstance(event, AnnotationRequest):
            requests = self._requests[event.tenant_id]
            if _is_newer(event, requests.get(event.decision_id)):
                requests[event.decision_id] = event
            return
        labels, place = self._labels[event.tenant_id], (event.decision_id, event.annotator)
        if _is_newer(event, labels.get(place)):
            labels[place] = event

    def waiting(self, now_s: float) -> list[Waiting]:
        """Every request: by priority, then by deadline, then by what its label would teach."""
        found = [
            each
            for tenant_id, requests in sorted(self._requests.items())
            for each in ordered(requests.values(), self._labels[tenant_id].values(), now_s)
        ]
        return sorted(found, key=lambda each: (RANK[each.request.priority], each.request.due_at))

    def labels_on(self, decision_id: str) -> list[Annotation]:
        """A decision's labels, weightiest first; raises `ConfigurationError` where tenants share its id."""
        found = [
            labels[decision_id]
            for known in self._labels.values()
            if decision_id in (labels := newest_annotations(known.values()))
        ]
        if len(found) > 1:
            raise ConfigurationError(f"several tenants have a decision {decision_id!r}: --tenant says which")
        return found[0] if found else []

    def check_name(self, name: str) -> None:
        """Raise `ConfigurationError` where a person has a model's name: one's labels would hide the other's."""
        for labels in self._labels.values():
            if any(each.annotator == name and each.kind != "human" for each in labels.values()):
                raise ConfigurationError(f"--as {name!r} is the name of an annotator that is not a person")


def place_of(waiting: Waiting) -> Place:
    """Which decision it is about."""
    return waiting.request.tenant_id, waiting.request.decision_id


def _is_newer(event: Event, known: Event | None) -> bool:
    return known is None or event.occurred_at >= known.occurred_at
