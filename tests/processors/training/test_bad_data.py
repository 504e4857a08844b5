"""Data that nothing can be learned or proven from: a clear verdict, never a crash or a promotion."""

import re
from collections.abc import Callable

import msgspec
import pytest

from models.configuration import TrainingConfiguration
from models.held_out import is_held_out
from processors.training import TrainingAnswer, answer
from signalbox.events import Experience, encode
from signalbox.policy import FeatureConfiguration
from tests.models.logs import AGENTS, experience, log, trigger

CONFIGURATION = TrainingConfiguration(features=FeatureConfiguration(bits=12), held_out_share=0.5)
Damage = Callable[[Experience], Experience]


def judged(items: list[Experience], learner: str, **changes: object) -> TrainingAnswer:
    configuration = msgspec.structs.replace(CONFIGURATION, learner=learner, **changes)
    return answer(trigger(), items, None, configuration)


def redecided(item: Experience, **changes: object) -> Experience:
    return experience(msgspec.structs.replace(item.decision, **changes), item.reward)


def without_propensity(item: Experience) -> Experience:
    return redecided(item, propensity=None, probabilities=None)


def with_propensity_0(item: Experience) -> Experience:
    """The router says that what it did was impossible."""
    shares = [1 / 3 if agent != item.decision.chosen_agent else 0.0 for agent in AGENTS]
    return redecided(item, propensity=0.0, probabilities=tuple(shares))


def only_the_first_agent(item: Experience) -> Experience:
    """Four candidates, of whom always the same one was taken, surely."""
    return redecided(item, chosen_agent=AGENTS[0], propensity=1.0, probabilities=(1.0, 0.0, 0.0, 0.0))


def every(damage: Damage, count: int = 300) -> list[Experience]:
    return [damage(item) for item in log(count)]


def rewarded(reward: float, held_out: bool | None = None) -> Damage:
    """All rewards alike, or only those that are held out, or that are shown."""

    def damage(item: Experience) -> Experience:
        own = is_held_out(item.decision_id, CONFIGURATION.held_out_share)
        return experience(item.decision, item.reward if held_out is not None and own != held_out else reward)

    return damage


BAD = {
    "empty": ([], "insufficient_evidence", "0 experiences"),
    "one experience": (log(1), "insufficient_evidence", "1 experiences"),
    "one agent": (log(300, agents=AGENTS[:1]), "insufficient_evidence", "more than one candidate"),
    "rewards equal": (every(rewarded(0.4)), "insufficient_evidence", "have the reward 0.4"),
    "rewards 0": (every(rewarded(0.0)), "insufficient_evidence", "have the reward 0"),
    "rewards 1": (every(rewarded(1.0)), "insufficient_evidence", "have the reward 1"),
    "shown ones equal": (every(rewarded(1.0, False)), "insufficient_evidence", "have the reward 1"),
    "held-out ones equal": (every(rewarded(1.0, True)), "not_proven", "held-out rewards are 1"),
    "no propensity": (every(without_propensity), "insufficient_evidence", "propensity|probabilities"),
    "propensity 0": (every(with_propensity_0), "insufficient_evidence", "propensity|probabilities"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("learner", ["value", "grpo"])
@pytest.mark.parametrize("name", list(BAD))
def test_bad_data_is_rejected_in_words(name: str, learner: str) -> None:
    items, reason, words = BAD[name]
    found = judged(items, learner)
    assert (found.result.verdict, found.result.reason) == ("rejected", reason)
    assert (found.artifact, found.result.digest, found.result.version) == (None, None, None)
    assert re.search(words, found.result.message)
    encode(found.result)


@pytest.mark.parametrize("learner", ["value", "grpo"])
@pytest.mark.parametrize("trials", [True, False])
def test_a_log_of_one_agent_alone_promotes_nothing(learner: str, trials: bool) -> None:
    """It shows nothing of the others, so at most a trial can tell."""
    result = judged(every(only_the_first_agent), learner, trials=trials).result
    assert result.verdict in (("rejected", "on_trial") if trials else ("rejected",))
    encode(result)


@pytest.mark.parametrize("learner", ["value", "grpo"])
@pytest.mark.parametrize("damage", [without_propensity, with_propensity_0])
def test_some_bad_experiences_do_not_spoil_the_others(learner: str, damage: Damage) -> None:
    items = log(600)
    spoilt = [damage(item) for item in items[:60]] + items[60:]
    result = judged(spoilt, learner).result
    good = sum(is_held_out(item.decision_id, CONFIGURATION.held_out_share) for item in items[60:])
    assert (result.verdict, result.held_out_samples) == ("promoted", good)
