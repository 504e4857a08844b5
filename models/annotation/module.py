"""The annotator's prompt program, and what it is given of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.annotation.outcome import outcome_in_words
from models.annotation.signature import ANNOTATION, NONE
from signalbox.events import AgentCard, Annotation, AnnotationRequest
from signalbox.program import fresh_module
from signalbox.program.answers import names

if TYPE_CHECKING:
    import dspy

UNKNOWN = "unknown"
_LONGEST_DESCRIPTION = 500
"""Characters; a prompt has a description of every candidate."""

Demo = tuple[AnnotationRequest, Annotation]
"""A request with the label that a person gave."""


def annotation_module(
    demos: Sequence[Demo] = (), cards: Mapping[str, AgentCard] | None = None
) -> dspy.ChainOfThought:
    """The program with people's labels as demonstrations, in their order."""
    module = fresh_module(ANNOTATION)
    module.predict.demos = [_shown(request, label, cards) for request, label in demos]
    return module


def inputs_of(request: AnnotationRequest, cards: Mapping[str, AgentCard] | None = None) -> dict[str, str]:
    """The program's inputs; `cards` by agent say what the candidates are there for."""
    others = [agent for agent in request.candidate_agents if agent != request.chosen_agent]
    lines = [f"{agent}: {text}" for agent in request.candidate_agents if (text := _described(agent, cards))]
    return {
        "query": request.query,
        "chosen_agent": request.chosen_agent,
        "other_agents": names(others) or NONE,
        "agent_descriptions": "\n".join(lines) or UNKNOWN,
        "routing_confidence": UNKNOWN if request.confidence is None else f"{request.confidence:.2f}",
        "outcome": outcome_in_words(request),
    }


def _described(agent: str, cards: Mapping[str, AgentCard] | None) -> str:
    """A card on one line: its description and examples of what it is asked."""
    card = (cards or {}).get(agent)
    if card is None:
        return ""
    parts = [card.description or card.name, *(f'"{each}"' for each in card.examples[:5])]
    return " ".join(" ".join(filter(None, parts)).split())[:_LONGEST_DESCRIPTION]


def _shown(
    request: AnnotationRequest, label: Annotation, cards: Mapping[str, AgentCard] | None
) -> dict[str, str]:
    """A demonstration. Its descriptions are left out: they are those of the request."""
    return {
        **inputs_of(request),
        "reasoning": label.reasoning or f"A person said {label.label}.",
        "label": label.label,
        "confidence": f"{label.confidence:.2f}",
        "suggested_agent": label.suggested_agent or NONE,
        "requires_human_review": "false",
    }
