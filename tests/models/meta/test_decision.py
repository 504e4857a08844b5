"""Whether to train: the rules (scenario group 10), what is learned, and the floor below it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.meta import (
    ModelingContext,
    QueryModality,
    Report,
    TrainingDecisionModel,
    must_train,
    rules_decide,
    save,
)
from tests.models.meta.histories import VIDEO, any_context, contexts, improvements

HISTORY = contexts(80)
OUTCOMES = improvements(HISTORY)
LEARNED = TrainingDecisionModel()
STATUS = LEARNED.train(HISTORY, targets=OUTCOMES)
NEVER_PAID = TrainingDecisionModel()
NEVER_PAID_STATUS = NEVER_PAID.train(HISTORY, targets=[i == 0 for i in range(len(HISTORY))])


def context(
    real: int, synthetic: int, success: float | None, days: float, quality: float = 0.8
) -> ModelingContext:
    return ModelingContext(
        modality=VIDEO,
        real_sample_count=real,
        synthetic_sample_count=synthetic,
        success_rate=success,
        days_since_last_training=days,
        data_quality_score=quality,
    )


@pytest.mark.parametrize(
    ("known", "answer"),
    [
        (context(100, 0, 0.75, 10), (True, 0.05)),
        (context(20, 10, 0.75, 10), (False, 0.0)),
        (context(30, 150, 0.70, 10, quality=0.85), (True, 0.075)),
        (context(100, 0, 0.95, 3), (False, 0.0)),
        (context(100, 0, 0.95, 7), (True, 0.0)),
        # Not in the group: what is unknown shows no room and no quality.
        (context(50, 0, 0.84, 0), (True, 0.005)),
        (context(49, 100, 0.5, 10, quality=0.7), (False, 0.0)),
        (context(100, 0, None, 6.9), (False, 0.0)),
        (ModelingContext(synthetic_sample_count=100), (True, 0.0)),
        (ModelingContext(), (False, 0.0)),
    ],
)
def test_the_rules(known: ModelingContext, answer: tuple[bool, float]) -> None:
    should_train, improvement = TrainingDecisionModel().should_train(known)
    assert (should_train, improvement) == (answer[0], pytest.approx(answer[1]))


def test_two_rows_leave_the_rules_in_charge() -> None:
    """The specification's scenario 3, as written."""
    rows = [
        ModelingContext(
            modality=QueryModality.VIDEO, real_sample_count=100, success_rate=0.85, days_since_last_training=30
        ),
        ModelingContext(
            modality=QueryModality.VIDEO, real_sample_count=10, success_rate=0.6, days_since_last_training=5
        ),
    ]
    model = TrainingDecisionModel()
    status = model.train(rows, targets=[True, False])
    assert status["status"] == "insufficient_data"
    assert status["in_charge"] == "rules" and not model.is_trained
    assert model.should_train(rows[0])[0] == True  # noqa: E712 - as written
    assert model.should_train(rows[1])[0] == False  # noqa: E712


@pytest.mark.parametrize(
    ("count", "targets", "reason"),
    [
        (0, [], "0 examples, at least 20 are needed"),
        (1, [True], "1 examples, at least 20"),
        (19, [i % 2 == 0 for i in range(19)], "19 examples"),
        (30, [0.3] * 30, "all 30 examples have the same answer"),
    ],
)
def test_too_little_is_said_and_changes_nothing(count: int, targets: list[Any], reason: str) -> None:
    model = TrainingDecisionModel(LEARNED.classifier, LEARNED.gain)
    status = model.train(HISTORY[:count], targets=targets)
    assert (status["status"], status["samples"], status["in_charge"]) == ("insufficient_data", count, "model")
    assert reason in status["reason"]
    assert model == LEARNED


