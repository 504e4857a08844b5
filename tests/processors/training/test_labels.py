"""Labels change what experiences are worth, and add rows that show what should have been chosen."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from models.configuration import TrainingConfiguration
from processors.reward import RewardPolicy, reward, time_penalty
from processors.training.label_rewards import worth
from processors.training.labels import Labelled, with_labels, without_aged
from signalbox.events import Annotation, Experience, Signals
from tests.models.logs import START, trigger
from tests.processors.training.labelled import SHARE, for_alpha, hidden, label, lukewarm_log, shown

CONFIGURATION = TrainingConfiguration(held_out_share=SHARE)
LOG = lukewarm_log(60)
ITEM = next(item for item in shown(LOG) if item.decision.chosen_agent == "beta")


def joined(item: Experience, *labels: Annotation, **names: str) -> Labelled:
    return with_labels([item], labels, CONFIGURATION, names)


def reward_of(item: Experience, *labels: Annotation, **names: str) -> float:
    (found,) = joined(item, *labels, **names).experiences
    return found.reward


def test_an_experience_stays_one_and_keeps_what_the_gate_needs() -> None:
    found = joined(ITEM, label(ITEM, "wrong_routing", "alpha", confidence=0.5))
    (changed,) = found.experiences
    assert changed.reward == pytest.approx(0.5 * ITEM.reward + 0.5 * 0.12)
    assert structs.replace(changed, reward=ITEM.reward) == ITEM
    row = found.corrections[ITEM.decision_id]
    assert (row.decision.chosen_agent, row.decision.query) == ("alpha", ITEM.decision.query)
    assert row.reward == pytest.approx(0.96)
    assert found.weights == {row.decision_id: 0.5}
    assert row.decision_id != ITEM.decision_id


def test_what_cost_and_time_take_is_kept() -> None:
    item = structs.replace(
        ITEM, reward=0.4, quality=0.6, cost_weight=2.0, outcome=Signals(processing_time_s=2.8)
    )
    (changed,) = joined(item, label(item, "correct_routing")).experiences
    assert (changed.quality, changed.reward) == pytest.approx((0.91, 0.71))
    slower = with_labels(
        [item],
        [label(item, "correct_routing")],
        structs.replace(CONFIGURATION, time_penalty=0.2, time_half_s=8.4),
    )
    assert slower.experiences[0].quality == pytest.approx(0.96 - 0.2 * 2.8 / (2.8 + 8.4))


@given(st.floats(0.0, 100.0), st.sampled_from(["correct_routing", "wrong_routing"]))
def test_a_sure_label_is_worth_its_signals_and_the_time_that_was_measured(seconds: float, value: str) -> None:
    item = structs.replace(ITEM, outcome=Signals(processing_time_s=seconds))
    expected = {"correct_routing": 0.96, "wrong_routing": 0.12}[value]
    found = reward_of(item, label(item, value))
    assert found == pytest.approx(max(expected - time_penalty(seconds, RewardPolicy()), 0.0))


def test_the_suggested_agent_replaces_the_actual_one_and_a_good_one_is_a_success() -> None:
    """Group 15 of the predecessor's scenarios."""
    row = joined(ITEM, label(ITEM, "wrong_routing", "gamma")).corrections[ITEM.decision_id]
    assert (row.decision.chosen_agent, row.outcome.agent_success) == ("gamma", True)
    assert reward(Signals(agent_success=True, search_quality=0.9, user_satisfaction=1.0), RewardPolicy()) == (
        worth("correct_routing")
    )
    confirmed = joined(ITEM, label(ITEM, "correct_routing"))
    assert (confirmed.experiences[0].reward, confirmed.corrections) == (pytest.approx(0.96), {})


def test_an_agent_that_is_unknown_only_says_that_the_choice_was_wrong() -> None:
    wrong = label(ITEM, "wrong_routing", "omega")
    assert (reward_of(ITEM, wrong), joined(ITEM, wrong).corrections) == (pytest.approx(0.12), {})
    known = joined(ITEM, wrong, omega="omega").corrections[ITEM.decision_id]
    assert known.decision.candidate_agents == (*ITEM.decision.candidate_agents, "omega")


def test_another_name_of_the_chosen_agent_confirms_it() -> None:
    found = joined(ITEM, label(ITEM, "correct_routing", "new_beta"), beta="new_beta", new_beta="new_beta")
    assert (found.experiences[0].reward, found.corrections) == (pytest.approx(0.96), {})


