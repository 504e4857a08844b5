"""The specification's knobs: each acts, from its setting to what a trainer publishes or a worker asks."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from models.adagrad import AdaGrad
from models.configuration import TrainingConfiguration
from processors.training import TrainingAnswer, answer
from signalbox.policy import DecisionFeatures, Policy, digest_of, unpack
from streams.settings import load_settings
from streams.worker.policies import policies_from
from tests.models.logs import AGENTS, experience, log, trigger
from tests.processors.builders import COMPLETE, Worker, decision, result


def train(champion: bytes | None = None, twist: bool = False, **settings: Any) -> TrainingAnswer:
    """What the trainer answers where the worker was started with these settings."""
    told = policies_from(load_settings(**settings)).configuration
    configuration = TrainingConfiguration.from_dict(told)
    items = log(500, seed=int(twist))
    if twist:
        items = [experience(item.decision, 1.0 - item.reward) for item in items]
    asked = trigger(digest_of(champion) if champion else None, configuration=told)
    return answer(asked, items, champion, configuration)


def weights(**settings: Any) -> np.ndarray:
    artifact = train(**settings).artifact
    assert artifact is not None
    return unpack(artifact).tensors["weights"].astype(np.float64)


@pytest.mark.parametrize("learner", ["value", "grpo"])
def test_learning_rate_is_the_size_of_steps(learner: str) -> None:
    sizes = [np.abs(weights(learner=learner, learning_rate=rate)).sum() for rate in (0.1, 1.0)]
    assert sizes[1] > 1.5 * sizes[0]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many experiences each of GRPO's steps saw."""
    seen: list[int] = []
    ascend = AdaGrad.ascend

    def counted(self: AdaGrad, vectors: Any, gradient: Any) -> None:
        seen.append(len(vectors))
        ascend(self, vectors, gradient)

    monkeypatch.setattr(AdaGrad, "ascend", counted)
    yield seen


@pytest.mark.parametrize(("settings", "size"), [({}, 32), ({"batch_size": 7}, 7)])
def test_batch_size_is_how_many_experiences_a_step_sees(
    steps: list[int], settings: dict[str, int], size: int
) -> None:
    train(learner="grpo", **settings)
    assert set(steps[:3]) == {size} == {max(steps)}


@pytest.mark.parametrize(("settings", "apart"), [({}, 10), ({"update_frequency": 3}, 3)])
def test_update_frequency_is_how_many_experiences_lie_between_triggers(
    settings: dict[str, int], apart: int
) -> None:
    worker = Worker(policies_from(load_settings(cool_down_s=0, **settings)))
    found: list[int] = []
    for count in range(1, 100):
        worker.feed(decision(f"d{count}", float(count), outcome=COMPLETE))
        for asked in worker.triggers[len(found) :]:
            found.append(count)
            worker.feed(result(asked.trigger_id))
    assert found == list(range(50, 100, apart))


@pytest.mark.parametrize(
    ("settings", "epsilon"),
    [({"learner": "grpo"}, 0.1), ({"exploration": "epsilon_greedy", "exploration_epsilon": 0.4}, 0.4)],
)
def test_exploration_epsilon_is_the_share_that_explores(settings: dict[str, Any], epsilon: float) -> None:
    found = train(**settings)
    assert found.manifest is not None
    assert found.artifact is not None
    assert found.manifest.epsilon == pytest.approx(epsilon * 0.995)
    shares = Policy.load(found.artifact).probabilities(DecisionFeatures("find a video about jazz"), AGENTS)
    assert sorted(shares)[:3] == pytest.approx([epsilon * 0.995 / len(AGENTS)] * 3)


@pytest.mark.parametrize(
    ("settings", "epsilons"),
    [
        ({}, [0.1 * 0.995, 0.1 * 0.995**2]),
        ({"epsilon_decay": 0.6}, [0.06, 0.05]),
        ({"epsilon_decay": 0.6, "min_epsilon": 0.02}, [0.06, 0.036]),
    ],
)
def test_epsilon_decays_once_with_each_promotion_down_to_its_floor(
    settings: dict[str, float], epsilons: list[float]
) -> None:
    first = train(**settings)
    second = train(first.artifact, twist=True, **settings)
    for found, epsilon in zip((first, second), epsilons, strict=True):
        assert found.result.verdict in ("promoted", "on_trial"), found.result.message
        assert found.manifest is not None
        assert found.manifest.epsilon == pytest.approx(epsilon)
