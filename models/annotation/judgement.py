"""An annotator's answer, checked: what isn't exactly as asked is no answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from models.annotation.signature import ANNOTATION, NONE
from signalbox.errors import AnswerError
from signalbox.events import AnnotationRequest
from signalbox.events.annotation import Label
from signalbox.program import OutputSpec, SignatureSpec, ratio, read_answer

SURE = 0.7
"""Below this confidence a person should look at a label."""
_LONGEST = 8192
_SUGGESTION = SignatureSpec(
    name=ANNOTATION.name,
    instructions="",
    inputs={},
    outputs={"suggested_agent": OutputSpec(kind="agent", desc="")},
)


class Judgement(NamedTuple):
    """What an annotator says of a decision; `confidence` is in [0, 1]."""

    label: Label
    confidence: float
    reasoning: str
    suggested_agent: str | None
    requires_review: bool


def read_judgement(answer: Mapping[str, Any], request: AnnotationRequest) -> Judgement:
    """The answer as it is meant; `requires_review` also where it is unsure or ambiguous.

    Raises `AnswerError`, which names field and value: for an unknown label, a confidence that is no number in
    [0, 1], a suggested agent that was no candidate, and one that contradicts the label.
    """
    read = read_answer(ANNOTATION, answer, None)
    label, confidence = cast("Label", read["label"]), ratio(read["confidence"])
    return Judgement(
        label,
        confidence,
        str(answer.get("reasoning") or "")[:_LONGEST],
        _suggested(read["suggested_agent"], label, request),
        confidence < SURE or label == "ambiguous" or read["requires_human_review"] == "true",
    )


def _suggested(text: str, label: Label, request: AnnotationRequest) -> str | None:
    if text.strip(" \t\r\n\"'`.").casefold() in {"", NONE}:
        return None
    agent = read_answer(_SUGGESTION, {"suggested_agent": text}, request.candidate_agents)["suggested_agent"]
    is_chosen = agent == request.chosen_agent
    if is_chosen and label == "correct_routing":
        return None
    if is_chosen or label != "wrong_routing":
        raise AnswerError(f"suggested_agent: {agent!r} contradicts the label {label}")
    return agent
