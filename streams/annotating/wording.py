"""How requests and labels are put into words."""

from __future__ import annotations

from signalbox.events import Annotation, AnnotationRequest, epoch_s
from streams.cli.status import duration


def is_overdue(request: AnnotationRequest, now_s: float) -> bool:
    """Whether its deadline has passed."""
    return epoch_s(request.due_at) <= now_s


def due_text(request: AnnotationRequest, now_s: float) -> str:
    """How long there is until the deadline, or how long ago it was."""
    left_s = epoch_s(request.due_at) - now_s
    return f"due in {duration(left_s)}" if left_s > 0 else f"OVERDUE by {duration(-left_s)}"


def outcome_text(request: AnnotationRequest) -> str:
    """What is known of what came of the decision."""
    outcome = request.outcome
    parts: list[str] = []
    if outcome is not None:
        success = {True: "the agent succeeded", False: "the agent failed", None: None}[outcome.agent_success]
        facts = {
            "error": outcome.error_class and plain(outcome.error_class),
            "quality": outcome.search_quality,
            "satisfaction": outcome.user_satisfaction,
            "results": outcome.result_count,
            "seconds": outcome.processing_time_s,
            "cost": outcome.cost,
        }
        parts += [success] if success else []
        parts += [f"{name} {_value(value)}" for name, value in facts.items() if value not in (None, "")]
    if request.reward is not None:
        parts.append(f"reward {request.reward:.2f}")
    return ", ".join(parts) or "nothing is known"


def label_text(label: Annotation) -> str:
    """Who said what, how sure, which agent instead, and why."""
    suggested = f", rather {plain(label.suggested_agent)}" if label.suggested_agent else ""
    approved = f", approved by {plain(label.approved_by)}" if label.approved_by else ""
    unsure = "" if label.kind == "human" else f" ({label.confidence:.2f} sure)"
    reasoning = f': "{plain(label.reasoning)}"' if label.reasoning else ""
    return f"{plain(label.annotator)} ({label.kind}): {label.label}{unsure}{suggested}{approved}{reasoning}"


def plain(text: str) -> str:
    """Text from elsewhere on one line, without what would steer the terminal or turn the writing round."""
    return "".join(
        each if each.isprintable() else " " if each.isspace() else "\N{REPLACEMENT CHARACTER}" for each in text
    )


def _value(value: float | str) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