@pytest.mark.parametrize("value", ["ambiguous", "insufficient_info"])
def test_what_is_unknown_stays_so_also_where_an_agent_is_suggested(value: str) -> None:
    assert joined(ITEM, label(ITEM, value)) == Labelled([ITEM])
    assert joined(ITEM, label(ITEM, value, "omega")) == Labelled([ITEM])
    found = joined(ITEM, label(ITEM, value, "alpha"))
    assert (found.experiences, list(found.corrections)) == ([ITEM], [ITEM.decision_id])


def test_a_person_outweighs_a_model_and_lends_it_trust_by_approving() -> None:
    model = label(ITEM, "wrong_routing", annotator="llm:judge", kind="llm")
    assert reward_of(ITEM, model) == pytest.approx(0.5 * ITEM.reward + 0.5 * 0.12)
    approved = structs.replace(model, reviewed=True, approved_by="alice")
    assert reward_of(ITEM, approved) == pytest.approx(0.12)
    assert reward_of(ITEM, model, label(ITEM, "correct_routing")) == pytest.approx(0.96)
    assert reward_of(ITEM, model, label(ITEM, "ambiguous")) == ITEM.reward
    assert reward_of(ITEM, model, label(ITEM, "insufficient_info")) == reward_of(ITEM, model)


def test_a_model_that_disagrees_with_people_says_less() -> None:
    people = [label(item, "correct_routing") for item in LOG[:40] if item is not ITEM]
    judge = [label(item, "wrong_routing", annotator="llm:judge", kind="llm") for item in LOG]
    found = with_labels(LOG, [*people, *judge], CONFIGURATION)
    assert found.count(LOG) == len(people)
    assert found.experiences[LOG.index(ITEM)] == ITEM


def test_what_is_held_out_is_corrected_in_reward_but_shows_no_other_agent() -> None:
    item = hidden(LOG)[0]
    found = joined(item, label(item, "wrong_routing", "delta"))
    assert (found.experiences[0].reward, found.corrections) == (pytest.approx(0.12), {})


def test_what_is_older_than_the_windows_counts_only_where_it_is_labelled_and_shown() -> None:
    asked = structs.replace(trigger(), reasons=("annotations",), windows=(int(START.timestamp()) + 50,))
    found = with_labels(LOG, for_alpha(LOG[:20]), CONFIGURATION)
    assert {item.decision_id for item in without_aged(asked, found, SHARE)} == {
        item.decision_id for item in [*shown(LOG[:20]), *LOG[50:]]
    }
    usual = structs.replace(asked, reasons=("interval",))
    assert without_aged(usual, found, SHARE) == found.experiences


SIX = [
    label(
        LOG[i % 3],
        ("wrong_routing", "correct_routing")[i % 2],
        annotator=f"a{i % 4}",
        confidence=0.3 + i / 10,
        occurred_at=START + timedelta(hours=i // 4),
    )
    for i in range(6)
]


@given(st.permutations(range(6)), st.integers(1, 3))
def test_labels_in_any_order_and_any_number_of_times_say_the_same(order: list[int], times: int) -> None:
    expected = with_labels(LOG, SIX, CONFIGURATION)
    assert with_labels(LOG, [SIX[i] for i in order] * times, CONFIGURATION) == expected


@given(st.permutations([("wrong_routing", "alpha"), ("correct_routing", None), ("wrong_routing", None)]))
def test_also_where_an_annotator_says_several_things_at_once(said: list[tuple[str, str | None]]) -> None:
    labels = [label(ITEM, value, agent) for value, agent in said]
    assert joined(ITEM, *labels) == joined(ITEM, *sorted(labels, key=repr))


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_superseded_label_leaves_no_trace(confidence: float, other: float) -> None:
    old = label(ITEM, "wrong_routing", "alpha", confidence=other, occurred_at=START)
    new = label(ITEM, "correct_routing", confidence=confidence)
    assert joined(ITEM, old, new) == joined(ITEM, new)


@given(st.sampled_from(["correct_routing", "wrong_routing"]), st.sampled_from([None, "alpha", "omega"]))
def test_a_label_without_weight_is_none(value: str, agent: str | None) -> None:
    assert joined(ITEM, label(ITEM, value, agent, confidence=0.0)) == Labelled([ITEM])


@given(st.lists(st.floats(0.06, 1.0), min_size=2, max_size=2).map(sorted))
def test_the_surer_the_label_the_nearer_to_what_it_is_worth(confidences: list[float]) -> None:
    less, more = (reward_of(ITEM, label(ITEM, "wrong_routing", confidence=each)) for each in confidences)
    assert 0.12 - 1e-12 <= more <= less <= ITEM.reward
