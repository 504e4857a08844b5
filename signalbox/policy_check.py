"""What a policy must be before it may come into force: meant for this slot, whole, and usable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from signalbox.errors import ArtifactError, InvalidEvent
from signalbox.events import PolicyUpdate, decode
from signalbox.in_force import ActivePolicy, LearnedSlot
from signalbox.policy import Manifest, Policy, digest_of
from signalbox.policy_search import RefusedPolicy

MAX_POLICY_BYTES = 256 * 1024 * 1024
MAX_CHUNKS = 4096
"""An update that announces more than these is refused before anything is read."""


class Described(Protocol):
    """What an artifact is loaded as."""

    @property
    def manifest(self) -> Manifest | None: ...  # noqa: D102


L = TypeVar("L", bound=Described)


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """The checks for one slot; each raises `RefusedPolicy`."""

    tenant_id: str
    scope: str
    slot: LearnedSlot

    def announced(self, value: bytes | None) -> PolicyUpdate:
        """The update in a record's value."""
        try:
            update = decode(PolicyUpdate, value)
        except InvalidEvent as error:
            raise RefusedPolicy("invalid", str(error)) from None
        self._addressee(update)
        if update.size_bytes > MAX_POLICY_BYTES or update.chunks > MAX_CHUNKS:
            raise RefusedPolicy("too_large", f"{update.size_bytes} bytes in {update.chunks} chunks")
        return update

    def verified(self, update: PolicyUpdate, data: bytes) -> ActivePolicy:
        """The policy in `data`, which must be what `update` promises."""
        policy = self.loaded(update, data, Policy.load)
        share = 1.0 if update.share is None else update.share
        return ActivePolicy(policy, update.digest, update.version, self.slot, update.reason, share)

    def loaded(self, update: PolicyUpdate, data: bytes, load: Callable[[bytes], L]) -> L:
        """What `load` makes of `data`, which must be what `update` promises."""
        self._addressee(update)
        if digest_of(data) != update.digest:
            raise RefusedPolicy("tampered", f"{len(data)} bytes don't have the digest {update.digest[:12]}")
        try:
            found = load(data)
        except ArtifactError as error:
            raise RefusedPolicy("unusable", str(error)) from None
        manifest = found.manifest
        if manifest is None or (manifest.tenant_id, manifest.scope) != (self.tenant_id, self.scope):
            place = f"{manifest.tenant_id}/{manifest.scope}" if manifest else "nobody"
            raise RefusedPolicy("foreign", f"its manifest is for {place}")
        return found

    def _addressee(self, update: PolicyUpdate) -> None:
        if (update.tenant_id, update.scope, update.slot) != (self.tenant_id, self.scope, self.slot):
            raise RefusedPolicy("foreign", f"it is for {update.tenant_id}/{update.scope}/{update.slot}")
        tried = update.reason in ("trial", "canary")
        if tried != (self.slot == "canary") or (tried and update.share is None):
            use = f"reason {update.reason!r} with share {update.share}"
            raise RefusedPolicy("invalid", f"{use} can't be in the slot {self.slot}")
