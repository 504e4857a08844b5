"""What the router chose, from which candidates and with which probability."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from signalbox.events.fields import (
    MAX_NESTING,
    AgentName,
    Count,
    Digest,
    Event,
    Id,
    Probability,
    Propensity,
    Ratio,
    Text,
    too_deep,
)
from signalbox.events.outcome import Signals

Modality = Literal["video", "image", "audio", "document", "text", "mixed"]
Slot = Literal["baseline", "champion", "canary", "program"]

PROBABILITY_TOLERANCE = 1e-3
"""Probabilities are often rounded on the way; more than this is a mistake, not rounding."""

AnalysisField = Annotated[str, Meta(min_length=1, max_length=64)]
AnalysisValue = Annotated[str, Meta(max_length=512)]


class Entity(Struct, frozen=True, omit_defaults=True, gc=False):
    """A thing that the query names."""

    text: Text
    label: str = ""
    confidence: Ratio | None = None


class Relationship(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A relation between two entities; both namings of its ends are read."""

    relation: str = ""
    head: str = ""
    tail: str = ""
    subject: str = ""
    object: str = ""


class RoutingDecision(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One routing choice. `chosen_agent` is one of `candidate_agents`, each of which is named once.

    `propensity` is the probability with which `chosen_agent` was chosen and `probabilities` those of all
    `candidate_agents`, in their order; they sum to 1 and agree with the propensity (to within 0.001). A
    router that can't tell leaves them out, and the experience is then kept out of estimates that need them.
    `trial_digest` is set where champion and a candidate on trial disagreed and the choice was drawn between
    them; `slot` is "program" where a prompt program chose, whose digest is then the policy's. `cost_weight` is
    what one unit of cost took from the reward in this choice, where the request said so. `query_analysis` is
    what an analysis of the query said, by field, such as {"intent": "search"}.
    `attributes` is free-form, nested at most 32 deep.
    """

    decision_id: Id
    query: Text
    candidate_agents: Annotated[
        tuple[AgentName, ...],
        Meta(min_length=1, max_length=512, extra_json_schema={"uniqueItems": True}),
    ]
    chosen_agent: AgentName
    probabilities: Annotated[tuple[Probability, ...], Meta(max_length=512)] | None = None
    propensity: Propensity | None = None
    explored: bool = False
    confidence: Ratio | None = None
    slot: Slot = "baseline"
    policy_digest: Digest | None = None
    policy_version: Count | None = None
    trial_digest: Digest | None = None
    cost_weight: Annotated[float, Meta(ge=0.0, le=1e6)] | None = None
    modality: Modality = "text"
    enhanced_query: Text | None = None
    query_analysis: Annotated[dict[AnalysisField, AnalysisValue], Meta(max_length=32)] = {}
    entities: Annotated[tuple[Entity, ...], Meta(max_length=256)] = ()
    relationships: Annotated[tuple[Relationship, ...], Meta(max_length=256)] = ()
    outcome: Signals | None = None
    trace_id: str | None = None
    span_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    attributes: dict[str, Any] = {}

    def problem(self) -> str | None:
        """What the fields say against each other, or None."""
        agents, probabilities = self.candidate_agents, self.probabilities
        if self.chosen_agent not in agents:
            return f"chosen_agent: {self.chosen_agent!r} is not among the {len(agents)} candidate_agents"
        if len(set(agents)) != len(agents):
            return f"candidate_agents: the same agent is named twice in {list(agents)!r}"
        if self.attributes and too_deep(self.attributes):
            return f"attributes: nested more than {MAX_NESTING} deep"
        if probabilities is None:
            return None
        if len(probabilities) != len(agents):
            return f"probabilities: {len(probabilities)} for {len(agents)} candidate_agents"
        total = sum(probabilities)
        if abs(total - 1.0) > PROBABILITY_TOLERANCE:
            return f"probabilities: they sum to {total:.6g}, not 1"
        chosen = probabilities[agents.index(self.chosen_agent)]
        if self.propensity is not None and abs(chosen - self.propensity) > PROBABILITY_TOLERANCE:
            return f"propensity: {self.propensity} but probabilities give chosen_agent {chosen}"
        return None
