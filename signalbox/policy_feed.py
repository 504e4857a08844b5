"""Reads `policy-updated` from its start and, while one is wanted, policies' bytes from `policy-artifact`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from signalbox import topics
from signalbox.background import Background
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError, Retry
from signalbox.opened import Opened
from signalbox.policy_search import Follower, PolicySearch, UpdateRecord

POLL_MS = 100
_RESCAN_S = 1.0
"""Reading goes on where it ended; chunks that don't come so (after a rollback) are sought from the start."""
_GIVE_UP_S = 30.0


class PolicyFeed(Opened):
    """One Kafka consumer in a thread of its own, for any number of followers (tenants, scopes, slots)."""

    def __init__(self, connection: Connection, topic_prefix: str = "") -> None:
        self._options = connection.client_options()
        self._updates = topic_prefix + topics.POLICY_UPDATED
        self._artifacts = topic_prefix + topics.POLICY_ARTIFACT
        self._followers: dict[bytes, Follower] = {}
        self._background = Background("signalbox-policies", self._work)

    def follow(self, follower: Follower) -> None:
        """Serve a follower from the topic's start; one for each key."""
        if follower.key in self._followers:
            raise ConfigurationError(f"policy feed: {follower.key.decode()} is followed already")
        self._followers = {**self._followers, follower.key: follower}

    def open(self) -> None:
        """Start reading; doesn't wait for Kafka."""
        self._background.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop reading."""
        self._background.stop(timeout_s)

    async def _work(self, stopping: asyncio.Event) -> None:
        if stopping.is_set():
            return
        consumer = AIOKafkaConsumer(
            self._updates,
            self._artifacts,
            **self._options,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=POLL_MS,
        )
        try:
            await consumer.start()
            await _Reading(consumer, self._updates, self._artifacts, self._followers).run(stopping, self)
        finally:
            await consumer.stop()

    def followers_changed(self, served: dict[bytes, Follower]) -> bool:
        """Whether a follower came after `served` was taken."""
        return served is not self._followers


class _Reading:
    """What is known between two starts of the consumer."""

    def __init__(
        self, consumer: AIOKafkaConsumer, updates: str, artifacts: str, followers: dict[bytes, Follower]
    ) -> None:
        self._consumer = consumer
        self._followers = followers
        self._searches = {key: PolicySearch(follower) for key, follower in followers.items()}
        self._assigned = consumer.assignment()
        self._updates = [tp for tp in self._assigned if tp.topic == updates]
        self._artifacts = [tp for tp in self._assigned if tp.topic == artifacts]
        self._history_ends: dict[TopicPartition, int] = {}
        self._wanted_since: float | None = None
        self._progress_at = 0.0

    async def run(self, stopping: asyncio.Event, feed: PolicyFeed) -> None:
        """Read until `stopping`; raises `Retry` where everything has to be read anew."""
        self._consumer.pause(*self._artifacts)
        self._history_ends = await self._consumer.end_offsets(self._updates)
        while not stopping.is_set():
            if feed.followers_changed(self._followers) or self._consumer.assignment() != self._assigned:
                raise Retry("another follower or partition has come")
            batch = await self._consumer.getmany(timeout_ms=POLL_MS)
            for tp, records in batch.items():
                if tp in self._artifacts:
                    self._take_chunks(records)
                else:
                    self._take_updates(tp, records)
            if not self._history_ends or await self._history_is_read():
                self._begin()
            await self._seek_chunks()

    def _take_updates(self, tp: TopicPartition, records: Iterable[ConsumerRecord]) -> None:
        end = self._history_ends.get(tp, 0)
        for record in records:
            search = self._searches.get(record.key or b"")
            if search:
                news = record.timestamp / 1000 if record.offset >= end else None
                search.add(UpdateRecord(record.value, news))

    def _take_chunks(self, records: Iterable[ConsumerRecord]) -> None:
        self._progress_at = time.monotonic()
        for record in records:
            for search in self._searches.values():
                search.chunk(record.key or b"", record.value)

    async def _history_is_read(self) -> bool:
        # Only then is the newest update known, and older ones needn't be fetched.
        for tp, end in self._history_ends.items():
            if await self._consumer.position(tp) < end:
                return False
        self._history_ends = {}
        return True

    def _begin(self) -> None:
        begun = [search.begin() for search in self._searches.values()]
        if any(begun):
            self._wanted_since = self._progress_at = time.monotonic()
            self._consumer.resume(*self._artifacts)

    async def _seek_chunks(self) -> None:
        if self._wanted_since is None:
            return
        wanting = [search for search in self._searches.values() if search.is_open]
        now = time.monotonic()
        if wanting and now - self._wanted_since > _GIVE_UP_S and now - self._progress_at > _RESCAN_S:
            for search in wanting:
                search.give_up()
            self._wanted_since = now
        elif wanting and now - self._progress_at > _RESCAN_S:
            self._progress_at = now
            await self._consumer.seek_to_beginning(*self._artifacts)
        elif not wanting:
            self._wanted_since = None
            self._consumer.pause(*self._artifacts)
