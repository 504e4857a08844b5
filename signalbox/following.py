"""Follows one slot of `policy-updated`: what is verified is swapped in atomically and kept on disk."""

from __future__ import annotations

import logging
import time
from abc import abstractmethod
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Generic, Protocol, TypeVar

from signalbox import topics
from signalbox.background import notify
from signalbox.connection import Connection
from signalbox.errors import InvalidEvent
from signalbox.events import PolicyUpdate
from signalbox.in_force import LearnedSlot
from signalbox.opened import Opened
from signalbox.policy_cache import PolicyCache
from signalbox.policy_check import PolicyCheck
from signalbox.policy_feed import PolicyFeed
from signalbox.policy_search import RefusedPolicy, UpdateRecord

logger = logging.getLogger(__name__)

_ADOPTIONS_KEPT = 1000


class Versioned(Protocol):
    """What can be in force: it comes from bytes with a digest, as some version of its slot."""

    @property
    def digest(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102


A = TypeVar("A", bound=Versioned)


class SlotFollower(Opened, Generic[A]):
    """Keeps in force the newest good update of one slot; `_verified` says what its bytes are.

    An update comes into force only if its bytes have the announced SHA-256, its manifest names this tenant and
    scope, and its version is above the one in force; anything else is refused, counted by reason in
    `refused`, and changes nothing. A tombstone empties the slot and is counted in `ended`. `current` may be
    read from any thread. With a `cache_folder` the last good champion is kept on disk and in force at once
    after a restart, also without Kafka.

    `source` is a connection, or a `PolicyFeed` that several followers share (then open and close that).
    `on_swap` is called in the feed's thread after each swap, `on_end` after the slot was emptied.
    """

    def __init__(
        self,
        source: Connection | PolicyFeed,
        check: PolicyCheck,
        topic_prefix: str,
        cache_folder: str | Path | None,
        on_swap: Callable[[A], None] | None,
        on_end: Callable[[LearnedSlot], None] | None,
    ) -> None:
        self._check = check
        self.key = topics.policy_key(check.tenant_id, check.scope, check.slot)
        self.refused: Counter[str] = Counter()
        self.adopted = self.ended = 0
        self._adoption_s: deque[float] = deque(maxlen=_ADOPTIONS_KEPT)
        self._on_swap, self._on_end = on_swap, on_end
        self._ready = Event()
        self._current: A | None = None
        # A canary isn't kept: its trial may have ended while this router was down, and without Kafka nobody
        # would tell. Then the champion decides alone.
        self._cache = (
            PolicyCache(Path(cache_folder), self.key) if cache_folder and check.slot == "champion" else None
        )
        self._restore()
        feed = source if isinstance(source, PolicyFeed) else PolicyFeed(source, topic_prefix)
        self._own_feed = None if feed is source else feed
        feed.follow(self)

    @property
    def current(self) -> A | None:
        """What is in force, or None before the first one."""
        return self._current

    @property
    def publish_to_adopt_s(self) -> tuple[float, ...]:
        """Seconds from an update's record to its swap, for those that were published while we followed."""
        return tuple(self._adoption_s)

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether a policy is in force, after waiting for the first one at most `timeout_s`; blocks."""
        return self._ready.wait(timeout_s)

    def check(self, record: UpdateRecord, *, emptied: bool = False) -> PolicyUpdate | None:
        """The update in a record under this key, None if it is in force already; raises `RefusedPolicy`.

        Its version must be above the one in force, unless the slot was `emptied` in between.
        """
        update = self._check.announced(record.value)
        current = self._current
        if current and (update.version, update.digest) == (current.version, current.digest):
            return None
        if current is None or emptied or update.version > current.version:
            return update
        raise RefusedPolicy("old_version", f"version {update.version}, but {current.version} is in force")

    def adopt(self, update: PolicyUpdate, data: bytes, published_s: float | None) -> None:
        """Put the policy in `data` in force; raises `RefusedPolicy` unless it is what `update` promises."""
        active = self._verified(update, data)
        if self._cache:
            self._cache.write(update, data)
        self._swap(active)
        self.adopted += 1
        if published_s is not None:
            self._adoption_s.append(max(0.0, time.time() - published_s))
        logger.info("%s: policy %s, version %d", self.key.decode(), update.digest[:12], update.version)

    def end(self) -> None:
        """Take the policy out of force, on purpose: the slot was emptied by a tombstone."""
        if self._cache:
            self._cache.remove()
        if self._current is None:
            return
        self._current = None
        self._ready.clear()
        self.ended += 1
        logger.info("%s: ended, no policy is in force here", self.key.decode())
        if self._on_end:
            notify(self._on_end, self._check.slot)

    def refuse(self, refusal: RefusedPolicy) -> None:
        """Count a refusal; what is in force stays in force."""
        self.refused[refusal.reason] += 1
        logger.warning("%s: refused (%s): %s", self.key.decode(), refusal.reason, refusal)

    @abstractmethod
    def _verified(self, update: PolicyUpdate, data: bytes) -> A:
        """What is in `data`, which must be what `update` promises; raises `RefusedPolicy`."""

    def _swap(self, active: A) -> None:
        self._current = active
        if self._on_swap:
            notify(self._on_swap, active)
        self._ready.set()

    def _restore(self) -> None:
        try:
            kept = self._cache.read() if self._cache else None
            if kept:
                self._swap(self._verified(*kept))
        except (RefusedPolicy, InvalidEvent, OSError) as error:
            self.refuse(RefusedPolicy("cache", str(error)))

    def open(self) -> None:
        """Start following; doesn't wait for Kafka."""
        if self._own_feed:
            self._own_feed.open()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop following; the policy in force stays so."""
        if self._own_feed:
            self._own_feed.close(timeout_s)
