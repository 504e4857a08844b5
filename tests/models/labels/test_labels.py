"""What labels are worth, and how far annotators are to be trusted."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.labels import LABELS, label_signals, trust_of
from models.labels.agreement import LEAST_COMMON, UNPROVEN
from processors.training.label_rewards import worth
from signalbox.events import Annotation
from tests.models.logs import START


def label(decision_id: str, value: str, annotator: str = "llm:judge", **fields: object) -> Annotation:
    given_fields: dict[str, object] = {"kind": "human" if annotator == "alice" else "llm"}
    return Annotation(
        tenant_id="acme",
        occurred_at=START + timedelta(seconds=int(str(fields.pop("at", 0)))),
        decision_id=decision_id,
        annotator=annotator,
        label=value,
        **(given_fields | fields),
    )


def judged(agreeing: int, disagreeing: int) -> list[Annotation]:
    found = []
    for i in range(agreeing + disagreeing):
        people = LABELS[i % 2]
        found.append(label(f"d{i}", people, "alice"))
        found.append(label(f"d{i}", people if i < agreeing else LABELS[1 - i % 2]))
    return found


def test_labels_stand_for_the_rewards_of_the_specification() -> None:
    assert [worth(each) for each in LABELS] == pytest.approx([0.96, 0.12, 0.24, 0.20])
    assert label_signals("correct_routing").user_satisfaction == 1.0


def test_a_model_is_half_trusted_until_it_has_been_compared() -> None:
    (few,) = trust_of(judged(LEAST_COMMON - 1, 0), 0.7).values()
    assert (few.common, few.share, few.weight) == (LEAST_COMMON - 1, 1.0, UNPROVEN)
    (alone,) = trust_of([label("d1", "wrong_routing")], 0.7).values()
    assert (alone.common, alone.share, alone.kappa, alone.weight) == (0, None, None, UNPROVEN)


def test_agreement_is_measured_against_people_and_chance() -> None:
    (found,) = trust_of(judged(30, 10), 0.7).values()
    assert (found.common, found.share, found.weight) == (40, 0.75, 0.75)
    assert found.kappa == pytest.approx(0.5)


def test_below_the_threshold_labels_lose_weight() -> None:
    (found,) = trust_of(judged(20, 20), 0.7).values()
    assert found.weight == pytest.approx(0.5 * (0.5 / 0.7) ** 2)


@given(st.integers(0, 60), st.floats(0.05, 1.0))
def test_more_agreement_never_weighs_less(agreeing: int, threshold: float) -> None:
    (one,) = trust_of(judged(agreeing, 61 - agreeing), threshold).values()
    (more,) = trust_of(judged(agreeing + 1, 60 - agreeing), threshold).values()
    assert 0.0 <= one.weight <= more.weight <= 1.0


def test_a_superseded_label_and_an_approved_one_are_not_compared() -> None:
    annotations = [
        label("d1", "wrong_routing", at=0),
        label("d1", "correct_routing", at=5),
        label("d1", "correct_routing", "alice"),
        label("d2", "wrong_routing", reviewed=True, approved_by="alice"),
        label("d2", "correct_routing", "alice"),
    ]
    (found,) = trust_of(annotations, 0.7).values()
    assert (found.common, found.share) == (1, 1.0)
