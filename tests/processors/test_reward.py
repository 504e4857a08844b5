"""The one number that everything is learned from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.reward import RewardPolicy, reward, time_penalty
from signalbox.events import Signals

POLICY = RewardPolicy()

ratios = st.none() | st.floats(0, 1)
all_signals = st.builds(
    Signals,
    search_quality=ratios,
    agent_success=st.none() | st.booleans(),
    user_satisfaction=ratios,
    processing_time_s=st.none() | st.floats(0, 86_400),
)


@pytest.mark.parametrize(
    ("quality", "success", "satisfaction", "time_s", "expected"),
    [
        (0.92, True, 0.95, 1.2, 0.923),
        (0.95, True, 0.92, 0.5, 0.940848),
        (0.4, False, 0.3, 5.0, 0.185897),
        (0.9, True, 0.8, 1.0, 0.873684),
        (0.3, False, 0.2, 5.0, 0.115897),
        (0.7, True, None, 0.0, 0.828571),
        (0.5, True, None, None, 0.714286),
        (1.0, True, 0.0, None, 0.7),
        (0.0, False, None, 100.0, 0.0),
    ],
)
def test_the_predecessors_scenarios_with_the_new_penalty(
    quality: float, success: bool, satisfaction: float | None, time_s: float | None, expected: float
) -> None:
    signals = Signals(
        search_quality=quality,
        agent_success=success,
        user_satisfaction=satisfaction,
        processing_time_s=time_s,
    )
    assert reward(signals, POLICY) == pytest.approx(expected, abs=5e-7)


def test_reward_signal_computation() -> None:
    """The specification's second scenario."""
    high = Signals(search_quality=0.95, agent_success=True, user_satisfaction=0.92, processing_time_s=0.5)
    low = Signals(search_quality=0.4, agent_success=False, user_satisfaction=0.3, processing_time_s=5.0)
    assert (reward(high, POLICY) or 0.0) > 0.85
    assert (reward(low, POLICY) or 1.0) < 0.4


def test_the_worked_example_of_the_specification_is_exact() -> None:
    signals = Signals(search_quality=0.92, agent_success=True, user_satisfaction=0.95, processing_time_s=1.2)
    assert reward(signals, POLICY) == pytest.approx(0.923, abs=1e-12)


def test_penalty_at_ten_seconds() -> None:
    assert time_penalty(10.0, POLICY) == pytest.approx(0.078125, abs=1e-15)


def test_penalty_is_half_at_the_half_time_and_bounded() -> None:
    assert time_penalty(2.8, POLICY) == pytest.approx(0.05)
    assert time_penalty(86_400.0, POLICY) < 0.1
    assert time_penalty(0.0, POLICY) == time_penalty(None, POLICY) == 0.0


@given(all_signals)
def test_in_range_or_absent(signals: Signals) -> None:
    judged = (signals.search_quality, signals.agent_success, signals.user_satisfaction)
    value = reward(signals, POLICY)
    if all(each is None for each in judged):
        assert value is None
    else:
        assert value is not None
        assert 0.0 <= value <= 1.0


@given(all_signals, st.floats(0, 1), st.floats(0, 1))
def test_more_quality_or_satisfaction_is_never_worse(signals: Signals, first: float, second: float) -> None:
    low, high = sorted((first, second))
    for name in ("search_quality", "user_satisfaction"):
        worse = reward(signals.updated_with(Signals(**{name: low})), POLICY)
        better = reward(signals.updated_with(Signals(**{name: high})), POLICY)
        assert worse is not None
        assert better is not None
        assert worse <= better + 1e-12


@given(all_signals, st.floats(0, 86_400), st.floats(0, 86_400))
def test_more_time_is_never_better_and_success_never_worse(
    signals: Signals, first: float, second: float
) -> None:
    signals = signals.updated_with(Signals(search_quality=0.5))
    quick, slow = sorted((first, second))
    fast_reward = reward(signals.updated_with(Signals(processing_time_s=quick)), POLICY)
    slow_reward = reward(signals.updated_with(Signals(processing_time_s=slow)), POLICY)
    assert (fast_reward or 0.0) >= (slow_reward or 0.0) - 1e-12
    failed = reward(signals.updated_with(Signals(agent_success=False)), POLICY)
    succeeded = reward(signals.updated_with(Signals(agent_success=True)), POLICY)
    assert (failed or 0.0) <= (succeeded or 0.0)


def test_another_arithmetic_has_another_version() -> None:
    assert RewardPolicy().version == RewardPolicy().version
    others = {RewardPolicy(time_half_s=10.0).version, RewardPolicy(search_quality_weight=0.5).version}
    assert len(others) == 2
    assert RewardPolicy().version not in others


def test_without_weight_a_signal_says_nothing() -> None:
    policy = RewardPolicy(user_satisfaction_weight=0.0)
    assert reward(Signals(user_satisfaction=0.9), policy) is None
    assert reward(Signals(user_satisfaction=0.9, search_quality=0.4), policy) == pytest.approx(0.4)
