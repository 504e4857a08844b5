"""Batch mode with the gate: the service's own triggers, screens and trials."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.drift.service import TRIGGERS, Service
from benchmarks.learning.batch_mode import EVERY, BatchRun
from benchmarks.learning.streams import Stream
from models.configuration import TrainingConfiguration


class GatedLoop:
    """A candidate comes into force by the screen, on what was held out, or by a trial."""

    def __init__(
        self, stream: Stream, seed: int, configuration: TrainingConfiguration, every: int = EVERY
    ) -> None:
        self._service = Service(stream, seed, configuration, replace(TRIGGERS, update_frequency=every))

    def run(self) -> BatchRun:
        """One pass over the stream, then its test queries."""
        router = self._service.router
        count = len(router.stream)
        for _ in range(count):
            self._service.decide_next()
        return BatchRun(
            progressive=router.earned / count,
            greedy=router.tested(),
            promotions=self._service.promotions,
            trials=self._service.trials,
        )
