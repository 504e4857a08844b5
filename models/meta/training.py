"""What both models have in common when they learn from past trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from models.meta.classifier import Classifier, Labels
from models.meta.comparison import LEAST_EXAMPLES, Report, shortage
from models.meta.context import Rows


def paired(contexts: Sequence[Any], targets: Sequence[Any]) -> None:
    """Raise `ValueError` where there isn't one target for each context."""
    if len(contexts) != len(targets):
        raise ValueError(f"targets: {len(targets)} for {len(contexts)} contexts")


def trained(rows: Rows, labels: Labels, report: Report) -> tuple[Classifier | None, dict[str, Any]]:
    """The classifier that is to be in charge, if any, and in plain values what came of the training.

    `status` is "success", "not_better" (than the rules on the later half of the history, beyond chance) or
    "insufficient_data", and `reason` is one sentence. `accuracy` and `rules_accuracy` are of the `judged`
    examples, which no model had seen; `p_value` is that of the model being better.
    """
    ours, theirs = report.model, report.rules
    if ours is None or theirs is None:
        return None, {
            "status": "insufficient_data",
            "samples": len(labels),
            "needed": LEAST_EXAMPLES,
            "reason": shortage(labels),
        }
    told = {
        "samples": len(labels),
        "judged": report.judged,
        "accuracy": ours.accuracy,
        "rules_accuracy": theirs.accuracy,
        "p_value": report.p_value,
        "reason": f"right on {ours.accuracy:.0%} of {report.judged}, the rules on {theirs.accuracy:.0%}",
    }
    if not report.model_is_better:
        return None, {"status": "not_better", **told}
    return Classifier.fit(rows, labels), {"status": "success", **told}


def in_charge(classifier: Classifier | None) -> Literal["model", "rules"]:
    """Who decides."""
    return "rules" if classifier is None else "model"
