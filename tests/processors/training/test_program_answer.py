"""The answer to a program's trigger: a program with its lineage, or a rejection with its numbers."""

from typing import Any

import pytest
from msgspec import structs

from adapters.language_model.offline import OFFLINE_MODEL, offline_lm
from models.configuration import TrainingConfiguration
from models.programs import ProgramConfiguration, Progress
from processors.training import TrainingAnswer
from processors.training.program_answer import answer_program
from signalbox.errors import ArtifactError, ConfigurationError
from signalbox.events import Annotation, Experience, OptimizationTrigger, encode
from signalbox.policy import DecisionFeatures, FeatureConfiguration, digest_of, unpack
from signalbox.program import PromptProgram
from tests.models.logs import AGENTS, KINDS, START, kind_of, log
from tests.models.logs import trigger as routing_trigger

QUICK = TrainingConfiguration(
    features=FeatureConfiguration(bits=12),
    held_out_share=0.5,
    program=ProgramConfiguration(force_optimizer="bootstrap", concurrency=1),
)


def trigger(champion: str | None = None, **changes: Any) -> OptimizationTrigger:
    return structs.replace(routing_trigger(champion), **{"scope": "program:routing"} | changes)


def answered(
    experiences: list[Experience],
    annotations: list[Annotation] | None = None,
    configuration: TrainingConfiguration = QUICK,
    champion: bytes | None = None,
    **known: Any,
) -> TrainingAnswer:
    asked = trigger(digest_of(champion) if champion else None)
    return answer_program(
        asked, experiences, annotations or [], champion, configuration, offline_lm(), OFFLINE_MODEL, **known
    )


def annotation(item: Experience, agent: str, annotator: str = "ann", seconds: int = 0) -> Annotation:
    return Annotation(
        tenant_id="acme",
        occurred_at=START.replace(second=seconds),
        decision_id=item.decision_id,
        annotator=annotator,
        kind="human",
        label="wrong_routing",
        suggested_agent=agent,
    )


@pytest.fixture(scope="module")
def promoted() -> TrainingAnswer:
    return answered(log(300))


def test_a_good_log_promotes_a_program_with_its_lineage(promoted: TrainingAnswer) -> None:
    result, artifact = promoted.result, promoted.artifact
    assert (result.verdict, result.reason, result.scope) == ("promoted", "better", "program:routing")
    assert artifact is not None and result.digest == digest_of(artifact)
    assert result.improvement is not None and result.threshold is not None
    assert result.improvement.lower > result.threshold
    encode(result)
    manifest = unpack(artifact).manifest
    assert manifest == promoted.manifest
    assert (manifest.kind, manifest.agents) == ("program", tuple(sorted(AGENTS)))
    assert manifest.epsilon == pytest.approx(0.0995)
    assert manifest.program is not None
    assert (manifest.program.optimizer, manifest.program.language_model) == ("bootstrap", OFFLINE_MODEL)
    assert manifest.lineage.configuration["program"]["seed"] == trigger().seed
    assert manifest.estimates["improvement"] == result.improvement
    program = PromptProgram.load(artifact)
    found = program.recommend(DecisionFeatures(KINDS[0].format("physics")), AGENTS, offline_lm())
    assert found.agent == AGENTS[0]


def test_the_same_arguments_give_the_same_bytes(promoted: TrainingAnswer) -> None:
    again = answered(list(reversed(log(300))), configuration=structs.replace(QUICK))
    assert again.artifact == promoted.artifact
    assert encode(again.result) == encode(promoted.result)


def test_a_program_that_is_no_better_than_the_champion_is_rejected_with_its_numbers(
    promoted: TrainingAnswer,
) -> None:
    again = answered(log(300), champion=promoted.artifact, spent=lambda: "It was free.").result
    assert again.verdict == "rejected"
    assert again.reason in ("not_proven", "worse")
    assert again.champion is not None
    assert "It was free." in again.message
    assert again.champion_digest == promoted.result.digest


def test_rewards_that_are_turned_round_give_another_program(promoted: TrainingAnswer) -> None:
    turned = log(300, reward=lambda kind, agent, rng: 0.9 if agent == 3 - kind else 0.2)
    artifact = answered(turned).artifact
    assert artifact is not None
    found = PromptProgram.load(artifact).recommend(
        DecisionFeatures(KINDS[0].format("physics")), AGENTS, offline_lm()
    )
    assert found.agent == AGENTS[3]


def test_annotations_become_labels_also_of_what_the_sample_left_out(promoted: TrainingAnswer) -> None:
    """Everyone fails, so that experiences alone have no right answer; people say what it would have been."""
    everything = log(200, reward=lambda kind, agent, rng: 0.1)
    labels = [annotation(item, AGENTS[kind_of(item.decision.query)]) for item in everything]
    superseded = [annotation(item, AGENTS[0], seconds=0) for item in everything]
    newer = [structs.replace(each, occurred_at=START.replace(minute=1)) for each in labels]
    without = answered(everything).result
    assert (without.verdict, without.reason) == ("rejected", "insufficient_evidence")
    assert "Nothing can be learned" in without.message
    taught = answered(everything, [*newer, *superseded], sample=everything[:60]).result
    assert taught.training_samples > 60
    # What people say is also what the gate judges by.
    assert (taught.verdict, taught.reason) == ("promoted", "better")


def test_what_is_older_than_the_windows_counts_only_where_it_is_labelled() -> None:
    everything = log(200)
    windows = (int(everything[120].occurred_at.timestamp()),)
    asked = trigger(reasons=("multi_stage", "annotations"), windows=windows)
    labels = [annotation(item, AGENTS[kind_of(item.decision.query)]) for item in everything[:30]]
    one, other = (
        answer_program(asked, items, labels, None, QUICK, offline_lm(), OFFLINE_MODEL)
        for items in (everything, everything[:30] + everything[120:])
    )
    assert (one.artifact, one.result) == (other.artifact, other.result)


def test_the_gate_asks_about_no_more_than_it_may_and_about_each_question_once() -> None:
    seen: list[Progress] = []
    result = answered(log(300), most_held_out=40, progress=seen.append).result
    assert result.held_out_samples == 40
    assert seen[-1].calls <= seen[-1].expected_calls


@pytest.mark.parametrize(
    ("count", "share", "calls", "reason", "words"),
    [
        (49, 0.5, None, "insufficient_evidence", "49 experiences, but training needs 50"),
        (60, 0.1, None, "insufficient_evidence", "Nothing was trained: 8 held-out experiences"),
        (60, 0.5, 1, "not_proven", "No optimiser found a better program"),
    ],
)
def test_what_cannot_be_done_is_said(
    count: int, share: float, calls: int | None, reason: str, words: str
) -> None:
    program = structs.replace(QUICK.program, max_calls=calls)
    configuration = structs.replace(QUICK, program=program, held_out_share=share)
    result = answered(log(count), configuration=configuration).result
    assert (result.verdict, result.reason) == ("rejected", reason)
    assert words in result.message


def test_another_champion_or_scope_is_an_error(promoted: TrainingAnswer) -> None:
    with pytest.raises(ArtifactError, match="champion"):
        answer_program(trigger("a" * 64), log(60), [], promoted.artifact, QUICK, offline_lm(), OFFLINE_MODEL)
    with pytest.raises(ConfigurationError, match="no prompt program for 'program:unknown'"):
        asked = trigger(scope="program:unknown")
        answer_program(asked, log(60), [], None, QUICK, offline_lm(), OFFLINE_MODEL)
