"""What the specification's serving methods take and give: plain dicts, read and written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, TypeVar

import msgspec

from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import Entity, Relationship, RoutingDecision
from signalbox.in_force import ActivePolicy
from signalbox.policy import DecisionFeatures
from signalbox.preference import Question, of_policy
from signalbox.program.call import Advice
from signalbox.recommend.keyword_rules import Prediction
from signalbox.router import storable

Source = Literal["policy", "program", "baseline"]
Given = Mapping[str, Any]
S = TypeVar("S", bound=msgspec.Struct)


class RoutingRecommendation(TypedDict):
    """The agent to take; `failure` says in a few words what kept a better source from answering."""

    recommended_agent: str
    confidence: float
    reasoning: str
    optimization_ready: bool
    experiences_count: int
    training_step: int
    source: Source
    failure: str | None


class OptimizedDecision(TypedDict):
    """A choice that was drawn and published; `probabilities` are those of all candidates, by agent.

    `fallback` says that a source which comes first failed, and `failure` how.
    """

    recommended_agent: str
    confidence: float
    reasoning: str
    exploration: bool
    propensity: float
    probabilities: dict[str, float]
    decision_id: str
    source: Source
    fallback: bool
    failure: str | None


def features_of(
    query: str,
    entities: Sequence[Given | Entity],
    relationships: Sequence[Given | Relationship],
    enhanced_query: str | None,
    modality: str,
    query_analysis: Mapping[str, str] | None,
) -> DecisionFeatures:
    """What is known of a query, as an event would hold it; raises `InvalidEvent` naming field or entry."""
    for name, text in (("query", query), ("enhanced_query", enhanced_query or "")):
        if not isinstance(text, str):
            raise InvalidEvent("invalid", f"{name}: text is needed, got {text!r}")
    return DecisionFeatures(
        storable(query),
        [_read(Entity, "entities", place, one) for place, one in enumerate(entities)],
        modality,
        relationships=[
            _read(Relationship, "relationships", place, one) for place, one in enumerate(relationships)
        ],
        enhanced_query=enhanced_query if enhanced_query is None else storable(enhanced_query),
        query_analysis=query_analysis,
    )


def checked_candidates(candidates: Sequence[str]) -> tuple[str, ...]:
    """The agents to choose from; raises `ConfigurationError` where there are none, or one of them twice."""
    found = () if isinstance(candidates, str) else tuple(candidates)
    if not found or not all(isinstance(agent, str) and agent for agent in found):
        raise ConfigurationError(f"candidates: names of at least one agent are needed, got {candidates!r}")
    if len(set(found)) < len(found):
        raise ConfigurationError(f"candidates: each agent once, got {candidates!r}")
    return found


def of_champion(champion: ActivePolicy, question: Question) -> Prediction:
    """What the policy in force would take without exploration, and why."""
    place = int(champion.policy.greedy(question.features, question.candidates).argmax())
    preference = of_policy(champion, question)
    agent, confidence = question.candidates[place], preference.confidence(place) or 0.0
    reasoning = f"Version {champion.version} of the policy ({champion.digest[:12]}) expects most of {agent}."
    return Prediction(agent, confidence, reasoning)


def of_advice(advice: Advice, question: Question) -> Prediction:
    """What the program would take without exploration, and why."""
    confidence = advice.preference.confidence(advice.place) or 0.0
    return Prediction(question.candidates[advice.place], confidence, advice.reasoning)


def optimized(decision: RoutingDecision, reasoning: str, failure: str | None) -> OptimizedDecision:
    """A decision as the specification gives it; `reasoning` is the program's or the baseline's."""
    source: Source = "policy"
    if decision.slot in ("program", "baseline"):
        source = "program" if decision.slot == "program" else "baseline"
    else:
        reasoning = (
            f"Version {decision.policy_version} of the policy ({str(decision.policy_digest)[:12]}) decided."
        )
    if decision.explored:
        reasoning = f"Explored, to learn what {decision.chosen_agent} earns. Otherwise: {reasoning}"
    return OptimizedDecision(
        recommended_agent=decision.chosen_agent,
        confidence=decision.confidence or 0.0,
        reasoning=reasoning,
        exploration=decision.explored,
        propensity=decision.propensity or 0.0,
        probabilities=dict(zip(decision.candidate_agents, decision.probabilities or (), strict=True)),
        decision_id=decision.decision_id,
        source=source,
        fallback=failure is not None,
        failure=failure,
    )


def _read(kind: type[S], field: str, place: int, given: Given | S) -> S:
    try:
        return given if isinstance(given, kind) else msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidEvent("invalid", f"{field}[{place}]: {error}; got {given!r}") from None
