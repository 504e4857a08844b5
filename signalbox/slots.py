"""Everything that a router decides with, from one object: champion, canary and agents' cards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from signalbox.card_feed import CardFeed
from signalbox.combination import Combination
from signalbox.connection import Connection
from signalbox.in_force import ActivePolicy, InForce
from signalbox.opened import Opened
from signalbox.policy_feed import PolicyFeed
from signalbox.subscriber import PolicySubscriber


class PolicySlots(Opened):
    """Follows the champion and the canary of (`tenant_id`, `scope`) and the cards of the tenant's agents.

    `in_force` may be read from any thread: a snapshot that the feeds' threads replace as a whole when one of
    the three changes, its policies already knowing the cards. `champion`, `canary` and `cards` tell what was
    refused. `cache_folder` and `on_swap` are `PolicySubscriber`'s; `on_swap` is called for both slots.

    `feed` is one that several tenants share (then open and close that).
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: str,
        scope: str = "routing",
        topic_prefix: str = "",
        *,
        cache_folder: str | Path | None = None,
        on_swap: Callable[[ActivePolicy], None] | None = None,
        feed: PolicyFeed | None = None,
    ) -> None:
        self._combination = Combination()
        self._on_swap = on_swap
        self._feed = feed or PolicyFeed(connection, topic_prefix)
        self._owns_feed = feed is None
        self.cards = CardFeed(connection, tenant_id, topic_prefix, on_change=self._combination.learn)
        self.champion = PolicySubscriber(
            self._feed,
            tenant_id,
            scope,
            cache_folder=cache_folder,
            on_swap=self._adopt,
            on_end=self._combination.end,
        )
        self.canary = PolicySubscriber(
            self._feed,
            tenant_id,
            scope,
            on_swap=self._adopt,
            on_end=self._combination.end,
            slot="canary",
        )

    @property
    def in_force(self) -> InForce:
        """What a router decides with now."""
        return self._combination.in_force

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether there is a champion, after waiting for the first one at most `timeout_s`; blocks."""
        return self.champion.wait_ready(timeout_s)

    def open(self) -> None:
        """Start following; doesn't wait for Kafka."""
        self.cards.open()
        if self._owns_feed:
            self._feed.open()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop following, each feed within `timeout_s`; what is in force stays so."""
        self.cards.close(timeout_s)
        if self._owns_feed:
            self._feed.close(timeout_s)

    def _adopt(self, active: ActivePolicy) -> None:
        self._combination.adopt(active)
        if self._on_swap:
            self._on_swap(active)
