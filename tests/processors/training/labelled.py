"""Labels on the logs of tests/models/logs.py."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from models.held_out import is_held_out
from signalbox.events import Annotation, Experience
from tests.models.logs import START, TablePolicy, kind_of, log

SHARE = 0.3
"""Of the experiences is held out."""

BASELINE = TablePolicy([1, 1, 2, 3], epsilon=0.4)
"""Takes beta for the first kind of query, where alpha would be right."""


def label(item: Experience, value: str, suggested: str | None = None, **fields: object) -> Annotation:
    return Annotation(
        tenant_id="acme",
        decision_id=item.decision_id,
        suggested_agent=suggested,
        label=value,
        **(
            {"occurred_at": START + timedelta(days=1), "annotator": "alice", "kind": "human", "confidence": 1.0}
            | fields
        ),
    )


def lukewarm(kind: int, agent: int, rng: np.random.Generator) -> float:
    """Everything is middling to the eye; only people see what was right."""
    return float(np.clip((0.85 if agent == kind and kind else 0.55) + rng.normal(0.0, 0.05), 0.0, 1.0))


def lukewarm_log(count: int = 1500) -> list[Experience]:
    return log(count, reward=lukewarm, policy=BASELINE)


def first_kind(experiences: Sequence[Experience]) -> list[Experience]:
    return [item for item in experiences if kind_of(item.decision.query) == 0]


def for_alpha(experiences: Sequence[Experience], **fields: object) -> list[Annotation]:
    """What people say of these: alpha would have been right."""
    return [
        label(item, "correct_routing", **fields)
        if item.decision.chosen_agent == "alpha"
        else label(item, "wrong_routing", "alpha", **fields)
        for item in experiences
    ]


def shown(experiences: Sequence[Experience]) -> list[Experience]:
    """Those that training may see."""
    return [item for item in experiences if not is_held_out(item.decision_id, SHARE)]


def hidden(experiences: Sequence[Experience]) -> list[Experience]:
    """Those that the gate judges by."""
    return [item for item in experiences if is_held_out(item.decision_id, SHARE)]
