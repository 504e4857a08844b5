"""What annotators say of a decision, all of them together: whose label counts."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from models.labels.meaning import is_known
from signalbox.events import Annotation, RoutingDecision


class Verdict(NamedTuple):
    """The agent that was right, or None where only the chosen one is known to be wrong; and who says so.

    `is_known` says whether the label tells what came of the choice, too; else it only suggests an agent.
    `by_person` is a label that a person gave or approved.
    """

    agent: str | None
    confidence: float
    reasoning: str
    annotator: str
    is_known: bool = True
    by_person: bool = True


def newest_annotations(annotations: Iterable[Annotation]) -> dict[str, list[Annotation]]:
    """By decision: the newest annotation of each annotator, the weightiest first.

    A person's counts before a language model's or code's, a reviewed one before another, then the confident,
    then the new.
    """
    newest: dict[tuple[str, str], Annotation] = {}
    for item in annotations:
        key = (item.decision_id, item.annotator)
        known = newest.get(key)
        if known is None or _age(item) > _age(known):
            newest[key] = item
    found: dict[str, list[Annotation]] = {}
    for item in sorted(newest.values(), key=_weight, reverse=True):
        found.setdefault(item.decision_id, []).append(item)
    return found


def verdict_of(
    decision: RoutingDecision, annotations: Sequence[Annotation], known: Container[str] = ()
) -> Verdict | None:
    """What the weightiest annotation that says something says; None where none does.

    A suggested agent counts if it was a candidate or is `known`. One that wasn't can't be an answer, but with
    a label that says what happened, the chosen one was wrong. Where a person finds that several agents would
    have been as right, no model's label is asked any more.
    """
    is_open = True
    for item in annotations:
        by_person = item.kind == "human" or item.reviewed
        if not (by_person or is_open):
            return None
        says, agent = is_known(item.label), item.suggested_agent
        if agent is None and item.label == "correct_routing":
            agent = decision.chosen_agent
        if agent is not None and (agent in decision.candidate_agents or agent in known):
            return Verdict(agent, item.confidence, item.reasoning, item.annotator, says, by_person)
        if says:
            return Verdict(None, item.confidence, item.reasoning, item.annotator, says, by_person)
        is_open = is_open and not (by_person and item.label == "ambiguous")
    return None


def _age(item: Annotation) -> tuple[datetime, bool, float, str, str, str]:
    # Of two at the same moment the content decides, not which was read last.
    said = (item.label, item.suggested_agent or "", item.reasoning)
    return (item.occurred_at, item.reviewed, item.confidence, *said)


def _weight(item: Annotation) -> tuple[bool, bool, float, float, str]:
    # The annotator's name decides last, so that the order of arrival never does.
    return (item.kind == "human", item.reviewed, item.confidence, item.occurred_at.timestamp(), item.annotator)
