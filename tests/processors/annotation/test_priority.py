"""Which decisions deserve a label: the specification's rules and their bounds."""

import pytest
from msgspec.structs import replace

from processors.annotation.priority import Ending, confidence_of, ending_of, priority_of
from signalbox.events import Signals
from tests.models.logs import experience, log


@pytest.mark.parametrize(
    ("ending", "confidence", "expected"),
    [
        ("failure", 0.59, "high"),
        ("failure", 0.6, "medium"),
        ("failure", None, "medium"),
        ("ambiguous", 0.29, "high"),
        ("ambiguous", 0.3, "medium"),
        ("ambiguous", None, "medium"),
        ("success", 0.29, "high"),
        ("success", 0.3, "medium"),
        ("success", 0.59, "medium"),
        ("success", 0.6, "low"),
        ("success", 0.75, "low"),
        ("success", 0.76, None),
        ("success", None, None),
    ],
)
def test_the_rules(ending: Ending, confidence: float | None, expected: str | None) -> None:
    found = priority_of(ending, confidence)
    assert (found and found[0]) == expected
    assert found is None or found[1]


@pytest.mark.parametrize(
    ("outcome", "reward", "expected"),
    [
        (Signals(agent_success=False), 0.9, "failure"),
        (Signals(agent_success=True, error_class="Timeout"), 0.9, "failure"),
        (Signals(agent_success=True), 0.1, "success"),
        (Signals(search_quality=0.8), 0.8, "success"),
        (Signals(search_quality=0.5), 0.5, "ambiguous"),
        (Signals(search_quality=0.2), 0.2, "failure"),
    ],
)
def test_how_a_decision_ended(outcome: Signals, reward: float, expected: str) -> None:
    item = replace(experience(log(1)[0].decision, reward), outcome=outcome)
    assert ending_of(item) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"confidence": 0.0}, 0.0),
        ({"slot": "champion", "probabilities": (0.1, 0.7, 0.2, 0.0)}, 0.5),
        ({"slot": "champion", "probabilities": (0.25,) * 4}, 0.0),
        ({"slot": "baseline", "probabilities": (0.25,) * 4}, None),
        ({"slot": "champion", "probabilities": None, "propensity": 0.9}, None),
    ],
)
def test_how_sure_the_router_was(changes: dict[str, object], expected: float | None) -> None:
    decision = replace(log(1)[0].decision, **changes)
    found = confidence_of(experience(decision, 0.5))
    assert found == (expected if expected is None else pytest.approx(expected))
