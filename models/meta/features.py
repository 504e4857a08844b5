"""What is known of an experience's query and its routing, as a prompt program may be told it."""

from __future__ import annotations

import re
from typing import Any

from models.meta.keywords import KEYWORDS, MEDIA, QUESTIONS
from models.meta.modality import QueryModality
from signalbox.events import Experience, RoutingDecision

MANY_FEATURES = 5
"""An example with more features than this is a full one."""
_WORD = re.compile(r"\w+")


def example_features(experience: Experience, modality: QueryModality | None = None) -> dict[str, Any]:
    """The features that are known, as plain JSON values; `modality` is by default the decision's primary one.

    `query_length` is in words. A keyword group G that the query has words of gives `G_keywords` and `has_G`.
    `routing_confidence` and `result_count` are left out where nobody told them, so that the number of features
    says how complete an example is.
    """
    decision = experience.decision
    detected = detected_modalities(decision)
    words = _WORD.findall(decision.query.lower())
    found: dict[str, Any] = {}
    for group, known in KEYWORDS[modality or detected[0]].items():
        if hits := sorted(known & set(words)):
            found |= {f"{group}_keywords": hits, f"has_{group}": True}
    found |= {
        "query_length": len(decision.query.split()),
        "has_question": "?" in decision.query or bool(words and words[0] in QUESTIONS),
        "has_specific_entity": _names_something(decision),
        "detected_modalities": [item.value for item in detected],
    }
    if decision.confidence is not None:
        found["routing_confidence"] = decision.confidence
    if experience.outcome.result_count is not None:
        found["result_count"] = experience.outcome.result_count
    return found


def detected_modalities(decision: RoutingDecision) -> tuple[QueryModality, ...]:
    """The decision's own modality first, then, in the order of priority, those whose medium the query names.

    A mixed query has no own one; where it names no medium either, it is text.
    """
    words = set(_WORD.findall(decision.query.lower()))
    named = [modality for modality, medium in MEDIA.items() if words & medium]
    if decision.modality == "mixed":
        return tuple(named) or (QueryModality.TEXT,)
    own = QueryModality(decision.modality)
    return (own, *(modality for modality in named if modality is not own))


def _names_something(decision: RoutingDecision) -> bool:
    """Whether a word but the first is capitalised, or an entity was recognised."""
    return bool(decision.entities) or any(word[0].isupper() for word in decision.query.split()[1:])
