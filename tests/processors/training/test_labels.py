"""Labels change what experiences are worth, and with that what a policy chooses."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from models.configuration import TrainingConfiguration
from models.held_out import is_held_out
from processors.training import answer
from processors.training.labels import with_labels
from signalbox.events import Annotation, Experience, encode
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy
from tests.models.logs import AGENTS, START, TablePolicy, kind_of, log, trigger

CONFIGURATION = TrainingConfiguration(
    features=FeatureConfiguration(bits=12), held_out_share=0.3, trials=False, exploration="epsilon_greedy"
)


def label(item: Experience, value: str, suggested: str | None = None, **fields: object) -> Annotation:
    return Annotation(
        tenant_id="acme",
        occurred_at=START + timedelta(days=1),
        decision_id=item.decision_id,
        suggested_agent=suggested,
        label=value,
        **({"annotator": "alice", "kind": "human"} | fields),
    )


def lukewarm(kind: int, agent: int, rng: np.random.Generator) -> float:
    """Everything is middling to the eye; only people see what was right."""
    return float(np.clip((0.85 if agent == kind and kind else 0.55) + rng.normal(0.0, 0.05), 0.0, 1.0))


BASELINE = TablePolicy([1, 1, 2, 3], epsilon=0.4)
"""Takes beta for the first kind of query, where alpha would be right."""


@pytest.fixture(scope="module")
def logged() -> list[Experience]:
    return log(1500, reward=lukewarm, policy=BASELINE)


@pytest.fixture(scope="module")
def people(logged: list[Experience]) -> list[Annotation]:
    """What people say of most queries of the first kind: alpha would have been right."""
    asked = [item for item in logged if kind_of(item.decision.query) == 0][:300]
    return [
        label(item, "correct_routing")
        if item.decision.chosen_agent == "alpha"
        else label(item, "wrong_routing", "alpha")
        for item in asked
    ]


def choice(artifact: bytes) -> str:
    probabilities = Policy.load(artifact).probabilities(DecisionFeatures("find a video about chess"), AGENTS)
    return AGENTS[int(np.argmax(probabilities))]


def test_labels_make_the_policy_choose_otherwise_and_pass_the_gate(
    logged: list[Experience], people: list[Annotation]
) -> None:
    with_people = answer(trigger(), logged, None, CONFIGURATION, annotations=people)
    assert with_people.result.verdict == "promoted"
    assert with_people.result.annotations == len(people)
    assert choice(with_people.artifact) == "alpha"


def test_without_labels_nothing_speaks_for_that(logged: list[Experience]) -> None:
    free = structs.replace(CONFIGURATION, threshold_kind="zero")
    without = answer(trigger(), logged, None, free)
    assert without.result.annotations == 0
    assert without.artifact is None or choice(without.artifact) != "alpha"


def test_labels_that_say_nothing_change_nothing(logged: list[Experience]) -> None:
    silent = [label(item, "insufficient_info") for item in logged[:200]]
    silent += [label(item, "ambiguous") for item in logged[200:300]]
    one, other = (answer(trigger(), logged, None, CONFIGURATION, annotations=given) for given in ([], silent))
    assert one.artifact == other.artifact
    assert encode(one.result) == encode(other.result)


def test_an_experience_stays_one_and_keeps_what_the_gate_needs(logged: list[Experience]) -> None:
    item = next(each for each in logged if each.decision.chosen_agent == "beta")
    found = with_labels([item], [label(item, "wrong_routing", "alpha", confidence=0.5)], 0.7)
    (changed,) = found.experiences
    assert changed.reward == pytest.approx(0.5 * item.reward + 0.5 * 0.12)
    assert (changed.propensity, changed.decision_id) == (item.propensity, item.decision_id)
    ((corrected,),) = found.corrections.values()
    assert (corrected.decision.chosen_agent, corrected.propensity) == ("alpha", None)
    assert corrected.reward == pytest.approx(0.5 * 0.96 + 0.5 * item.reward)


def test_what_cost_takes_is_kept(logged: list[Experience]) -> None:
    item = structs.replace(logged[0], reward=0.4, quality=0.6, cost_weight=2.0)
    (changed,) = with_labels([item], [label(item, "correct_routing")], 0.7).experiences
    assert (changed.quality, changed.reward) == pytest.approx((0.96, 0.76))


def test_a_suggested_agent_that_was_no_candidate_only_says_that_the_choice_was_wrong(
    logged: list[Experience],
) -> None:
    found = with_labels(logged[:1], [label(logged[0], "wrong_routing", "omega")], 0.7)
    assert found.experiences[0].reward == pytest.approx(0.12)
    assert found.corrections == {}


def test_a_person_outweighs_a_model(logged: list[Experience]) -> None:
    item = logged[0]
    model = label(item, "wrong_routing", annotator="llm:judge", kind="llm")
    (alone,) = with_labels([item], [model], 0.7).experiences
    assert alone.reward == pytest.approx(0.5 * item.reward + 0.5 * 0.12)
    (both,) = with_labels([item], [model, label(item, "correct_routing")], 0.7).experiences
    assert both.reward == pytest.approx(0.96)


def test_corrections_of_what_is_held_out_are_not_learned_from(
    logged: list[Experience], people: list[Annotation]
) -> None:
    share = CONFIGURATION.held_out_share
    hidden = [each for each in people if is_held_out(each.decision_id, share)]
    shown = answer(trigger(), logged, None, CONFIGURATION, annotations=people).result
    none = answer(trigger(), logged, None, CONFIGURATION, annotations=hidden).result
    trained = len([item for item in logged if not is_held_out(item.decision_id, share)])
    assert none.training_samples == trained
    corrected = [each for each in people if each not in hidden and each.suggested_agent]
    assert shown.training_samples == trained + len(corrected)


def test_what_is_older_than_the_windows_counts_only_where_it_is_labelled(logged: list[Experience]) -> None:
    windows = (int(START.timestamp()) + 1000,)
    asked = structs.replace(trigger(), reasons=("annotations",), windows=windows)
    old = [label(item, "wrong_routing", "alpha") for item in logged[:40]]
    found = answer(asked, logged, None, CONFIGURATION, annotations=old).result
    known = len([item for item in logged if item.occurred_at.timestamp() >= windows[0]])
    corrected = sum(each.decision.chosen_agent != "alpha" for each in logged[:40])
    counted = found.training_samples + found.held_out_samples
    assert known + 40 <= counted <= known + 40 + corrected


@given(st.permutations(range(6)), st.integers(1, 3))
def test_labels_in_any_order_and_any_number_of_times_say_the_same(order: list[int], times: int) -> None:
    items = log(3, reward=lukewarm)
    labels = [
        label(
            items[i % 3],
            ("wrong_routing", "correct_routing")[i % 2],
            annotator=f"a{i}",
            confidence=0.3 + i / 10,
        )
        for i in range(6)
    ]
    expected = with_labels(items, labels, 0.7)
    assert with_labels(items, [labels[i] for i in order] * times, 0.7) == expected
