"""The answer to a trigger: promoted with its bytes, or rejected with its reason; never a crash."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from models.configuration import TrainingConfiguration
from models.grpo import GrpoLearner
from models.held_out import is_held_out
from processors.training import TrainingAnswer, answer, newest_revisions
from processors.training.cards import bundle, cards_digest, unbundle
from signalbox.errors import ArtifactError, Stop
from signalbox.events import AgentCard, Experience, encode
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy, digest_of, unpack
from tests.models.logs import AGENTS, KINDS, START, experience, log, trigger

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=12), held_out_share=0.5)
GRPO = msgspec.structs.replace(CONFIGURATION, learner="grpo")


@pytest.fixture(scope="module")
def promoted() -> TrainingAnswer:
    return answer(trigger(), log(600), None, CONFIGURATION)


def test_a_good_log_promotes_a_policy_with_its_lineage(promoted: TrainingAnswer) -> None:
    result = promoted.result
    assert (result.verdict, result.reason) == ("promoted", "better")
    assert result.digest == digest_of(promoted.artifact)
    assert result.improvement.lower > result.threshold
    assert result.training_samples + result.held_out_samples == 600
    encode(result)
    manifest = unpack(promoted.artifact).manifest
    assert manifest == promoted.manifest
    assert (manifest.lineage.trigger_id, manifest.lineage.seed) == ("trigger-1", 3)
    assert manifest.lineage.configuration["seed"] == 3
    assert manifest.estimates["improvement"] == result.improvement


def test_the_same_trigger_twice_gives_the_same_bytes_in_any_order_of_arrival(promoted: TrainingAnswer) -> None:
    again = answer(trigger(), list(reversed(log(600))), None, CONFIGURATION)
    assert again.artifact == promoted.artifact
    assert encode(again.result) == encode(promoted.result)


def test_exploration_decays_with_every_promotion(promoted: TrainingAnswer) -> None:
    assert promoted.manifest.epsilon == pytest.approx(0.1 * 0.995)
    worse_log = log(900, seed=8, reward=lambda kind, agent, rng: float(agent == 3 - kind))
    second = answer(trigger(promoted.result.digest), worse_log, promoted.artifact, CONFIGURATION)
    assert second.result.verdict == "promoted"
    assert second.manifest.epsilon == pytest.approx(0.1 * 0.995**2)
    assert second.manifest.lineage.parent_digest == promoted.result.digest
    assert second.manifest.lineage.promotions == 2


def test_the_second_trigger_on_the_same_evidence_proves_nothing_new(promoted: TrainingAnswer) -> None:
    again = answer(trigger(promoted.result.digest, look=2), log(600), promoted.artifact, CONFIGURATION)
    assert again.result.verdict in ("rejected", "on_trial")
    assert again.result.champion_digest == promoted.result.digest


def test_held_out_experiences_are_never_trained_on() -> None:
    """Their rewards may say anything: the tensors stay the same."""
    share = CONFIGURATION.held_out_share
    twisted = [
        experience(item.decision, item.reward * 0.9) if is_held_out(item.decision_id, share) else item
        for item in log(600)
    ]
    one, other = (answer(trigger(), items, None, CONFIGURATION) for items in (log(600), twisted))
    assert one.artifact != other.artifact
    tensors = [unpack(item.artifact).tensors for item in (one, other)]
    assert all(tensors[0][name].tobytes() == tensors[1][name].tobytes() for name in tensors[0])


def test_training_reads_the_sample_and_the_gate_everything() -> None:
    everything = log(600)
    result = answer(trigger(), everything, None, CONFIGURATION, sample=everything[:200]).result
    held = [is_held_out(item.decision_id, CONFIGURATION.held_out_share) for item in everything]
    assert result.held_out_samples == sum(held)
    assert result.training_samples == 200 - sum(held[:200])


def test_the_newest_revision_counts_whatever_the_order() -> None:
    first = log(3)
    later = [experience(item.decision, 0.123, revision=1) for item in first]
    assert [item.reward for item in newest_revisions([*later, *first, *later], "acme")] == [0.123] * 3


def test_another_tenants_experience_stops_the_training() -> None:
    with pytest.raises(Stop, match="'acme', not 'other'"):
        newest_revisions(log(1), "other")


def test_a_trigger_made_under_another_champion_is_stale(promoted: TrainingAnswer) -> None:
    for given, expected in ((promoted.artifact, None), (None, promoted.result.digest)):
        result = answer(trigger(expected), log(600), given, CONFIGURATION).result
        assert (result.verdict, result.reason) == ("rejected", "stale_champion")
        assert "the baseline" in result.message


def test_a_champion_of_another_scope_or_of_no_format_is_an_error(promoted: TrainingAnswer) -> None:
    with pytest.raises(ArtifactError, match="unified"):
        answer(trigger(promoted.result.digest, scope="unified"), log(60), promoted.artifact, CONFIGURATION)
    with pytest.raises(ArtifactError):
        answer(trigger(), log(60), b"not a policy", CONFIGURATION)


def same_reward(items: list[Experience]) -> list[Experience]:
    return [experience(item.decision, 0.4) for item in items]


def without_propensity(items: list[Experience]) -> list[Experience]:
    bare = [msgspec.structs.replace(item.decision, propensity=None, probabilities=None) for item in items]
    return [experience(decision, item.reward) for decision, item in zip(bare, items, strict=True)]


@pytest.mark.parametrize(
    ("experiences", "reason", "words"),
    [
        ([], "insufficient_evidence", "0 experiences"),
        (log(49), "insufficient_evidence", "training needs 50"),
        (log(200, agents=AGENTS[:1]), "insufficient_evidence", "more than one candidate"),
        (same_reward(log(200)), "insufficient_evidence", "reward 0.4"),
        (without_propensity(log(200)), "insufficient_evidence", "carry their probabilities"),
        (log(200, reward=lambda kind, agent, rng: float(rng.random() < 0.5)), "not_proven", "Not proven"),
    ],
)
def test_bad_data_is_rejected_with_its_reason(
    experiences: Sequence[Experience], reason: str, words: str
) -> None:
    found = answer(trigger(), experiences, None, msgspec.structs.replace(CONFIGURATION, trials=False))
    assert (found.result.verdict, found.result.reason, found.artifact) == ("rejected", reason, None)
    assert words in found.result.message
    encode(found.result)


def test_one_reward_class_among_the_held_out_ones_is_no_proof() -> None:
    share = CONFIGURATION.held_out_share
    items = [
        experience(item.decision, 1.0) if is_held_out(item.decision_id, share) else item for item in log(200)
    ]
    result = answer(trigger(), items, None, CONFIGURATION).result
    assert (result.verdict, result.reason) == ("rejected", "not_proven")


def test_some_without_propensity_are_named_in_the_message() -> None:
    items = log(600)
    result = answer(trigger(), without_propensity(items[:40]) + items[40:], None, GRPO).result
    assert "without propensity were not learned from" in result.message


def test_weights_that_are_not_finite_are_an_invalid_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    fit = GrpoLearner.fit

    def broken(self: Any, *arguments: Any) -> Any:
        trained = fit(self, *arguments)
        trained.tensors["bias"] = np.full_like(trained.tensors["bias"], np.nan)
        return trained

    monkeypatch.setattr(GrpoLearner, "fit", broken)
    result = answer(trigger(), log(200), None, GRPO).result
    assert (result.verdict, result.reason) == ("rejected", "invalid")


def test_the_published_policy_decides_well(promoted: TrainingAnswer) -> None:
    policy = Policy.load(promoted.artifact)
    found = policy.probabilities(DecisionFeatures("find a video about jazz"), AGENTS)
    assert found.argmax() == 0
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


def test_the_manifest_says_how_the_policy_explores_and_what_its_confidence_is_worth() -> None:
    value = answer(trigger(), log(600), None, CONFIGURATION).manifest
    grpo = answer(trigger(), log(600), None, GRPO).manifest
    assert (value.kind, value.exploration) == ("value", CONFIGURATION.exploration)
    assert (grpo.kind, grpo.exploration) == ("softmax", "epsilon_greedy")
    held_out = sum(is_held_out(item.decision_id, CONFIGURATION.held_out_share) for item in log(600))
    assert all(0 < manifest.calibration.samples <= held_out for manifest in (value, grpo))


def test_agent_cards_are_learned_from_and_named_by_their_digest() -> None:
    cards = [
        encode(AgentCard(tenant_id="acme", occurred_at=START, agent=agent, description=kind.format("x")))
        for agent, kind in zip(AGENTS, KINDS, strict=True)
    ]
    with_cards = answer(trigger(), log(600), None, CONFIGURATION, cards=cards)
    assert with_cards.manifest.cards_digest == digest_of(bundle(cards)) == cards_digest(cards)
    assert unbundle(bundle(cards)) == tuple(cards)
    without = answer(trigger(), log(600), None, CONFIGURATION)
    assert (without.manifest.cards_digest, cards_digest([])) == (None, None)
    again = answer(trigger(), log(600), None, CONFIGURATION, cards=cards)
    assert again.artifact == with_cards.artifact != without.artifact


def test_after_a_change_only_what_came_since_counts_and_training_starts_fresh(
    promoted: TrainingAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts, fit = [], GrpoLearner.fit

    def watched(self: Any, experiences: Any, champion: Any, *rest: Any) -> Any:
        starts.append(champion)
        return fit(self, experiences, champion, *rest)

    monkeypatch.setattr(GrpoLearner, "fit", watched)
    changed_at = START + timedelta(seconds=300)
    late = [item for item in log(600) if item.occurred_at >= changed_at]
    asked = trigger(promoted.result.digest, changed_at=changed_at)
    one, other = (answer(asked, items, promoted.artifact, GRPO) for items in (log(600), late))
    assert encode(one.result) == encode(other.result)
    assert one.result.training_samples + one.result.held_out_samples == len(late) == 300
    answer(trigger(promoted.result.digest), late, promoted.artifact, GRPO)
    assert [start is None for start in starts] == [True, True, False]