@pytest.mark.parametrize(
    ("targets", "message"), [([True], "1 for 2 contexts"), ([0.1, float("nan")], r"targets\[1\]: nan")]
)
def test_targets_that_do_not_fit_are_refused(targets: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingDecisionModel().train(HISTORY[:2], targets=targets)


def test_what_pays_is_learned_from_history() -> None:
    assert STATUS["status"] == "success" and STATUS["in_charge"] == "model"
    assert STATUS["judged"] == 40 and STATUS["samples"] == 80
    assert STATUS["accuracy"] > 0.9 > STATUS["rules_accuracy"]
    assert STATUS["positive_rate"] == pytest.approx(np.mean(np.array(OUTCOMES) > 0.02))
    fresh = contexts(200, seed=1)
    found = [LEARNED.should_train(item) for item in fresh]
    right = [answer == (gain > 0.02) for (answer, _), gain in zip(found, improvements(fresh), strict=True)]
    assert np.mean(right) > 0.9
    assert all(type(answer) is bool and 0.0 <= gain <= 0.06 for answer, gain in found)
    assert {gain > 0.03 for answer, gain in found if answer} == {True}


def test_the_report_compares_on_the_same_trainings() -> None:
    report = LEARNED.report(HISTORY, OUTCOMES)
    assert report.model and report.rules
    assert report.judged == 40 and report.model_is_better
    paying = sum(gain > 0.02 for gain in OUTCOMES[40:])
    # The rules would train every time.
    assert (report.rules.paid, report.rules.wasted, report.rules.missed) == (paying, 40 - paying, 0)
    assert report.model.paid + report.model.missed == paying
    assert report.model.wasted < report.rules.wasted
    assert report.model.accuracy == STATUS["accuracy"]
    short = LEARNED.report(HISTORY[:5], OUTCOMES[:5])
    assert short.model is None and short.rules and short.judged == 5 and not short.model_is_better
    assert LEARNED.report([], []).judged == 0


def test_a_model_that_is_no_better_than_the_rules_is_not_put_in_charge() -> None:
    model = TrainingDecisionModel(LEARNED.classifier, LEARNED.gain)
    # What was learned turns around: in the later half, what used to pay doesn't.
    turned = OUTCOMES[:40] + [0.05 - gain for gain in OUTCOMES[40:]]
    status = model.train(HISTORY, targets=turned)
    assert (status["status"], status["in_charge"]) == ("not_better", "rules")
    assert status["p_value"] > 0.05
    assert not model.is_trained
    assert [model.should_train(item) for item in HISTORY] == [rules_decide(item) for item in HISTORY]


@pytest.mark.parametrize(
    ("wins", "losses", "p_value", "better"),
    [
        (5, 0, 1 / 32, True),
        (4, 0, 1 / 16, False),
        (0, 0, 1.0, False),
        (9, 2, 67 / 2048, True),
        (3, 7, 968 / 1024, False),
    ],
)
def test_better_is_beyond_chance(wins: int, losses: int, p_value: float, better: bool) -> None:
    report = Report(judged=20, wins=wins, losses=losses)
    assert report.p_value == pytest.approx(p_value)
    assert report.model_is_better is better


def test_noise_is_seldom_put_in_charge() -> None:
    found = []
    for seed in range(15):
        noise = np.random.default_rng(seed).random(40) < 0.5
        found.append(TrainingDecisionModel().train(contexts(40, seed), noise.tolist())["in_charge"])
    assert found.count("model") <= 2


@pytest.mark.parametrize(
    ("known", "must"),
    [
        (context(50, 0, 0.8, 14), True),
        (context(50, 0, 0.8, 13.9), False),
        (context(100, 0, 0.75, 0), True),
        (context(99, 0, 0.75, 0), False),
        (context(100, 0, 0.76, 0), False),
        (context(49, 0, 0.1, 999), False),
        (context(5, 100, None, 999), True),
    ],
)
def test_the_floor(known: ModelingContext, must: bool) -> None:
    assert must_train(known) == must


def test_a_model_that_has_only_seen_failures_cannot_veto_everything() -> None:
    assert NEVER_PAID_STATUS["in_charge"] == "model"
    assert NEVER_PAID.should_train(context(60, 0, 0.5, 2))[0] is False
    assert NEVER_PAID.should_train(context(60, 0, 0.5, 14)) == (True, pytest.approx(0.175))
    assert NEVER_PAID.should_train(context(1000, 0, 0.5, 0))[0] is True


@settings(max_examples=150, deadline=None)
@given(any_context)
def test_whatever_was_learned_the_floor_holds(known: ModelingContext) -> None:
    for model in (TrainingDecisionModel(), LEARNED, NEVER_PAID):
        answer, improvement = model.should_train(known)
        assert answer or not must_train(known)
        assert 0.0 <= improvement <= 0.5
        assert not answer or known.real_sample_count + known.synthetic_sample_count > 0
        assert model.should_train(known) == (answer, improvement)


@settings(max_examples=5, deadline=None)
@given(st.integers(20, 60), st.integers(0, 5))
def test_the_same_history_gives_the_same_bytes(count: int, seed: int) -> None:
    history = contexts(count, seed)
    first, second = TrainingDecisionModel(), TrainingDecisionModel()
    assert first.train(history, improvements(history)) == second.train(history, improvements(history))
    assert save(first) == save(second)
