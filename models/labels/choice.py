"""What annotators say of a decision, all of them together: whose label counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from signalbox.events import Annotation, RoutingDecision


class Verdict(NamedTuple):
    """The agent that was right, or None where only the chosen one is known to be wrong; and who says so."""

    agent: str | None
    confidence: float
    reasoning: str
    annotator: str


def newest_annotations(annotations: Iterable[Annotation]) -> dict[str, list[Annotation]]:
    """By decision: the newest annotation of each annotator, the weightiest first.

    A person's counts before a language model's or code's, a reviewed one before another, then the confident,
    then the new.
    """
    newest: dict[tuple[str, str], Annotation] = {}
    for item in annotations:
        key = (item.decision_id, item.annotator)
        known = newest.get(key)
        if known is None or item.occurred_at >= known.occurred_at:
            newest[key] = item
    found: dict[str, list[Annotation]] = {}
    for item in sorted(newest.values(), key=_weight, reverse=True):
        found.setdefault(item.decision_id, []).append(item)
    return found


def verdict_of(decision: RoutingDecision, annotations: Sequence[Annotation]) -> Verdict | None:
    """What the weightiest annotation that says something says; None where none does.

    A suggested agent that wasn't a candidate can't be an answer, but says that the chosen one was wrong.
    """
    for item in annotations:
        agent = item.suggested_agent
        if agent is None and item.label == "correct_routing":
            agent = decision.chosen_agent
        if agent in decision.candidate_agents:
            return Verdict(agent, item.confidence, item.reasoning, item.annotator)
        if agent is not None or item.label == "wrong_routing":
            return Verdict(None, item.confidence, item.reasoning, item.annotator)
    return None


def _weight(item: Annotation) -> tuple[bool, bool, float, float, str]:
    # The annotator's name decides last, so that the order of arrival never does.
    return (item.kind == "human", item.reviewed, item.confidence, item.occurred_at.timestamp(), item.annotator)
