"""What a partition knows of labels: the newest of every annotator on a decision, while the log keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from models.labels import is_known
from processors.rows import RowLog
from signalbox.events import Annotation, epoch_s
from signalbox.events.annotation import AnnotatorKind, Label

DAY_S = 86_400

Place = tuple[str, int, str]
"""A tenant key, a decision's hash and an annotator."""


class LabelRow(Struct, frozen=True, array_like=True, gc=False):
    """One label; `offset` is its record's on `annotation`, the time is that of the label."""

    tenant_key: str
    decision: int
    annotator: str
    label: Label
    kind: AnnotatorKind
    occurred_s: float
    offset: int
    suggests: bool = False

    @property
    def place(self) -> Place:
        """What a newer one replaces it by."""
        return self.tenant_key, self.decision, self.annotator

    @property
    def says(self) -> bool:
        """Whether it says what came of the decision, or what should have been chosen."""
        return self.suggests or is_known(self.label)


class Labels:
    """The labels of one partition; a repeat, or a label older than the known one, changes nothing."""

    def __init__(self, retention_s: float) -> None:
        self._retention_s = retention_s
        self._newest_s = 0.0
        self._oldest_day = 0
        self._tenants: dict[str, dict[int, dict[str, LabelRow]]] = {}
        self.rows: RowLog[Place] = RowLog("label", self._read)

    def take(self, annotation: Annotation, decision: int, tenant_key: str, offset: int) -> LabelRow | None:
        """Take in a label on `decision` (its hash); None where it says nothing new."""
        row = LabelRow(
            tenant_key,
            decision,
            annotation.annotator,
            annotation.label,
            annotation.kind,
            epoch_s(annotation.occurred_at),
            offset,
            annotation.suggested_agent is not None,
        )
        known = self._find(row.place)
        if known is not None and known.occurred_s >= row.occurred_s:
            return None
        if known is not None and _day(known) != _day(row):
            # Else the older row could come back from its chunk, once the newer one is let go of.
            self.rows.give_up(lambda place: place == row.place)
        self._keep(row)
        self.rows.touch(_day(row), row.place)
        return row

    def of(self, tenant_key: str) -> Iterator[LabelRow]:
        """All labels of a tenant key."""
        for found in self._tenants.get(tenant_key, {}).values():
            yield from found.values()

    def decisions(self, tenant_key: str) -> frozenset[int]:
        """The hashes of the decisions that have a label."""
        return frozenset(self._tenants.get(tenant_key, ()))

    def has(self, tenant_key: str, decision: int) -> bool:
        """Whether anybody has labelled the decision."""
        return decision in self._tenants.get(tenant_key, ())

    def first_offset(self, tenant_key: str) -> int | None:
        """Where on `annotation` the tenant key's labels begin; None where it has none."""
        return min((row.offset for row in self.of(tenant_key)), default=None)

    def forget(self) -> None:
        """Let go of what is older than the log, by the time of the newest label."""
        oldest_day = int(self._newest_s - self._retention_s) // DAY_S
        if oldest_day <= self._oldest_day:
            return
        self._oldest_day = oldest_day
        for row in [row for key in self._tenants for row in self.of(key) if _day(row) < oldest_day]:
            labels = self._tenants[row.tenant_key]
            del labels[row.decision][row.annotator]
            if not labels[row.decision]:
                del labels[row.decision]
            if not labels:
                del self._tenants[row.tenant_key]

    def restore(self, rows: Iterable[Sequence[Any]]) -> list[Place]:
        """Take over rows of the changelog, in the order in which they were written; their places."""
        found = [LabelRow(*row) for row in rows]
        for row in found:
            self._keep(row)
        return [row.place for row in found]

    def _keep(self, row: LabelRow) -> None:
        labels = self._tenants.setdefault(row.tenant_key, {})
        labels.setdefault(row.decision, {})[row.annotator] = row
        self._newest_s = max(self._newest_s, row.occurred_s)

    def _find(self, place: Place) -> LabelRow | None:
        tenant_key, decision, annotator = place
        return self._tenants.get(tenant_key, {}).get(decision, {}).get(annotator)

    def _read(self, day: int, places: Iterable[Place]) -> dict[Place, Any]:
        return {place: row for place in places if (row := self._find(place)) is not None and _day(row) == day}


def _day(row: LabelRow) -> int:
    return int(row.occurred_s) // DAY_S
