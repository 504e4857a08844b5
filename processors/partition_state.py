"""All state of one partition, how far its event time has come, and what it lets go of as that passes."""

from __future__ import annotations

from processors.cycles.cycles import Cycles
from processors.join import Join
from processors.labels import Labels
from processors.ledger import Ledger
from processors.policies import Policies
from signalbox import topics

LONG_AGO = 0.0


class PartitionState:
    """Join, ledger, and where every topic stands; it survives a crash (see `processors.changelog`)."""

    def __init__(self, number: int, policies: Policies, run: str) -> None:
        self.number = number
        self.policies = policies
        self.run = run
        self.batch = 0
        self.cursors: dict[str, int] = {}
        self.event_s: dict[str, float] = {}
        self.first_offsets: dict[int, int] = {}
        self.former_offsets: dict[int, int] = {}
        self.touched_former = False
        self.experiences_end = 0
        self.experience_batch = 0
        self.join = Join(policies.join)
        self.ledger = Ledger(policies)
        self.labels = Labels(policies.cycles.retention_s)
        self.cycles = Cycles(policies.cycles, self.labels)
        self._oldest_window = 0

    @property
    def now_s(self) -> float:
        """The newest event time of any source topic."""
        return max(self.event_s.values(), default=LONG_AGO)

    def restored(self) -> None:
        """Bring recovered rows into line with the time that has passed; nothing is given out."""
        self.join.restored()
        self._forget()

    def _watermark_s(self) -> float:
        """The event time that decisions and outcomes have reached; a topic that is silent is not waited for."""
        decisions_s = self.event_s.get(topics.ROUTING_DECISION, LONG_AGO)
        outcomes_s = self.event_s.get(topics.ROUTING_OUTCOME, LONG_AGO)
        return max(min(decisions_s, outcomes_s), self.now_s - self.policies.join.silence_s)

    def _forget(self) -> None:
        self.labels.forget()
        self.join.forget(self.now_s)
        self._find_oldest_window()
        oldest = self._oldest_window
        self.ledger.evict(oldest)
        for start in [s for s in self.first_offsets if s < oldest]:
            # A label may come as long as the log keeps its decision; then training must find that.
            self.former_offsets[start] = self.first_offsets.pop(start)
            self.touched_former = True
        if self.touched_former:
            kept_s = oldest - self.policies.cycles.retention_s
            self.former_offsets = {s: offset for s, offset in self.former_offsets.items() if s >= kept_s}

    def _find_oldest_window(self) -> None:
        """The oldest window that is kept, from the newest decision or workflow."""
        policy = self.policies.buffer
        decided_s = self.event_s.get(topics.ROUTING_DECISION, LONG_AGO)
        newest_s = max(decided_s, self.event_s.get(topics.WORKFLOW_EXECUTION, LONG_AGO))
        self._oldest_window = policy.window_of(newest_s) - (policy.windows - 1) * policy.window_s
