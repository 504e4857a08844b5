"""One slot's way from records of `policy-updated` to a policy in force, free of Kafka and of threads."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from signalbox import topics
from signalbox.errors import ArtifactError
from signalbox.events import PolicyUpdate


class RefusedPolicy(ArtifactError):
    """A policy that must not come into force; `reason` is the word that it is counted under."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class UpdateRecord(NamedTuple):
    """A record of `policy-updated`; `published_s` is its time, if it was published while we followed.

    Without a value it is a tombstone, which empties the slot.
    """

    value: bytes | None
    published_s: float | None


class Follower(Protocol):
    """Who wants the policies under one key of `policy-updated`; called in the feed's thread."""

    key: bytes

    def check(self, record: UpdateRecord, *, emptied: bool = False) -> PolicyUpdate | None:
        """The update, or None if it is in force already; raises `RefusedPolicy`.

        `emptied` says that a tombstone came before the record, so that any version may follow.
        """

    def adopt(self, update: PolicyUpdate, data: bytes, published_s: float | None) -> None:
        """Put the policy in force; raises `RefusedPolicy`."""

    def end(self) -> None:
        """Nothing is in force any more."""

    def refuse(self, refusal: RefusedPolicy) -> None:
        """Count a refusal."""


class PolicySearch:
    """The newest update that is not refused, and the chunks found for it so far.

    A refused update doesn't hide an older good one that was not looked at yet; a tombstone does.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._records: list[UpdateRecord] = []
        self._wanted: tuple[UpdateRecord, PolicyUpdate] | None = None
        self._older = 0
        self._chunks: dict[bytes, bytes | None] = {}

    @property
    def is_open(self) -> bool:
        """Whether chunks are wanted."""
        return self._wanted is not None

    def add(self, record: UpdateRecord) -> None:
        """Take the next record under the follower's key; see `begin`."""
        if record.value is None:
            self._close()
        self._records.append(record)

    def begin(self) -> bool:
        """Look at the newest record first; whether chunks of another policy are wanted than before."""
        if not self._records:
            return False
        if self._wanted:
            self._records.insert(self._older, self._wanted[0])
        self._next()
        return self.is_open

    def chunk(self, key: bytes, value: bytes | None) -> None:
        """Take a record of `policy-artifact`; the policy comes into force with its last chunk."""
        if self._wanted is None or value is None:
            return
        if key not in self._chunks:
            return
        self._chunks[key] = value
        found = [chunk for chunk in self._chunks.values() if chunk is not None]
        try:
            self._join(*self._wanted, found)
        except RefusedPolicy as refusal:
            self._follower.refuse(refusal)
            self._next()

    def _join(self, record: UpdateRecord, update: PolicyUpdate, found: list[bytes]) -> None:
        size_bytes = sum(map(len, found))
        if size_bytes > update.size_bytes:
            raise RefusedPolicy("tampered", f"{size_bytes} bytes found, {update.size_bytes} announced")
        if len(found) == update.chunks:
            self._follower.adopt(update, b"".join(found), record.published_s)
            self._close()

    def give_up(self) -> None:
        """The chunks can't be found: count it, and look at the next older record."""
        if self._wanted:
            update = self._wanted[1]
            message = f"the {update.chunks} chunks of {update.digest[:12]} can't be found"
            self._follower.refuse(RefusedPolicy("missing", message))
        self._next()

    def _next(self) -> None:
        self._wanted, self._chunks = None, {}
        while self._records:
            record = self._records.pop()
            if record.value is None:
                self._follower.end()
                continue
            emptied = bool(self._records) and self._records[0].value is None
            try:
                update = self._follower.check(record, emptied=emptied)
            except RefusedPolicy as refusal:
                self._follower.refuse(refusal)
                continue
            if update is None:
                self._close()
            else:
                self._wanted, self._older = (record, update), len(self._records)
                self._chunks = {topics.chunk_key(update.digest, i): None for i in range(update.chunks)}
            return

    def _close(self) -> None:
        self._records, self._wanted, self._chunks = [], None, {}
