"""What the service says of a policy from the log: the same numbers as the estimators, or why it can't."""

import msgspec
import pytest

from models.configuration import TrainingConfiguration
from models.held_out import is_held_out
from models.ope import Insufficient, ValueEstimate
from processors.training import answer
from processors.training.evaluation import evaluate
from signalbox.errors import Stop
from signalbox.policy import FeatureConfiguration, Policy
from tests.models.logs import experience, log, trigger

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=12), exploration="epsilon_greedy")


@pytest.fixture(scope="module")
def policy() -> Policy:
    found = answer(trigger(), log(600), None, CONFIGURATION)
    assert found.artifact is not None
    return Policy.load(found.artifact)


def test_a_policy_that_is_nearly_always_right_is_worth_what_it_earns(policy: Policy) -> None:
    found = evaluate(log(2000, seed=9), policy)
    assert isinstance(found.recommended, ValueEstimate)
    assert isinstance(found.anytime, ValueEstimate)
    share = policy.epsilon * 3 / 4
    true = (1 - share) * 0.9 + share * 0.3
    assert found.recommended.lower <= true <= found.recommended.upper
    assert found.anytime.upper - found.anytime.lower > found.recommended.upper - found.recommended.lower
    assert found.logged_reward == pytest.approx(0.45, abs=0.03)
    assert set(found.by_method) == {"stratified", "ips", "snips", "clipped_ips", "dm", "dr", "sndr"}
    assert all(value == pytest.approx(true, abs=0.08) for value in found.by_method.values()), found.by_method
    msgspec.json.encode(found)


def test_only_what_is_held_out_is_read(policy: Policy) -> None:
    items = log(1000, seed=9)
    share = CONFIGURATION.held_out_share
    twisted = [
        item if is_held_out(item.decision_id, share) else experience(item.decision, 0.0) for item in items
    ]
    assert evaluate(twisted, policy) == evaluate(items, policy)
    assert evaluate(items, policy).held_out == sum(is_held_out(item.decision_id, share) for item in items)


def test_what_was_decided_before_a_change_is_void(policy: Policy) -> None:
    items = log(1000, seed=9)
    late = evaluate(items, policy, since=items[500].occurred_at)
    assert late == evaluate(items[500:], policy)


def test_too_little_is_said_to_be_too_little(policy: Policy) -> None:
    for items in ([], log(20, seed=9)):
        found = evaluate(items, policy)
        assert isinstance(found.recommended, Insufficient)
        assert isinstance(found.anytime, Insufficient)
        assert (found.logged_reward, found.by_method) == (None, {})
        assert "Insufficient evidence" in found.recommended.message


def test_another_tenants_experience_stops_it(policy: Policy) -> None:
    with pytest.raises(Stop, match="'other'"):
        evaluate([msgspec.structs.replace(log(1)[0], tenant_id="other")], policy)


def test_the_limit_of_effective_samples_is_the_configurations() -> None:
    strict = msgspec.structs.replace(CONFIGURATION, min_effective_samples=10_000.0)
    found = answer(trigger(), log(600), None, strict)
    assert found.artifact is not None
    evaluated = evaluate(log(2000, seed=9), Policy.load(found.artifact)).recommended
    assert isinstance(evaluated, Insufficient)
    assert (evaluated.reason, evaluated.limit) == ("effective_samples", 10_000.0)
