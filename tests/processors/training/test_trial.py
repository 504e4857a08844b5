"""A trial from the log: promoted, rejected for each reason, or going on; the same answer every time."""

from datetime import timedelta

import numpy as np
import pytest
from msgspec import structs

from models.configuration import TrainingConfiguration
from processors.training import OnTrial, TrainingAnswer, answer
from processors.training.answers import Deployed
from processors.training.trial_units import units_of
from signalbox.errors import ArtifactError
from signalbox.events import Experience, TrainingResult, encode
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy, digest_of
from tests.models.logs import AGENTS, START, log, right_agent, trigger
from tests.processors.training.trials import drawn, fair_coin, other_way_round, tried

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=12), held_out_share=0.5)
BEGUN = START + timedelta(hours=1)


@pytest.fixture(scope="module")
def begun() -> TrainingAnswer:
    """A candidate that a short log makes promising."""
    return answer(trigger(), log(60), None, CONFIGURATION)


@pytest.fixture(scope="module")
def champion() -> TrainingAnswer:
    return answer(trigger(), log(600), None, CONFIGURATION)


def judged(
    begun: TrainingAnswer,
    given: list[Experience],
    champion: TrainingAnswer | None = None,
    configuration: TrainingConfiguration = CONFIGURATION,
    **changes: object,
) -> TrainingAnswer:
    digest, data = begun.result.digest, begun.artifact
    assert data is not None and digest is not None
    asked = trigger(
        champion.result.digest if champion else None,
        reasons=("trial",),
        trial_digest=digest,
        occurred_at=BEGUN + timedelta(hours=1),
        **changes,
    )
    on_trial = OnTrial(data, "trial", BEGUN)
    return answer(asked, given, champion.artifact if champion else None, configuration, on_trial=on_trial)


def log_of(begun: TrainingAnswer, count: int, champion: TrainingAnswer | None = None, **rest: object) -> list:
    policies = [Policy.load(each.artifact) if each and each.artifact else None for each in (champion, begun)]
    return list(tried(count, *policies, begun.result.digest, BEGUN, **rest))


def test_a_promising_candidate_comes_with_its_bytes(begun: TrainingAnswer) -> None:
    assert (begun.result.verdict, begun.result.reason) == ("on_trial", "promising")
    assert begun.artifact is not None and begun.result.digest == digest_of(begun.artifact)
    assert answer(trigger(), log(60), None, CONFIGURATION).artifact == begun.artifact


def test_without_trials_it_is_rejected() -> None:
    found = answer(trigger(), log(60), None, structs.replace(CONFIGURATION, trials=False))
    assert (found.result.verdict, found.artifact) == ("rejected", None)


def test_a_better_candidate_is_promoted_with_the_bytes_that_were_tried(begun: TrainingAnswer) -> None:
    found = judged(begun, log(60) + log_of(begun, 200))
    assert (found.result.verdict, found.result.reason) == ("promoted", "better")
    assert (found.artifact, found.result.digest) == (begun.artifact, begun.result.digest)
    assert found.result.candidate == begun.result.candidate  # what was promised
    progress = found.result.trial
    assert progress is not None and (progress.decisions, progress.disagreements) == (200, 200)
    assert progress.seconds == 3600.0
    assert progress.candidate_reward > progress.champion_reward + 0.2
    encode(found.result)


def test_the_same_log_in_any_order_gives_the_same_answer(begun: TrainingAnswer) -> None:
    experiences = log(60) + log_of(begun, 90)
    one, other = judged(begun, experiences), judged(begun, [*reversed(experiences), *experiences])
    assert encode(one.result) == encode(other.result)


def test_a_candidate_is_tried_against_the_champion_where_they_disagree(champion: TrainingAnswer) -> None:
    short = log(60, seed=8, reward=other_way_round)
    begun = answer(trigger(champion.result.digest), short, champion.artifact, CONFIGURATION)
    assert begun.result.verdict == "on_trial", begun.result.message
    found = judged(begun, log_of(begun, 400, champion, reward=other_way_round), champion)
    assert found.result.verdict == "promoted", found.result.message
    assert 0 < found.result.trial.disagreements < found.result.trial.decisions
    assert judged(begun, log_of(begun, 400, champion), champion).result.verdict == "rejected"


