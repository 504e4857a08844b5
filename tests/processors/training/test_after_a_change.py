"""Once the rewards have changed: what training keeps, what is tried at once, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from models.configuration import TrainingConfiguration
from models.gate import Screening
from models.grpo import GrpoLearner
from processors.training import OnTrial, TrainingAnswer, answer
from processors.training.afresh import or_tried_soon
from processors.training.former import former_digest, is_void
from signalbox.errors import ArtifactError
from signalbox.events import Estimate, Experience, epoch_s
from signalbox.policy import FeatureConfiguration, Policy
from tests.models.logs import START, experience, log, trigger
from tests.processors.training.trials import other_way_round, tried

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=12), held_out_share=0.5)
GRPO = structs.replace(CONFIGURATION, learner="grpo")
CHANGED = START - timedelta(seconds=1)


@pytest.fixture(scope="module")
def champion() -> TrainingAnswer:
    return answer(trigger(), log(600), None, CONFIGURATION)


@pytest.fixture(scope="module")
def successor(champion: TrainingAnswer) -> TrainingAnswer:
    """Promoted on what came since the change, with what the champion knew of queries."""
    found = asked(champion, log(300, reward=other_way_round))
    assert found.result.verdict == "promoted"
    return found


def asked(
    champion: TrainingAnswer,
    experiences: list[Experience],
    former: TrainingAnswer | None = None,
    configuration: TrainingConfiguration = CONFIGURATION,
    **changes: Any,
) -> TrainingAnswer:
    question = trigger(champion.result.digest, **{"changed_at": CHANGED, **changes})
    data = former.artifact if former else None
    return answer(question, experiences, champion.artifact, configuration, former=data)


def by_champion(champion: TrainingAnswer, count: int) -> list[Experience]:
    """Its own log after the change: it fails, and hardly explores."""
    items = log(count, policy=Policy.load(champion.artifact), digest=champion.result.digest)
    return [experience(item.decision, 0.0) for item in items]


def test_the_former_policy_is_the_champion_and_then_the_one_in_its_lineage(
    champion: TrainingAnswer, successor: TrainingAnswer
) -> None:
    lineage = successor.manifest.lineage
    assert (lineage.changed_at, lineage.former_digest) == (CHANGED, champion.result.digest)
    question = trigger(successor.result.digest, changed_at=CHANGED)
    assert not is_void(successor.manifest, question)
    assert former_digest(question, successor.manifest) == champion.result.digest
    again = structs.replace(question, changed_at=CHANGED + timedelta(hours=1))
    assert is_void(successor.manifest, again)
    assert former_digest(again, successor.manifest) == successor.result.digest
    assert former_digest(trigger(successor.result.digest), successor.manifest) is None
    assert former_digest(question, None) is None


def test_it_is_needed_until_the_buffer_holds_nothing_from_before(successor: TrainingAnswer) -> None:
    at = int(epoch_s(CHANGED))
    for windows, needed in ((at - 3600, at + 1), True), ((at + 1, at + 3601), False):
        question = trigger(successor.result.digest, changed_at=CHANGED, windows=windows)
        assert (former_digest(question, successor.manifest) is not None) is needed


def test_the_next_training_begins_with_the_same_former_policy(
    champion: TrainingAnswer, successor: TrainingAnswer
) -> None:
    experiences = log(300, seed=2, reward=other_way_round)
    with_it, without = asked(successor, experiences, champion), asked(successor, experiences)
    assert with_it.result.improvement != without.result.improvement
    with pytest.raises(ArtifactError, match="former: "):
        asked(successor, experiences, successor)


def test_grpo_goes_on_from_a_champion_that_was_learned_since(
    champion: TrainingAnswer, successor: TrainingAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts, fit = [], GrpoLearner.fit

    def watched(self: Any, experiences: Any, start: Any, *rest: Any) -> Any:
        starts.append(start is not None)
        return fit(self, experiences, start, *rest)

    monkeypatch.setattr(GrpoLearner, "fit", watched)
    for each in (champion, successor):
        asked(each, log(100, reward=other_way_round), configuration=GRPO)
    assert starts == [False, True]


def test_the_log_of_a_void_champion_is_enough_for_a_trial(champion: TrainingAnswer) -> None:
    experiences = by_champion(champion, 60)
    found = asked(champion, experiences)
    assert (found.result.verdict, found.result.reason) == ("on_trial", "insufficient_evidence")
    assert found.artifact is not None and "rewards have changed" in found.result.message
    assert found.manifest.estimates["champion"].value == 0.0
    for other in (
        asked(champion, experiences, configuration=structs.replace(CONFIGURATION, trials=False)),
        asked(champion, experiences[:40]),
        asked(champion, by_champion(champion, 60), changed_at=None),
    ):
        assert (other.result.verdict, other.artifact) == ("rejected", None)


@pytest.mark.parametrize(("decisions", "verdict"), [(49, "on_trial"), (50, "rejected")])
def test_its_trial_ends_when_twice_as_much_is_known(
    champion: TrainingAnswer, decisions: int, verdict: str
) -> None:
    begun = asked(champion, by_champion(champion, 60))
    at = START + timedelta(hours=1)
    policies = Policy.load(champion.artifact), Policy.load(begun.artifact)
    digest = begun.result.digest
    drawn = [structs.replace(item, reward=0.0) for item in tried(decisions, *policies, digest, at)]
    drawn[0] = structs.replace(drawn[0], reward=1.0)
    question = trigger(
        champion.result.digest,
        changed_at=CHANGED,
        reasons=("trial",),
        trial_digest=digest,
        occurred_at=at + timedelta(minutes=5),
    )
    on_trial = OnTrial(begun.artifact, "trial", at)
    found = answer(question, drawn, champion.artifact, CONFIGURATION, on_trial=on_trial).result
    assert found.trial.decisions == decisions
    assert found.verdict == verdict, found.message
    if verdict == "rejected":
        assert found.reason == "exhausted"


def test_a_good_estimate_is_enough_for_a_trial_against_the_first_new_champion() -> None:
    gain = Estimate(value=0.2, lower=-1.0, upper=1.0, samples=400, effective_samples=30.0, largest_weight=900.0)
    screening = Screening(
        verdict="rejected",
        reason="not_proven",
        message="Not proven.",
        samples=400,
        improvement=gain,
        threshold=0.05,
    )
    found = or_tried_soon(screening)
    assert (found.verdict, found.reason) == ("on_trial", "promising")
    for other in (
        structs.replace(screening, threshold=0.2),
        structs.replace(screening, improvement=None),
        structs.replace(screening, verdict="promoted"),
    ):
        assert or_tried_soon(other) == other
