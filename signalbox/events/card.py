"""What is known of an agent."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signalbox.events.decision import Modality
from signalbox.events.fields import AgentName, Cost, Event, Text


class AgentCard(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An agent's description; a tombstone under its key says that it has left."""

    agent: AgentName
    name: str = ""
    description: Text = ""
    examples: Annotated[tuple[Text, ...], Meta(max_length=64)] = ()
    modalities: tuple[Modality, ...] = ()
    cost: Cost | None = None
    aliases: Annotated[tuple[AgentName, ...], Meta(max_length=16)] = ()
