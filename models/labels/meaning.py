"""What a label says of a decision, as signals (the specification's feedback loop)."""

from __future__ import annotations

from typing import get_args

from signalbox.events import Signals
from signalbox.events.annotation import Label

LABELS: tuple[Label, ...] = get_args(Label)

_SIGNALS: dict[Label, Signals] = {
    "correct_routing": Signals(agent_success=True, search_quality=0.9, user_satisfaction=1.0),
    "wrong_routing": Signals(agent_success=False, search_quality=0.3, user_satisfaction=0.0),
    "ambiguous": Signals(agent_success=False, search_quality=0.6, user_satisfaction=0.0),
    "insufficient_info": Signals(agent_success=False, search_quality=0.5, user_satisfaction=0.0),
}
_KNOWN = frozenset(("correct_routing", "wrong_routing"))


def label_signals(label: Label) -> Signals:
    """The outcome that the label stands for; with the default weights worth .96, .12, .24 and .20."""
    return _SIGNALS[label]


def is_known(label: Label) -> bool:
    """Whether the label says what happened; the others never change an experience.

    What is unknown is not a failure.
    """
    return label in _KNOWN
