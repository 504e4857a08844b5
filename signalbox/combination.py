"""Keeps what is in force combined with what is known of the agents, away from the decisions' way."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from signalbox.cards import NO_CARDS, Cards
from signalbox.in_force import ActivePolicy, InForce, LearnedSlot


class Combination:
    """Champion and canary with the agents' cards; `in_force` may be read from any thread.

    A policy is combined with the cards when one of the two changes, in the thread that brings the news; then
    the snapshot is replaced as a whole.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._policies: dict[LearnedSlot, ActivePolicy] = {}
        self._combined: dict[LearnedSlot, ActivePolicy] = {}
        self._cards = NO_CARDS
        self.in_force = InForce()

    def adopt(self, active: ActivePolicy) -> None:
        """A policy has come into force in its slot."""
        with self._lock:
            self._policies[active.slot] = active
            self._combined[active.slot] = _combined(active, self._cards)
            self._replace()

    def end(self, slot: LearnedSlot) -> None:
        """Nothing is in force in a slot any more."""
        with self._lock:
            self._policies.pop(slot, None)
            self._combined.pop(slot, None)
            self._replace()

    def learn(self, cards: Cards) -> None:
        """Other things are known of the agents."""
        with self._lock:
            self._cards = cards
            self._combined = {slot: _combined(active, cards) for slot, active in self._policies.items()}
            self._replace()

    def _replace(self) -> None:
        self.in_force = InForce(self._combined.get("champion"), self._combined.get("canary"), self._cards)


def _combined(active: ActivePolicy, cards: Cards) -> ActivePolicy:
    """The policy as it decides once it knows these cards; takes milliseconds where there are many."""
    if not cards:
        return active
    return replace(active, policy=active.policy.with_cards(tuple(cards.by_agent.values()), cards.gone))
