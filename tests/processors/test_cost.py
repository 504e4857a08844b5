"""What a decision cost is taken from its reward, by the request's weight or its tenant's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.cost import CostPolicy, after_cost
from processors.policies import Policies
from signalbox.events import Experience
from tests.processors.builders import Worker, decision, outcome

SIGNALS = {"search_quality": 0.8, "agent_success": True, "user_satisfaction": 0.8, "processing_time_s": 0.0}
QUALITY = 0.86


def experienced(policy: CostPolicy, cost: float | None, **fields: object) -> Experience:
    """The experience that a decision and its outcome give under a cost policy."""
    worker = Worker(Policies(cost=policy))
    worker.feed(decision(**fields), outcome(**(SIGNALS if cost is None else SIGNALS | {"cost": cost})))
    [found] = worker.standing()
    return found


@pytest.mark.parametrize(
    ("policy", "asked", "weight"),
    [
        (CostPolicy(weight=2.0), None, 2.0),
        (CostPolicy(weight=2.0, tenant_weights={"harbor": 5.0}), None, 5.0),
        (CostPolicy(weight=2.0, tenant_weights={"meadow": 5.0}), None, 2.0),
        (CostPolicy(weight=2.0, tenant_weights={"harbor": 5.0}), 1.0, 1.0),
    ],
)
def test_the_request_says_what_cost_weighs_or_else_its_tenant(
    policy: CostPolicy, asked: float | None, weight: float
) -> None:
    found = experienced(policy, 0.1, cost_weight=asked)
    assert found.reward == pytest.approx(QUALITY - weight * 0.1)
    assert found.quality == pytest.approx(QUALITY)
    assert found.cost_weight == weight
    assert found.reward_before_cost == found.quality


@pytest.mark.parametrize(
    ("policy", "cost", "asked"),
    [
        (CostPolicy(), 0.1, None),
        (CostPolicy(weight=2.0), None, None),
        (CostPolicy(weight=2.0), 0.0, None),
        (CostPolicy(weight=2.0), 0.1, 0.0),
    ],
)
def test_without_weight_or_cost_the_reward_is_the_quality(
    policy: CostPolicy, cost: float | None, asked: float | None
) -> None:
    found = experienced(policy, cost, cost_weight=asked)
    assert found.reward == pytest.approx(QUALITY)
    assert (found.quality, found.cost_weight) == (None, 0.0)
    assert found.reward_before_cost == found.reward


@given(st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_reward_after_cost_stays_between_0_and_the_quality(
    quality: float, cost: float, weight: float
) -> None:
    assert 0.0 <= after_cost(quality, cost, weight) <= quality
