"""What people say of a kind of query makes a policy choose otherwise there, through the gate as ever."""

import numpy as np
import pytest
from msgspec import structs

from models.configuration import TrainingConfiguration
from processors.training import answer
from processors.training.answers import TrainingAnswer
from processors.training.labels import with_labels
from signalbox.events import Annotation, Experience, encode
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Policy, unpack
from tests.models.logs import AGENTS, trigger
from tests.processors.training.labelled import SHARE, first_kind, for_alpha, hidden, label, lukewarm_log, shown

CONFIGURATION = TrainingConfiguration(
    features=FeatureConfiguration(bits=12), held_out_share=SHARE, trials=False, exploration="epsilon_greedy"
)
LOG = lukewarm_log()
PEOPLE = for_alpha(first_kind(LOG)[:300])


def trained(labels: list[Annotation], items: list[Experience] = LOG, **changes: object) -> TrainingAnswer:
    return answer(trigger(), items, None, structs.replace(CONFIGURATION, **changes), annotations=labels)


def share_of_alpha(found: TrainingAnswer) -> float:
    """How many of the first kind's held-out queries it gets."""
    assert found.artifact is not None, found.result.message
    policy = Policy.load(found.artifact)
    queries = [DecisionFeatures.of(item.decision) for item in hidden(first_kind(LOG))]
    return float(np.mean([policy.probabilities(query, AGENTS).argmax() == 0 for query in queries]))


@pytest.mark.parametrize("learner", ["value", "grpo"])
def test_labels_make_the_policy_choose_otherwise_and_pass_the_gate(learner: str) -> None:
    found = trained(PEOPLE, learner=learner)
    assert found.result.verdict == "promoted", found.result.message
    assert found.result.annotations == len(PEOPLE)
    assert share_of_alpha(found) == 1.0


@pytest.mark.parametrize("learner", ["value", "grpo"])
def test_without_labels_nothing_speaks_for_that(learner: str) -> None:
    found = trained([], learner=learner, threshold_kind="zero")
    assert found.result.annotations == 0
    assert found.artifact is None or share_of_alpha(found) < 0.5


def test_suggestions_alone_do_it_where_the_agent_was_never_tried() -> None:
    untried = [item for item in LOG if item.decision.chosen_agent != "alpha"]
    assert share_of_alpha(trained(for_alpha(first_kind(untried)[:200]), untried)) == 1.0


@pytest.mark.parametrize("labels", [[], [label(item, "insufficient_info") for item in LOG[:200]]])
def test_labels_that_say_nothing_change_no_byte(labels: list[Annotation]) -> None:
    silent = [*labels, *(label(item, "ambiguous") for item in LOG[200:300])]
    one, other = trained([]), trained(silent)
    assert (one.artifact, encode(one.result)) == (other.artifact, encode(other.result))


@pytest.mark.parametrize("learner", ["value", "grpo"])
def test_what_was_not_sampled_is_learned_from_with_its_correction(learner: str) -> None:
    told = shown(first_kind(LOG))[:50]
    corrections = sum(item.decision.chosen_agent != "alpha" for item in told)
    configuration = structs.replace(CONFIGURATION, learner=learner)
    sample = [item for item in LOG if item.decision_id not in {each.decision_id for each in told}]
    found = answer(trigger(), LOG, None, configuration, sample, annotations=for_alpha(told))
    assert found.result.training_samples == len(shown(LOG)) + corrections


def test_labels_on_what_is_held_out_teach_nothing() -> None:
    """The gate judges by them, but training sees neither them nor what they suggest."""
    judged = hidden(first_kind(LOG))
    free = {"threshold_kind": "zero", "improvement_threshold": 0.0}
    found, without = trained(for_alpha(judged), **free), trained([], **free)
    assert (found.result.annotations, found.result.training_samples) == (len(judged), len(shown(LOG)))
    assert found.result.candidate is not None and without.result.candidate is not None
    assert found.result.candidate.value < without.result.candidate.value
    assert found.artifact is not None and without.artifact is not None
    one, other = unpack(found.artifact).tensors, unpack(without.artifact).tensors
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_corrections_are_no_evidence() -> None:
    """The gate's numbers count decisions, each once."""
    found = trained(PEOPLE)
    assert found.result.held_out_samples == len(hidden(LOG))
    joined = with_labels(LOG, PEOPLE, CONFIGURATION)
    assert [item.decision_id for item in joined.experiences] == [item.decision_id for item in LOG]


def test_old_experiences_without_a_label_are_as_if_they_had_never_been() -> None:
    windows = (int(LOG[500].occurred_at.timestamp()),)
    asked = structs.replace(trigger(), reasons=("annotations",), windows=windows)
    told = shown(first_kind(LOG[:500]))[:40]
    labels = for_alpha(told, confidence=0.6)
    everything = answer(asked, LOG, None, CONFIGURATION, annotations=labels)
    needed = answer(asked, [*told, *LOG[500:]], None, CONFIGURATION, annotations=labels)
    assert encode(everything.result) == encode(needed.result)
    assert everything.artifact == needed.artifact
    assert everything.result.annotations == 40
