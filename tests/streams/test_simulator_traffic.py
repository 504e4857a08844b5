"""The simulated traffic: realistic, seeded, and true about itself."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.reward import RewardPolicy, reward
from signalbox.errors import ConfigurationError
from signalbox.events import Signals
from streams.settings import load_settings
from streams.simulator.build import Scenario, build_traffic
from streams.simulator.delivery import DeliveryPolicy, reports_of
from streams.simulator.generated import AGENTS, generated_workload
from streams.simulator.outcomes import OutcomeModel
from streams.simulator.score import SPAN, Score
from streams.simulator.traffic import Traffic

REWARD_OF = partial(reward, policy=RewardPolicy())
ratios = st.floats(0, 1)


@pytest.mark.parametrize("seed", range(20))
def test_no_single_agent_comes_near_the_optimum(seed: int) -> None:
    workload = generated_workload(seed % 8, seed=seed, reward_of=REWARD_OF)

    assert workload.best_single_agent == "generalist"
    assert workload.uniform_reward + 0.05 < workload.best_single_agent_reward
    assert workload.best_single_agent_reward + 0.25 < workload.optimal_reward


def test_the_best_agent_depends_on_the_kind_the_modality_and_the_tenant() -> None:
    first, second = (generated_workload(i, seed=1, reward_of=REWARD_OF) for i in (0, 1))
    best = first.outcomes.expected.argmax(axis=1)

    assert len(set(best[::2])) == 9
    assert (best[::2] != best[1::2]).sum() >= 7
    assert (best != second.outcomes.expected.argmax(axis=1)).any()
    assert first.agents == second.agents


@given(strength=ratios, time_s=st.floats(0.01, 60))
@settings(max_examples=20, deadline=None)
def test_the_expected_reward_is_the_mean_of_what_is_drawn(strength: float, time_s: float) -> None:
    model = OutcomeModel(np.array([[strength]]), np.array([time_s]), REWARD_OF)
    rng = np.random.default_rng(0)
    drawn = [model.reward(model.draw(0, 0, rng)) for _ in range(2000)]

    assert model.expected[0, 0] == pytest.approx(np.mean(drawn), abs=5 * np.std(drawn) / 2000**0.5 + 1e-4)


def test_an_outcome_without_noise_left_has_the_reward_of_the_formula() -> None:
    free = RewardPolicy(search_quality_weight=0, user_satisfaction_weight=0)
    model = OutcomeModel(np.array([[0.25]]), np.array([2.8]), partial(reward, policy=free))
    penalty = sum(0.1 * t / (t + 2.8) for t in (1.4, 2.24, 3.36, 6.16)) / 4

    assert model.expected[0, 0] == pytest.approx(0.25 * (1 - penalty))  # a failure can't fall below 0


@given(constant=ratios)
@settings(max_examples=30, deadline=None)
def test_a_constant_reward_is_the_same_for_every_agent_and_every_part(constant: float) -> None:
    model = OutcomeModel(np.array([[0.1, 0.9]]), np.array([1.0, 5.0]), REWARD_OF, constant)
    rng = np.random.default_rng(0)

    assert model.expected == pytest.approx(constant)
    for _ in range(50):
        signals = model.draw(0, int(rng.integers(2)), rng)
        for report in reports_of(signals, DeliveryPolicy(lost=0, in_parts=0.5), rng):
            assert REWARD_OF(report.signals) == pytest.approx(constant)


def test_outcomes_come_late_in_parts_twice_and_not_at_all_as_often_as_asked() -> None:
    policy = DeliveryPolicy()
    whole = Signals(search_quality=0.5, agent_success=True, user_satisfaction=0.4, processing_time_s=1.0)
    rng = np.random.default_rng(3)
    kinds: Counter[str] = Counter()
    for _ in range(5000):
        reports = reports_of(whole, policy, rng)
        kinds["lost"] += not reports
        if not reports:
            continue
        assert all(a.delay_s <= b.delay_s for a, b in itertools.pairwise(reports))
        assert policy.shortest_delay_s <= reports[0].delay_s <= policy.longest_delay_s
        merged = Signals()
        for report in reports:
            merged = merged.updated_with(report.signals)
        kinds["without satisfaction"] += merged.user_satisfaction is None
        kinds["in parts"] += merged == whole != reports[0].signals
        kinds["twice"] += len(reports) > 1 and reports[-1].signals == reports[-2].signals
        assert merged in (whole, reports[0].signals)

    shares = {kind: count / 5000 for kind, count in kinds.items()}
    assert shares == pytest.approx(
        {"lost": 0.04, "without satisfaction": 0.05, "in parts": 0.2, "twice": 0.02 * 0.96}, abs=0.015
    )


def test_the_same_seed_gives_the_same_traffic_whatever_is_chosen() -> None:
    def play(seed: int, agent: str) -> tuple[list[object], Traffic]:
        traffic = build_traffic(Scenario(seed=seed), load_settings())
        tasks = []
        for _ in range(200):
            tenant, task = traffic.next_task()
            traffic.respond(tenant, task, agent)
            tasks.append((tenant, task))
        return tasks, traffic

    tasks, traffic = play(5, "generalist")
    again, same = play(5, "generalist")
    others, other = play(5, "researcher")
    different, _ = play(6, "generalist")

    assert tasks == again == others != different
    assert traffic.total.last == same.total.last != other.total.last
    assert {tenant for tenant, _ in tasks} == {0, 1, 2}


def test_the_score_of_an_agent_chosen_for_everything_approaches_its_expectation() -> None:
    traffic = build_traffic(Scenario(seed=2, tenants=1), load_settings())
    workload, score = traffic.workloads[0], traffic.scores[0]
    rewards = 0.0
    for _ in range(4000):
        tenant, task = traffic.next_task()
        traffic.respond(tenant, task, "generalist")
        rewards += score.last or 0.0

    assert rewards / 4000 == pytest.approx(workload.best_single_agent_reward, abs=0.02)
    assert score.regret / 4000 == pytest.approx(
        workload.optimal_reward - workload.best_single_agent_reward, abs=0.02
    )


def test_the_optimal_choice_has_no_regret() -> None:
    traffic = build_traffic(Scenario(seed=2, tenants=2), load_settings())
    for _ in range(500):
        tenant, task = traffic.next_task()
        workload = traffic.workloads[tenant]
        traffic.respond(tenant, task, workload.agents[workload.outcomes.expected[task.cell].argmax()])

    assert traffic.total.regret == 0
    assert traffic.total.last == pytest.approx(traffic.total.optimal, abs=0.03)


@given(rewards=st.lists(ratios, min_size=1, max_size=1300))
@settings(max_examples=30, deadline=None)
def test_first_and_last_are_means_over_five_hundred_decisions(rewards: list[float]) -> None:
    score = Score(best_single_agent=0.5, optimal=0.9)
    for value in rewards:
        score.add(value, 0.0)

    assert score.first == pytest.approx(np.mean(rewards[:SPAN]))
    assert score.last == pytest.approx(np.mean(rewards[-SPAN:]))


def test_a_score_without_decisions_says_so() -> None:
    score = Score(best_single_agent=0.5, optimal=0.9)

    assert score.first is score.last is None


def test_tenants_ask_more_or_less_often_and_the_total_knows_it() -> None:
    traffic = build_traffic(Scenario(seed=2, tenants=3), load_settings())
    for _ in range(3000):
        tenant, task = traffic.next_task()
        traffic.respond(tenant, task, "generalist")
    shares = [6 / 11, 3 / 11, 2 / 11]

    assert [score.decisions / 3000 for score in traffic.scores] == pytest.approx(shares, abs=0.03)
    for name in ("optimal", "best_single_agent"):
        mean = sum(share * getattr(score, name) for share, score in zip(shares, traffic.scores, strict=True))
        assert getattr(traffic.total, name) == pytest.approx(mean)
    assert traffic.total.regret == pytest.approx(sum(score.regret for score in traffic.scores))


@pytest.mark.parametrize("number", range(8))
def test_in_a_changed_world_no_agent_keeps_its_own_place(number: int) -> None:
    before = generated_workload(number, seed=3, reward_of=REWARD_OF)
    after, again = (before.changed(np.random.default_rng(number)) for _ in range(2))
    former = [before.outcomes.time_s.tolist().index(time_s) for time_s in after.outcomes.time_s]

    assert sorted(former) == list(range(len(AGENTS)))
    assert all(i != place for i, place in enumerate(former))
    assert (after.outcomes.strengths == before.outcomes.strengths[:, former]).all()
    assert (after.outcomes.strengths == again.outcomes.strengths).all()
    assert (after.outcomes.strengths != before.changed(np.random.default_rng(99)).outcomes.strengths).any()


def test_what_is_expected_of_a_changed_world_is_as_exact_as_before() -> None:
    before = generated_workload(0, seed=3, reward_of=REWARD_OF)
    after = before.changed(np.random.default_rng(0))
    anew = OutcomeModel(after.outcomes.strengths, after.outcomes.time_s, REWARD_OF)

    assert after.outcomes.expected == pytest.approx(anew.expected)
    assert after.best_single_agent != before.best_single_agent
    assert after.best_single_agent_reward == pytest.approx(before.best_single_agent_reward)
    assert after.optimal_reward == pytest.approx(before.optimal_reward)
    former_choice = before.outcomes.expected.argmax(axis=1)
    earned = after.outcomes.expected[np.arange(len(former_choice)), former_choice]
    assert after.shares @ earned < after.best_single_agent_reward  # what was learned holds no more


def test_until_the_world_changes_nothing_is_different() -> None:
    plain, changing = (build_traffic(Scenario(seed=7, change_at=n), load_settings()) for n in (None, 300))
    same = []
    for i in range(600):
        assert plain.changed_at is None
        assert changing.changed_at == (None if i < 300 else 300)
        (tenant, task), asked = plain.next_task(), changing.next_task()
        assert (tenant, task) == asked
        same.append(plain.respond(tenant, task, "generalist") == changing.respond(tenant, task, "generalist"))

    assert all(same[:300])
    assert not all(same[300:])
    lost = [
        w.best_single_agent_reward - float(w.shares @ w.outcomes.expected[:, 0]) for w in changing.workloads
    ]
    assert min(lost) > 0.05  # the generalist is one no more
    assert changing.total.last is not None and plain.total.last is not None
    assert changing.total.last < plain.total.last - 0.05


def test_more_tenants_than_there_are_names_for_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="tenants: 9"):
        build_traffic(Scenario(tenants=9), load_settings())
