"""Experiences and annotations become examples that count for what they show."""

from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from models.programs import ProgramConfiguration, ProgramExample, examples_of, validate
from signalbox.events import Annotation, Entity, Experience, Signals
from signalbox.program import MODALITY_ROUTING, QUERY_ANALYSIS
from tests.models.logs import AGENTS, START, log
from tests.models.programs.routing_rows import SPEC

CONFIGURATION = ProgramConfiguration()


def experience(reward: float, propensity: float | None = 0.25, **decision: Any) -> Experience:
    """`alpha` was chosen."""
    (item,) = log(1)
    fields = {"chosen_agent": "alpha", "propensity": propensity, "probabilities": None, **decision}
    changed = msgspec.structs.replace(item.decision, **fields)
    return msgspec.structs.replace(item, decision=changed, reward=reward, propensity=propensity)


def annotation(label: str, agent: str | None = None, at: float = 0.0, **fields: Any) -> Annotation:
    content = {"annotator": "ann", "kind": "human", "confidence": 0.8, "reasoning": "so it is", **fields}
    moment = START + timedelta(seconds=at)
    return Annotation(
        tenant_id="acme", occurred_at=moment, decision_id="0-0", label=label, suggested_agent=agent, **content
    )


def example_of(item: Experience, *annotations: Annotation, expected: Any = None) -> ProgramExample:
    found = examples_of(SPEC, [item], annotations, CONFIGURATION, expected)
    validate(SPEC, found.examples)
    return found.examples[0]


def agent_of(example: ProgramExample) -> str | None:
    return None if example.outputs is None else example.outputs["recommended_agent"]


def test_a_good_reward_shows_the_right_agent_weighted_by_propensity() -> None:
    example = example_of(experience(0.9))
    assert (agent_of(example), example.avoided, example.source) == ("alpha", (), "experience")
    assert (example.weight, example.reward) == (pytest.approx(0.9 / 0.25), 0.9)
    assert example_of(experience(0.9, 0.01)).weight == CONFIGURATION.max_weight
    assert (example.name, example.candidates) == ("0-0", AGENTS)
    assert example.inputs["candidates"] == ", ".join(AGENTS)


def test_a_bad_reward_is_feedback_and_no_label() -> None:
    class Model:
        def predict(self, query: Any, candidates: Any) -> np.ndarray:
            return np.array([0.1, 0.2, 0.3, 1.4])

    example = example_of(experience(0.2), expected=Model())
    assert (agent_of(example), example.avoided) == (None, ("alpha",))
    assert example.weight == pytest.approx(0.8 / 0.25)
    assert example.feedback == "alpha earned 0.20 of 1 with this query."
    assert example.expected == dict(zip(AGENTS, [0.1, 0.2, 0.3, 1.0], strict=True))
    assert not example.demonstrates(CONFIGURATION)


def test_the_reward_from_which_an_agent_is_right_is_a_setting() -> None:
    items = [experience(0.6), experience(0.59)]
    found = examples_of(SPEC, items, (), CONFIGURATION).examples
    assert [agent_of(each) for each in found] == ["alpha", None]
    strict = msgspec.structs.replace(CONFIGURATION, positive_reward=0.95)
    assert [agent_of(each) for each in examples_of(SPEC, items, (), strict).examples] == [None, None]


@pytest.mark.parametrize("reward", [0.1, 0.9])
def test_an_annotation_says_more_than_the_reward(reward: float) -> None:
    item = experience(reward, None)
    suggested = example_of(item, annotation("wrong_routing", "gamma"))
    assert (agent_of(suggested), suggested.avoided, suggested.source) == ("gamma", (), "annotation")
    assert (suggested.weight, suggested.confidence, suggested.quality) == (0.8, 0.8, 1.0)
    assert suggested.feedback == "so it is"
    confirmed = example_of(item, annotation("correct_routing"))
    assert (agent_of(confirmed), confirmed.quality) == ("alpha", reward)
    wrong = example_of(item, annotation("wrong_routing"))
    assert (agent_of(wrong), wrong.avoided, wrong.weight) == (None, ("alpha",), 0.8)
    elsewhere = example_of(item, annotation("wrong_routing", "omega"))
    assert (agent_of(elsewhere), elsewhere.avoided) == (None, ("alpha",))


def test_an_annotation_that_settles_nothing_leaves_the_reward_to_speak() -> None:
    for label in ("ambiguous", "insufficient_info"):
        assert example_of(experience(0.9), annotation(label)).source == "experience"
        assert agent_of(example_of(experience(0.1), annotation(label, "beta"))) == "beta"


def test_of_several_annotations_a_persons_newest_counts_in_whatever_order_they_come() -> None:
    given = [
        annotation("wrong_routing", "beta", at=1.0),
        annotation("wrong_routing", "gamma", at=2.0),
        annotation("wrong_routing", "delta", at=3.0, annotator="bot", kind="llm", confidence=1.0),
        annotation("ambiguous", at=4.0, annotator="bob", confidence=0.9),
    ]
    for order in (given, given[::-1]):
        assert agent_of(example_of(experience(0.1), *order)) == "gamma"
    late = annotation("correct_routing", at=9.0)
    assert agent_of(example_of(experience(0.1), *given, late)) == "alpha"


def test_a_models_label_weighs_the_trust_in_it_until_a_person_approves_it() -> None:
    said = annotation("wrong_routing", "beta", annotator="bot", kind="llm")
    approved = msgspec.structs.replace(said, reviewed=True)
    for label, expected in ((said, 0.8 * 0.25), (approved, 0.8)):
        found = examples_of(SPEC, [experience(0.1)], [label], CONFIGURATION, trust={"bot": 0.25})
        assert found.examples[0].weight == pytest.approx(expected)
    assert example_of(experience(0.1), said).weight == 0.8


def test_without_propensity_or_label_there_is_no_example_and_it_is_counted() -> None:
    found = examples_of(SPEC, [experience(0.9, None), experience(0.9)], (), CONFIGURATION)
    assert (len(found.examples), found.without_propensity) == (1, 1)


@pytest.mark.parametrize(
    ("confidence", "quality", "shown"),
    [(0.7, 0.6, True), (0.69, 0.9, False), (0.9, 0.59, False), (None, None, True)],
)
def test_the_specifications_filter_chooses_demonstrations_only(
    confidence: float | None, quality: float | None, shown: bool
) -> None:
    item = msgspec.structs.replace(
        experience(0.9, confidence=confidence), outcome=Signals(search_quality=quality)
    )
    example = example_of(item)
    assert agent_of(example) == "alpha"
    assert example.demonstrates(CONFIGURATION) is shown


def test_other_signatures() -> None:
    item = experience(0.9, modality="video", entities=(Entity("Rome", "place"),))
    (example,) = examples_of(MODALITY_ROUTING, [item], (), CONFIGURATION).examples
    validate(MODALITY_ROUTING, [example])
    assert (example.inputs["modality"], agent_of(example)) == ("video", "alpha")
    with pytest.raises(ValueError, match="query_analysis: experiences show no primary_intent"):
        examples_of(QUERY_ANALYSIS, [item], (), CONFIGURATION)
