"""What an optimiser needs where the service on Kafka learns: a publisher that also keeps count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from signalbox.events import RoutingDecision, RoutingOutcome
from signalbox.router import EventSink
from streams.optimizers.experience_log import NEWEST, ExperienceLog
from streams.optimizers.stream import LocalStream
from streams.settings import Settings
from streams.worker.policies import policies_from


class CountedPublisher:
    """Publishes for the workers to learn from, and applies the same events here, for the metrics alone."""

    def __init__(
        self, publisher: EventSink, settings: Settings, tenant_id: str, clock: Callable[[], datetime]
    ) -> None:
        policies = policies_from(settings)
        window = replace(policies.buffer, windows=1)
        self._publisher = publisher
        self.stream = LocalStream(
            tenant_id, replace(policies, buffer=window), clock, experiences=ExperienceLog(most=NEWEST)
        )

    def publish_decision(self, decision: RoutingDecision) -> bool:
        """Take a decision; False if it was dropped."""
        taken = self._publisher.publish_decision(decision)
        self.stream.publish_decision(decision)
        return taken

    def knows(self, decision_id: str) -> bool:
        """Whether the decision was published through this object, not long ago."""
        return self.stream.knows(decision_id)

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        """Take an outcome; False if it was dropped."""
        taken = self._publisher.publish_outcome(outcome)
        self.stream.publish_outcome(outcome)
        return taken
