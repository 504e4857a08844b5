"""Keeps the policy in force in one slot: verified, swapped in atomically, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from signalbox.connection import Connection
from signalbox.events import PolicyUpdate
from signalbox.following import SlotFollower
from signalbox.in_force import ActivePolicy, LearnedSlot
from signalbox.names import checked_scope, checked_tenant
from signalbox.policy_check import PolicyCheck
from signalbox.policy_feed import PolicyFeed


class PolicySubscriber(SlotFollower[ActivePolicy]):
    """Follows the policy of (`tenant_id`, `scope`, `slot`); see `SlotFollower` for what may come into force.

    After a tombstone the baseline (or, for a canary, the champion) decides again.
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
        on_end: Callable[[LearnedSlot], None] | None = None,
        slot: LearnedSlot = "champion",
    ) -> None:
        check = PolicyCheck(checked_tenant(tenant_id), checked_scope(scope), slot)
        super().__init__(source, check, topic_prefix, cache_folder, on_swap, on_end)

    def _verified(self, update: PolicyUpdate, data: bytes) -> ActivePolicy:
        return self._check.verified(update, data)
