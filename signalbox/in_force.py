"""The policies that a router decides with at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from signalbox.cards import NO_CARDS, Cards
from signalbox.errors import ConfigurationError
from signalbox.events import Slot
from signalbox.events.policy_update import UpdateReason
from signalbox.policy import Manifest, Policy

LearnedSlot = Literal["champion", "canary"]


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """A policy in force and where it comes from; `version` rises with every update of its slot.

    In the slot `canary`, `reason` is "trial" or "canary", and `share` says how often it decides
    (`signalbox.events.PolicyUpdate`).
    """

    policy: Policy
    digest: str
    version: int
    slot: LearnedSlot
    reason: UpdateReason = "promoted"
    share: float = 1.0

    @property
    def manifest(self) -> Manifest:
        """What the policy says of itself."""
        return self.policy.manifest


class Decider(Protocol):
    """Who made a decision: a policy in force, or a prompt program."""

    @property
    def digest(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def slot(self) -> Slot: ...  # noqa: D102
    @property
    def manifest(self) -> Manifest | None: ...  # noqa: D102


class InForce(NamedTuple):
    """Champion and canary, where there are any, and what is known of the agents."""

    champion: ActivePolicy | None = None
    canary: ActivePolicy | None = None
    cards: Cards = NO_CARDS


class PolicySource(Protocol):
    """Where the policy of one slot comes from: `signalbox.PolicySubscriber`, or a constant in a test."""

    @property
    def current(self) -> ActivePolicy | None:
        """The policy in force, if there is one."""


@runtime_checkable
class InForceSource(Protocol):
    """Where everything that a router decides with comes from: `signalbox.PolicySlots`."""

    @property
    def in_force(self) -> InForce:
        """What is in force now."""


@dataclass(frozen=True, slots=True)
class _Slots:
    """Two sources read one after the other; none knows of agents' cards."""

    champion: PolicySource | None
    canary: PolicySource | None

    @property
    def in_force(self) -> InForce:
        return InForce(
            self.champion.current if self.champion else None, self.canary.current if self.canary else None
        )


def following(source: InForceSource | PolicySource | None, canary: PolicySource | None) -> InForceSource:
    """One source for what a router was given; raises `ConfigurationError` where that contradicts itself."""
    if not isinstance(source, InForceSource):
        return _Slots(source, canary)
    if canary is not None:
        raise ConfigurationError(f"canary: {type(source).__name__} brings a canary along already")
    return source