@pytest.mark.parametrize(
    ("count", "changes", "verdict", "reason"),
    [
        (0, {}, "on_trial", "undecided"),
        (20, {"reward": fair_coin}, "on_trial", "undecided"),
        (50, {"reward": lambda kind, agent, rng: 1.0 - right_agent(kind, agent, rng)}, "rejected", "worse"),
        (50, {"reward": lambda kind, agent, rng: 0.7}, "on_trial", "undecided"),
        (60, {"reward": fair_coin}, "rejected", "exhausted"),
    ],
)
def test_every_other_end(
    begun: TrainingAnswer, count: int, changes: dict[str, object], verdict: str, reason: str
) -> None:
    limited = structs.replace(CONFIGURATION, trial_decisions=60)
    result = judged(begun, log_of(begun, count, **changes), configuration=limited).result
    assert (result.verdict, result.reason) == (verdict, reason), result.message
    assert result.digest == begun.result.digest
    assert result.trial is not None


@pytest.mark.parametrize(
    ("limits", "reason"), [({"trial_s": 3599.0}, "exhausted"), ({"trial_harm": 0.01}, "harm")]
)
def test_limits_of_time_and_harm_end_it(begun: TrainingAnswer, limits: dict[str, float], reason: str) -> None:
    experiences = log_of(begun, 20, reward=fair_coin)
    result = judged(begun, experiences, configuration=structs.replace(CONFIGURATION, **limits)).result
    assert (result.verdict, result.reason) == ("rejected", reason), result.message


@pytest.mark.parametrize(
    ("known", "count", "reason"),
    [(60, 199, "undecided"), (60, 200, "exhausted"), (500, 249, "undecided"), (500, 250, "exhausted")],
)
def test_a_trial_ends_when_a_new_candidate_could_have_learned_from_half_as_much_again(
    begun: TrainingAnswer, known: int, count: int, reason: str
) -> None:
    without_disagreement = [
        structs.replace(item, occurred_at=BEGUN + timedelta(seconds=number))
        for number, item in enumerate(log(count, seed=5))
    ]
    result = judged(begun, without_disagreement, experiences=known + count).result
    assert (result.reason, result.trial.decisions) == (reason, count), result.message


def test_a_trial_against_another_champion_is_over(begun: TrainingAnswer, champion: TrainingAnswer) -> None:
    result: TrainingResult = judged(begun, log_of(begun, 100), champion).result
    assert (result.verdict, result.reason) == ("rejected", "stale_champion")
    assert result.trial is not None


def test_what_was_not_drawn_as_a_trial_draws_is_left_out(
    begun: TrainingAnswer, champion: TrainingAnswer
) -> None:
    candidate, other = (Deployed(Policy.load(each.artifact), "") for each in (begun, champion))
    experiences = log_of(begun, 40)
    assert len(units_of(experiences, candidate, None, 0.5)) == 40
    assert units_of(experiences, candidate, other, 0.5) == []
    blind = [structs.replace(item, propensity=None) for item in experiences]
    assert units_of(blind, candidate, None, 0.5) == []


def test_another_policy_than_the_one_on_trial_is_an_error(
    begun: TrainingAnswer, champion: TrainingAnswer
) -> None:
    asked = trigger(reasons=("trial",), trial_digest=begun.result.digest)
    for given in (None, OnTrial(champion.artifact, "trial", BEGUN)):
        with pytest.raises(ArtifactError, match="is on trial, "):
            answer(asked, [], None, CONFIGURATION, on_trial=given)


def test_who_has_left_gets_nothing_from_either(begun: TrainingAnswer, champion: TrainingAnswer) -> None:
    """A router gives an agent that has left no probability; the same is expected of the policies."""
    gone = frozenset(AGENTS[:1])
    policies = [Deployed(Policy.load(each.artifact), "") for each in (begun, champion)]
    found = []
    for item in log(30):
        query = DecisionFeatures.of(item.decision)
        mixed = sum(each.without(gone).probabilities(query, AGENTS) for each in policies) / 2.0
        assert mixed[0] == 0.0
        found.append(drawn(item, mixed, np.random.default_rng(1), right_agent, at=BEGUN))
    assert len(units_of(found, *policies, 0.5)) == 30


@pytest.mark.parametrize("minutes", [1, -1])
def test_a_change_ends_the_trial_of_a_candidate_that_was_trained_without_it(
    begun: TrainingAnswer, minutes: int
) -> None:
    """Whether it began before the change, or between the change and its discovery."""
    ended = judged(begun, log(60) + log_of(begun, 20), changed_at=BEGUN + timedelta(minutes=minutes)).result
    assert (ended.verdict, ended.reason) == ("rejected", "not_proven")
    assert "rewards have changed" in ended.message and ended.trial is not None
