"""What a router installs: event types, publisher, policy subscriber and policy runtime."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signalbox.connection import Connection
    from signalbox.events import Entity, Relationship, RoutingDecision, RoutingOutcome, WorkflowExecution
    from signalbox.policy_feed import PolicyFeed
    from signalbox.publisher import Publisher, PublisherCounts
    from signalbox.router import Router
    from signalbox.subscriber import ActivePolicy, PolicySubscriber

__all__ = [
    "ActivePolicy",
    "Connection",
    "Entity",
    "PolicyFeed",
    "PolicySubscriber",
    "Publisher",
    "PublisherCounts",
    "Relationship",
    "Router",
    "RoutingDecision",
    "RoutingOutcome",
    "WorkflowExecution",
]

# Imported when first used: numpy and aiokafka take a third of a second, which a reader of topic names or
# event types alone needn't wait for.
_HOMES = {
    "signalbox.connection": ("Connection",),
    "signalbox.events": ("Entity", "Relationship", "RoutingDecision", "RoutingOutcome", "WorkflowExecution"),
    "signalbox.policy_feed": ("PolicyFeed",),
    "signalbox.publisher": ("Publisher", "PublisherCounts"),
    "signalbox.router": ("Router",),
    "signalbox.subscriber": ("ActivePolicy", "PolicySubscriber"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(home), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'signalbox' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
