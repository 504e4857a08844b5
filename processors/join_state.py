"""What waits in the join, until when, and how it survives a crash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from processors.rows import RowLog
from processors.seen import BUCKET_S, SeenDecisions
from processors.waiting import Part, Parts, Waiting

EXPIRED_PER_BATCH = 5000
"""At most so many decisions are looked at per batch when their time is over, so that no batch takes long."""


@dataclass(frozen=True)
class JoinPolicy:
    """Times are seconds of event time; without a `default_reward`, a decision without outcome is skipped."""

    window_s: int = 600
    remember_s: int = 86_400
    default_reward: float | None = None

    @property
    def silence_s(self) -> int:
        """A source topic this far behind the other is taken for silent and no longer waited for."""
        return 6 * self.window_s


class JoinState:
    """The rows of one partition's join; every one that must survive a crash is in one of the row logs."""

    def __init__(self, policy: JoinPolicy) -> None:
        self.policy = policy
        self.waiting: dict[int, Waiting] = {}
        self.outcomes: dict[int, Parts] = {}
        self.settled: dict[int, float] = {}
        self.seen = SeenDecisions(policy.window_s)
        self.expired_until_s = 0.0
        self.refused: list[Part] = []
        self._due_after_s = policy.window_s + 1
        self._due: dict[int, list[int]] = {}
        self._due_order: list[int] = []
        self._known_after_s = 0.0
        self.waiting_rows: RowLog[int] = RowLog(
            "waiting",
            lambda _, hashes: {h: row for h in hashes if (row := self.waiting.get(h)) is not None},
            lambda _, hashes: list(filter(self.waiting.__contains__, hashes)),
        )
        self.outcome_rows: RowLog[int] = RowLog(
            "outcome",
            self._read_outcomes,
            lambda _, hashes: list(filter(self.outcomes.__contains__, hashes)),
        )
        self.settled_rows: RowLog[int] = RowLog(
            "settled",
            lambda _, hashes: {h: (h, s) for h in hashes if (s := self.settled.get(h)) is not None},
            lambda _, hashes: list(filter(self.settled.__contains__, hashes)),
        )
        self.seen_rows: RowLog[int] = RowLog(
            "seen",
            lambda bucket, hashes: {h: h for h in hashes} if self._remembers(bucket) else {},
            lambda bucket, hashes: hashes if self._remembers(bucket) else (),
            hashes_only=True,
        )

    def expire(self, watermark_s: float) -> tuple[list[Waiting], list[Part]]:
        """Let go of what the watermark has passed: decisions without outcome, outcomes without decision."""
        never: list[Waiting] = []
        orphans: list[Part] = []
        looked_at = 0
        while self._due_order and self._due_order[0] < watermark_s and looked_at < EXPIRED_PER_BATCH:
            second = heappop(self._due_order)
            for identity in sorted(self._due.pop(second)):  # a recovered join gives them in the same order
                occurred_s = self._time_of(identity)
                if occurred_s is None or self._due_at(occurred_s) != second:
                    continue  # an early outcome was filed under its own time, before its decision's was known
                looked_at += 1
                # A late decision's time may be over already; what has expired never comes back.
                self.expired_until_s = max(self.expired_until_s, second)
                waiting = self.waiting.pop(identity, None)
                known = self.outcomes.pop(identity, None)
                self.settled.pop(identity, None)
                if waiting is None and known is not None:
                    orphans += known.parts
                elif waiting is not None and known is None:
                    never.append(waiting)
        return never, orphans

    def forget(self, event_s: float) -> None:
        """Forget decisions older than the memory, counted from the newest event time."""
        self._known_after_s = max(self._known_after_s, event_s - self.policy.remember_s)
        self.seen.forget(self._known_after_s)

    def row_logs(self) -> tuple[RowLog[int], ...]:
        """The logs whose chunks make up this state."""
        return self.waiting_rows, self.outcome_rows, self.settled_rows, self.seen_rows

    def restore(self, kind: str, tag: int, rows: list[Any]) -> list[int]:
        """Take in a recovered chunk, older ones first; the ids of its rows."""
        if kind == "seen":
            self.seen.extend(rows, tag)
            return rows
        for row in rows:
            if kind == "waiting":
                self.waiting[row[0]] = Waiting(*row)
            elif kind == "outcome":
                identity, occurred_s, revision, parts = row
                self.outcomes[identity] = Parts(occurred_s, revision, tuple(Part(*p) for p in parts))
            else:
                self.settled[row[0]] = row[1]
        return [row[0] for row in rows]

    def restored(self) -> None:
        """Let go of recovered rows that had died: what is expired or, because it is settled, no longer waits.

        An outcome's row has its decision's time once they met. One with another time, or whose decision was
        seen and doesn't wait, is an old copy.
        """
        settled = self.settled = {i: s for i, s in self.settled.items() if self._lives(s)}
        waiting = self.waiting = {
            i: w for i, w in self.waiting.items() if i not in settled and self._lives(w.occurred_s)
        }
        self.outcomes = {
            i: known
            for i, known in self.outcomes.items()
            if i not in settled
            and self._lives(known.occurred_s)
            and (
                known.occurred_s == waiting[i].occurred_s
                if i in waiting
                else not self.seen.contains(i, known.occurred_s)
            )
        }
        for identity in {*self.waiting, *self.outcomes, *self.settled}:
            occurred_s = self._time_of(identity)
            if occurred_s is not None:
                self._note_due(identity, occurred_s)

    def _wait(self, waiting: Waiting) -> None:
        if waiting.hash not in self.waiting:
            self._note_due(waiting.hash, waiting.occurred_s)
        self.waiting[waiting.hash] = waiting
        self.waiting_rows.touch(0, waiting.hash)

    def _note_due(self, identity: int, occurred_s: float) -> None:
        second = int(occurred_s) + self._due_after_s
        identities = self._due.get(second)
        if identities is None:
            self._due[second] = [identity]
            heappush(self._due_order, second)
        else:
            identities.append(identity)

    def _due_at(self, occurred_s: float) -> int:
        """The whole second of event time at which a decision of `occurred_s` stops waiting."""
        return int(occurred_s) + self._due_after_s

    def _lives(self, occurred_s: float) -> bool:
        return self._due_at(occurred_s) > self.expired_until_s

    def _time_of(self, identity: int) -> float | None:
        waiting = self.waiting.get(identity)
        if waiting is not None:
            return waiting.occurred_s
        settled_s = self.settled.get(identity)
        if settled_s is not None:
            return settled_s
        known = self.outcomes.get(identity)
        return None if known is None else known.occurred_s

    def _read_outcomes(self, _: int, hashes: Iterable[int]) -> dict[int, Any]:
        return {
            h: (h, known.occurred_s, known.revision, known.parts)
            for h in hashes
            if (known := self.outcomes.get(h)) is not None
        }

    def _remembers(self, bucket: int) -> bool:
        return (bucket + 1) * BUCKET_S > self._known_after_s
