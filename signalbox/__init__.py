"""What a router installs: event types, publisher, policy subscriber and policy runtime."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signalbox.card_feed import CardFeed
    from signalbox.connection import Connection
    from signalbox.events import (
        AgentCard,
        Annotation,
        AnnotationRequest,
        Entity,
        Relationship,
        RoutingDecision,
        RoutingOutcome,
        WorkflowExecution,
    )
    from signalbox.in_force import ActivePolicy
    from signalbox.outbox import PublisherCounts
    from signalbox.policy_feed import PolicyFeed
    from signalbox.program.slot import ActiveProgram, ProgramSlot
    from signalbox.publisher import Publisher
    from signalbox.recommend.recommender import RoutingRecommender
    from signalbox.router import Router
    from signalbox.slots import PolicySlots
    from signalbox.subscriber import PolicySubscriber

__all__ = [
    "ActivePolicy",
    "ActiveProgram",
    "AgentCard",
    "Annotation",
    "AnnotationRequest",
    "CardFeed",
    "Connection",
    "Entity",
    "PolicyFeed",
    "PolicySlots",
    "PolicySubscriber",
    "ProgramSlot",
    "Publisher",
    "PublisherCounts",
    "Relationship",
    "Router",
    "RoutingDecision",
    "RoutingOutcome",
    "RoutingRecommender",
    "WorkflowExecution",
]

# Imported when first used: numpy and aiokafka take a third of a second, which a reader of topic names or
# event types alone needn't wait for.
_HOMES = {
    "signalbox.card_feed": ("CardFeed",),
    "signalbox.connection": ("Connection",),
    "signalbox.events": (
        "AgentCard",
        "Annotation",
        "AnnotationRequest",
        "Entity",
        "Relationship",
        "RoutingDecision",
        "RoutingOutcome",
        "WorkflowExecution",
    ),
    "signalbox.in_force": ("ActivePolicy",),
    "signalbox.policy_feed": ("PolicyFeed",),
    "signalbox.program.slot": ("ActiveProgram", "ProgramSlot"),
    "signalbox.outbox": ("PublisherCounts",),
    "signalbox.publisher": ("Publisher",),
    "signalbox.recommend.recommender": ("RoutingRecommender",),
    "signalbox.router": ("Router",),
    "signalbox.slots": ("PolicySlots",),
    "signalbox.subscriber": ("PolicySubscriber",),
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
