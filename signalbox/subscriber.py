"""Keeps the policy in force in one slot: verified, swapped in atomically, kept on disk."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

import msgspec

from signalbox import topics
from signalbox.background import Opened
from signalbox.connection import Connection
from signalbox.errors import ArtifactError, ConfigurationError, InvalidEvent
from signalbox.events import PolicyUpdate, decode
from signalbox.events.fields import Scope, TenantId
from signalbox.policy import Policy, digest_of
from signalbox.policy_cache import PolicyCache
from signalbox.policy_feed import PolicyFeed
from signalbox.policy_search import RefusedPolicy, UpdateRecord

logger = logging.getLogger(__name__)

MAX_POLICY_BYTES = 256 * 1024 * 1024
MAX_CHUNKS = 4096
"""An update that announces more than these is refused before anything is read."""
_ADOPTIONS_KEPT = 1000

LearnedSlot = Literal["champion", "canary"]


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """A policy in force and where it comes from; `version` rises with every update of its slot."""

    policy: Policy
    digest: str
    version: int
    slot: LearnedSlot


class PolicySubscriber(Opened):
    """Follows the policy of (`tenant_id`, `scope`, `slot`); `current` may be read from any thread.

    A policy comes into force only if its bytes have the announced SHA-256, its manifest names this tenant and
    scope, and its version is above the one in force; anything else is refused, counted by reason in
    `refused`, and changes nothing. With a `cache_folder` the last good policy is kept on disk and in force at
    once after a restart, also without Kafka.

    `source` is a connection, or a `PolicyFeed` that several subscribers share (then open and close that).
    `on_swap` is called in the feed's thread after each swap.
    """

    def __init__(
        self,
        source: Connection | PolicyFeed,
        tenant_id: str,
        scope: str = "routing",
        topic_prefix: str = "",
        *,
        cache_folder: str | Path | None = None,
        on_swap: Callable[[ActivePolicy], None] | None = None,
        slot: LearnedSlot = "champion",
    ) -> None:
        self.tenant_id, self.scope, self.slot = (
            _checked("tenant_id", tenant_id),
            _checked("scope", scope),
            slot,
        )
        self.key = topics.policy_key(tenant_id, scope, slot)
        self.refused: Counter[str] = Counter()
        self.adopted = 0
        self._adoption_s: deque[float] = deque(maxlen=_ADOPTIONS_KEPT)
        self._on_swap = on_swap
        self._ready = Event()
        self._current: ActivePolicy | None = None
        self._cache = PolicyCache(Path(cache_folder), self.key) if cache_folder else None
        self._restore()
        feed = source if isinstance(source, PolicyFeed) else PolicyFeed(source, topic_prefix)
        self._own_feed = None if feed is source else feed
        feed.follow(self)

    @property
    def current(self) -> ActivePolicy | None:
        """The policy in force, or None before the first one."""
        return self._current

    @property
    def publish_to_adopt_s(self) -> tuple[float, ...]:
        """Seconds from an update's record to its swap, for those that were published while we followed."""
        return tuple(self._adoption_s)

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether a policy is in force, after waiting for the first one at most `timeout_s`; blocks."""
        return self._ready.wait(timeout_s)

    def check(self, record: UpdateRecord) -> PolicyUpdate | None:
        """The update in a record under this key, None if it is in force already; raises `RefusedPolicy`."""
        try:
            update = decode(PolicyUpdate, record.value)
        except InvalidEvent as error:
            raise RefusedPolicy("invalid", str(error)) from None
        self._check_addressee(update)
        if update.size_bytes > MAX_POLICY_BYTES or update.chunks > MAX_CHUNKS:
            raise RefusedPolicy("too_large", f"{update.size_bytes} bytes in {update.chunks} chunks")
        current = self._current
        if current is None or update.version > current.version:
            return update
        if (update.version, update.digest) == (current.version, current.digest):
            return None
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

    def refuse(self, refusal: RefusedPolicy) -> None:
        """Count a refusal; what is in force stays in force."""
        self.refused[refusal.reason] += 1
        logger.warning("%s: refused (%s): %s", self.key.decode(), refusal.reason, refusal)

    def _check_addressee(self, update: PolicyUpdate) -> None:
        if (update.tenant_id, update.scope, update.slot) != (self.tenant_id, self.scope, self.slot):
            raise RefusedPolicy("foreign", f"it is for {update.tenant_id}/{update.scope}/{update.slot}")

    def _verified(self, update: PolicyUpdate, data: bytes) -> ActivePolicy:
        if digest_of(data) != update.digest:
            raise RefusedPolicy("tampered", f"{len(data)} bytes don't have the digest {update.digest[:12]}")
        try:
            policy = Policy.load(data)
        except ArtifactError as error:
            raise RefusedPolicy("unusable", str(error)) from None
        manifest = policy.manifest
        if (manifest.tenant_id, manifest.scope) != (self.tenant_id, self.scope):
            raise RefusedPolicy("foreign", f"its manifest is for {manifest.tenant_id}/{manifest.scope}")
        return ActivePolicy(policy, update.digest, update.version, self.slot)

    def _swap(self, active: ActivePolicy) -> None:
        self._current = active
        self._ready.set()
        if self._on_swap:
            try:
                self._on_swap(active)
            except Exception:  # the router's own code; its failure must not end the feed
                logger.exception("on_swap failed")

    def _restore(self) -> None:
        try:
            kept = self._cache.read() if self._cache else None
            if kept:
                self._check_addressee(kept[0])
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


_FIELDS = {"tenant_id": TenantId, "scope": Scope}


def _checked(name: str, value: str) -> str:
    try:
        return msgspec.convert(value, _FIELDS[name], strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {error}, got {value!r}") from None
