"""How much a decision deserves a label, by how it ended and how sure the router was."""

from __future__ import annotations

from typing import Literal

from signalbox.events import Experience, RoutingDecision
from signalbox.events.annotation import Priority

Ending = Literal["success", "failure", "ambiguous"]

VERY_UNSURE = 0.3
FAIRLY_SURE = 0.75
GOOD, POOR = 0.6, 0.4
"""Where nobody said whether the agent succeeded, a reward from here on says so, or says that it failed."""
DEADLINE_H: dict[Priority, float] = {"high": 4.0, "medium": 24.0, "low": 72.0}
RANK: dict[Priority, int] = {"high": 0, "medium": 1, "low": 2}


def ending_of(experience: Experience) -> Ending:
    """How a decision ended, as far as its outcome tells; ambiguous only where that is neither good nor bad."""
    outcome = experience.outcome
    if outcome.agent_success is False or outcome.error_class:
        return "failure"
    reward = experience.reward_before_cost
    if outcome.agent_success or reward >= GOOD:
        return "success"
    return "failure" if reward <= POOR else "ambiguous"


def confidence_of(experience: Experience) -> float | None:
    """How sure the router was: its confidence, or how much likelier its first choice was than the next.

    None where neither is known. A propensity alone says how the draw fell and not how sure the router was.
    """
    if experience.decision.confidence is not None:
        return experience.decision.confidence
    draw = draw_of(experience.decision)
    if draw is None:
        return None
    first, second = sorted(draw, reverse=True)[:2]
    return first - second


def draw_of(decision: RoutingDecision) -> tuple[float, ...] | None:
    """The probabilities of two candidates or more; None for a baseline's, which explores without an opinion."""
    probabilities = decision.probabilities
    if probabilities is None or len(probabilities) < 2 or decision.slot == "baseline":
        return None
    return probabilities


def priority_of(
    ending: Ending, confidence: float | None, threshold: float = 0.6
) -> tuple[Priority, str] | None:
    """The specification's rules, the first that fits: priority and reason; None where a label teaches little.

    Where it is not known how sure the router was, only how the decision ended counts.
    """
    unsure = confidence is not None and confidence < threshold
    said = "" if confidence is None else f", confidence {confidence:.2f}"
    if ending == "failure":
        return ("high", f"failed{said}, below {threshold:g}") if unsure else ("medium", f"failed{said}")
    if confidence is not None and confidence < VERY_UNSURE:
        return "high", f"very unsure{said}"
    if ending == "ambiguous":
        return "medium", f"unclear how it ended{said}"
    if unsure:
        return "medium", f"succeeded{said}, below {threshold:g}"
    if confidence is not None and confidence <= FAIRLY_SURE:
        return "low", f"succeeded{said}, hardly above {threshold:g}"
    return None
