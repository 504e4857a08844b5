"""What a canary and a champion earn in traffic, beside what was promised of them."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from models.configuration import TrainingConfiguration
from processors.training import OnTrial, TrainingAnswer, answer
from processors.training.live_reward import live_reward
from signalbox.events import Experience, encode
from signalbox.policy import Artifact, DecisionFeatures, FeatureConfiguration, Policy, digest_of, pack, unpack
from tests.models.logs import AGENTS, START, Reward, log, right_agent, trigger
from tests.processors.training.trials import UNIFORM, drawn, tried

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=12), held_out_share=0.5)
BEGUN = START + timedelta(hours=1)


@pytest.fixture(scope="module")
def champion() -> TrainingAnswer:
    """About .84 is what it earns; at least .6 is promised."""
    return answer(trigger(), log(600), None, CONFIGURATION)


@pytest.fixture(scope="module")
def heir(champion: TrainingAnswer) -> bytes:
    """The champion once more, as if it had been made from itself."""
    artifact = unpack(champion.artifact)
    lineage = structs.replace(artifact.manifest.lineage, parent_digest=champion.result.digest)
    return pack(Artifact(structs.replace(artifact.manifest, lineage=lineage), artifact.tensors))


def poor(kind: int, agent: int, rng: np.random.Generator) -> float:
    """Whoever is asked fails four times of five."""
    return float(rng.random() < 0.2)


def live(data: bytes, count: int, slot: str, reward: Reward = right_agent) -> list[Experience]:
    """What a policy decides alone in a slot, every fourth time the baseline instead."""
    policy, digest, rng = Policy.load(data), digest_of(data), np.random.default_rng(5)
    found = []
    for number, item in enumerate(log(count, seed=21)):
        at = BEGUN + timedelta(seconds=number)
        if number % 4:
            shares = policy.probabilities(DecisionFeatures.of(item.decision), AGENTS)
            found.append(drawn(item, shares, rng, reward, at=at, slot=slot, policy_digest=digest))
        else:
            found.append(drawn(item, UNIFORM, rng, right_agent, at=at))
    return found


def canary_answer(data: bytes, experiences: list[Experience]) -> TrainingAnswer:
    asked = trigger(reasons=("trial",), trial_digest=digest_of(data), occurred_at=BEGUN + timedelta(minutes=10))
    return answer(asked, experiences, None, CONFIGURATION, on_trial=OnTrial(data, "canary", BEGUN))


def test_a_canary_that_keeps_its_promise_goes_on(champion: TrainingAnswer) -> None:
    result = canary_answer(champion.artifact, live(champion.artifact, 200, "canary")).result
    assert (result.verdict, result.reason) == ("on_trial", "undecided")
    assert (result.trial.decisions, result.trial.disagreements, result.trial.seconds) == (200, 150, 600.0)
    assert result.trial.candidate_reward > result.trial.champion_reward + 0.2
    assert "goes on" in result.message
    encode(result)


def test_a_canary_without_rewards_goes_on(champion: TrainingAnswer) -> None:
    result = canary_answer(champion.artifact, []).result
    assert (result.verdict, result.trial.candidate_reward) == ("on_trial", None)
    assert "no rewards yet" in result.message


@pytest.mark.parametrize("with_estimate", [True, False])
def test_a_canary_below_its_promise_ends(champion: TrainingAnswer, with_estimate: bool) -> None:
    data = champion.artifact
    if not with_estimate:  # then the others' reward is the measure
        artifact = unpack(data)
        data = pack(Artifact(structs.replace(artifact.manifest, estimates={}), artifact.tensors))
    worse = live(data, 400, "canary", reward=lambda kind, agent, rng: 0.1)
    result = canary_answer(data, worse).result
    assert (result.verdict, result.reason, result.digest) == ("rejected", "below_promise", digest_of(data))
    assert result.trial is not None
    before = [structs.replace(item, occurred_at=BEGUN - timedelta(hours=1)) for item in worse]
    assert canary_answer(data, before).result.verdict == "on_trial"


def promise_answer(data: bytes | None, experiences: list[Experience], **changes: object) -> TrainingAnswer:
    digest = digest_of(data) if data else None
    return answer(trigger(digest, reasons=("below_promise",), **changes), experiences, data, CONFIGURATION)


def test_a_champion_below_its_promise_gives_way_to_its_parent(champion: TrainingAnswer, heir: bytes) -> None:
    result = promise_answer(heir, live(heir, 300, "champion", poor)).result
    assert (result.verdict, result.reason) == ("rolled_back", "below_promise"), result.message
    assert result.digest == champion.result.digest
    assert result.champion.upper < champion.result.candidate.lower
    encode(result)


def test_a_first_champion_has_nothing_to_go_back_to(champion: TrainingAnswer) -> None:
    result = promise_answer(champion.artifact, live(champion.artifact, 300, "champion", poor)).result
    assert (result.verdict, result.reason, result.digest) == ("rejected", "below_promise", None)
    assert "no earlier policy" in result.message


def test_a_false_alarm_changes_nothing(heir: bytes) -> None:
    for experiences in (live(heir, 300, "champion"), []):
        result = promise_answer(heir, experiences).result
        assert (result.verdict, result.reason) == ("rejected", "not_proven")
    assert promise_answer(None, []).result.reason == "not_proven"


def test_what_was_before_a_change_of_the_rewards_breaks_no_promise(heir: bytes) -> None:
    experiences = live(heir, 300, "champion", poor)
    result = promise_answer(heir, experiences, changed_at=BEGUN + timedelta(seconds=295)).result
    assert result.verdict == "rejected"


def test_draws_of_a_trial_count_with_the_champions_share(champion: TrainingAnswer, heir: bytes) -> None:
    """A bad candidate takes half of the disagreements; that is not the champion's fault."""
    opponent = _Opposite(Policy.load(heir))
    experiences = [
        structs.replace(
            item, decision=structs.replace(item.decision, slot="champion", policy_digest=digest_of(heir))
        )
        for item in tried(600, Policy.load(heir), opponent, "ab" * 32, BEGUN)
    ]
    result = promise_answer(heir, experiences).result
    assert np.mean([item.reward for item in experiences]) < 0.65
    assert result.verdict == "rejected"
    assert result.champion.value == pytest.approx(0.87, abs=0.06)


class _Opposite:
    """Takes what a policy would take last."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def probabilities(self, query: object, candidates: tuple[str, ...]) -> np.ndarray:
        return np.roll(self._policy.probabilities(query, candidates), 1)


@given(st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_the_live_rewards_bounds_hold_the_mean(seed: int, mean: float) -> None:
    rewards = np.random.default_rng(seed).random(200) < mean
    found = live_reward(rewards.tolist(), 0.001)
    assert 0.0 <= found.lower <= found.value <= found.upper <= 1.0
    assert found.lower <= mean <= found.upper or seed % 500 == 0


def test_without_rewards_nothing_is_known() -> None:
    found = live_reward([], 0.05)
    assert (found.value, found.lower, found.upper, found.samples) == (0.0, 0.0, 1.0, 0)
