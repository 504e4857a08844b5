"""The records of a router that are still to be sent: bounded, counted, never blocking."""

from __future__ import annotations

import logging
from threading import Lock
from typing import NamedTuple

from signalbox.delivery import Delivery, Record

logger = logging.getLogger(__name__)


class PublisherCounts(NamedTuple):
    """Events since the start: acknowledged by Kafka, dropped, and not yet sent."""

    delivered: int
    dropped: int
    waiting: int


class Outbox:
    """At most `limit` records, those in `delivery` included; all but `delivery` is safe from any thread."""

    def __init__(self, limit: int) -> None:
        self.delivery = Delivery()
        self._limit = limit
        self._lock = Lock()
        self._queue: list[Record] = []
        self._dropped = 0
        self._dropping = False
        self._closed = False

    @property
    def counts(self) -> PublisherCounts:
        """What has become of the records so far."""
        with self._lock:
            dropped = self._dropped + self.delivery.refused
            return PublisherCounts(self.delivery.delivered, dropped, self._waiting())

    def put(self, record: Record) -> bool:
        """Take a record; False if it was dropped, because there is no room or the outbox is closed."""
        with self._lock:
            if self._waiting() < self._limit and not self._closed:
                self._queue.append(record)
                self._dropping = False
                return True
            self._dropped += 1
            already, self._dropping = self._dropping, True
        if not already:
            logger.warning("events are being dropped: %s", "closed" if self._closed else "the buffer is full")
        return False

    def hand_over(self) -> Delivery:
        """The delivery, with all that waits; for the thread that sends."""
        with self._lock:
            self.delivery.unconfirmed += self._queue
            self._queue.clear()
        return self.delivery

    def close(self) -> None:
        """Drop what is left and whatever comes."""
        with self._lock:
            self._closed = True
            left = self._waiting()
            self._queue.clear()
            self.delivery.unconfirmed = []
            self._dropped += left
        if left:
            logger.warning("%d events were still unsent when the publisher was closed", left)

    def _waiting(self) -> int:
        return len(self._queue) + len(self.delivery.unconfirmed)
