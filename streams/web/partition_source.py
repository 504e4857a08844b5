"""What the web pages tell of the partitions that this worker owns."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from faust.types import TP

from processors.cycles.records import Cycle
from processors.partition import SOURCE_TOPICS
from signalbox.errors import Stop
from signalbox.topics import TRAINING_RESULT
from streams.settings import Settings
from streams.web.source import TenantView
from streams.web.tenant_views import tenant_views
from streams.worker.host import PartitionHost
from streams.worker.liveness import Liveness
from streams.worker.transport import end_of, is_in_touch

FOLLOWED = tuple(name for name in SOURCE_TOPICS if name != TRAINING_RESULT)
"""Answers are written in transactions, whose marks count as records: their lag would say nothing."""


class PartitionSource:
    """`Source` of a Faust app and the host of its partitions; `leave` says that the worker is about to stop."""

    def __init__(self, settings: Settings, app: Any, host: PartitionHost, liveness: Liveness) -> None:
        self._settings = settings
        self._app = app
        self._host = host
        self._liveness = liveness
        self._since_s = time.time()
        self._is_leaving = False

    def leave(self) -> None:
        """From now on the worker isn't ready."""
        self._is_leaving = True

    def ill(self) -> str | None:
        """A loop that stood still, or a host that failed."""
        try:
            self._liveness.check()
        except Stop as error:
            return str(error)
        return "a batch could not be written" if self._host.standing == "failed" else None

    def not_ready(self) -> str | None:
        """In the order in which a worker's life goes."""
        if self._is_leaving:
            return "the worker is stopping"
        if self._host.standing != "at work":
            return self.ill() or "partitions are being recovered or handed over"
        if not is_in_touch(self._app.consumer):
            return "Kafka doesn't answer"
        return self.ill()

    def tenants(self) -> Sequence[TenantView]:
        """The tenants whose first or only shard is here."""
        now_s, partitions = time.time(), self._host.partitions.values()
        found = [view for partition in partitions for view in tenant_views(partition, now_s, self._since_s)]
        return sorted(found, key=lambda view: view.tenant_id)

    def batches(self) -> Mapping[int, int]:
        """As every partition's state says."""
        return {number: partition.batch for number, partition in sorted(self._host.partitions.items())}

    def lag(self) -> Mapping[tuple[str, int], int]:
        """From the ends that came with the last fetches."""
        if self.not_ready() is not None:
            return {}
        places = [(topic, number) for topic in FOLLOWED for number in sorted(self._host.partitions)]
        ends = {
            place: end_of(self._app.consumer, TP(self._settings.topic(place[0]), place[1])) for place in places
        }
        return {
            place: max(end - self._host.cursor(*place), 0) for place, end in ends.items() if end is not None
        }

    def dead_letters(self) -> Mapping[str, int]:
        """Since the process began."""
        return self._host.dead_letters

    def intervals_s(self) -> Mapping[Cycle, float]:
        """As the partitions' policy has them."""
        return self._host.policies.cycles.intervals_s
