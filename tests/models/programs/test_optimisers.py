"""Each of DSPy's four optimisers runs to its end, quietly, with the same result however it is run."""

import json
from dataclasses import replace

import pytest

from adapters.language_model import offline_lm
from models.programs import (
    Cancelled,
    ProgramConfiguration,
    Progress,
    examples_from_rows,
    optimise,
    score_program,
)
from models.programs.optimisers import Task
from models.programs.optimisers.task import dspy_examples
from signalbox.policy import DecisionFeatures
from signalbox.program import QUERY_ANALYSIS, PromptProgram, fingerprint, fresh_module
from tests.models.logs import AGENTS, TOPICS
from tests.models.programs.routing_rows import SPEC, row, rows, train

NAMES = ("bootstrap", "simba", "mipro", "gepa")


@pytest.mark.parametrize("name", NAMES)
def test_an_optimiser_runs_to_its_end_and_says_what_it_did(
    name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    examples = [replace(each, confidence=0.9 if i % 2 else 0.5) for i, each in enumerate(rows(14))]
    shown = {each.inputs["query"] for each in examples if each.demonstrates(ProgramConfiguration())}
    said: list[Progress] = []
    found = train(name, examples, said.append, seed=3)
    assert [(attempt.optimizer, attempt.error) for attempt in found.tried] == [(name, None)]
    assert found.score_after == max(found.score_before, found.tried[0].score or 0.0)
    assert found.optimizer == (name if found.score_after > found.score_before else None)
    assert (found.examples, found.validation, found.fingerprint) == (14, 7, fingerprint(SPEC))
    assert 0.5 * found.expected_calls < found.calls < 1.1 * found.expected_calls
    assert [each.calls for each in said if each.stage == name][-1] == found.calls
    assert {each.stage for each in said} == {"validation", name}
    assert found.demos == len(found.state["predict"]["demos"])
    assert {demo["query"] for demo in found.state["predict"]["demos"]} <= shown
    program = PromptProgram(SPEC, json.loads(json.dumps(found.state)))
    assert program.recommend(DecisionFeatures("find a video about jazz"), AGENTS, offline_lm()).agent in AGENTS
    again = train(name, examples, seed=3, concurrency=3)
    assert json.dumps(again.state, sort_keys=True) == json.dumps(found.state, sort_keys=True)
    assert again == found
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["bootstrap", "mipro", "gepa"])
def test_training_makes_a_program_better_on_what_it_has_not_seen(name: str) -> None:
    held_out = rows(40, seed=9)
    before = score_program(SPEC, None, held_out, offline_lm(), 1).mean()
    found = train(name, rows(45))
    assert found.optimizer == name
    assert score_program(SPEC, found.state, held_out, offline_lm(), 1).mean() > before + 0.2


def test_swapped_labels_teach_the_opposite() -> None:
    held_out, swapped = rows(40, seed=9), rows(40, seed=9, shift=1)
    right, wrong = (train("bootstrap", rows(45, shift=shift)).state for shift in (0, 1))
    lm = offline_lm()
    of_right, of_wrong = (score_program(SPEC, state, held_out, lm, 1).mean() for state in (right, wrong))
    assert of_right > of_wrong + 0.5
    assert score_program(SPEC, wrong, swapped, lm, 1).mean() == pytest.approx(of_right, abs=0.1)


def test_a_program_with_several_outputs_learns_them() -> None:
    spec, kinds = QUERY_ANALYSIS, ("video", "text")
    table = [
        {
            "query": f"find a {kind} about {topic}",
            "context": "",
            "primary_intent": f"{kind}_search",
            "complexity_level": "simple",
            "needs_video_search": str(kind == "video").lower(),
            "needs_text_search": str(kind == "text").lower(),
            "multimodal_query": "false",
            "temporal_pattern": "none",
        }
        for topic in TOPICS
        for kind in kinds
    ]
    examples = examples_from_rows(spec, table)
    configuration = ProgramConfiguration(concurrency=1)
    found = optimise(spec, examples, offline_lm(), configuration)
    assert found.optimizer == "bootstrap"
    assert found.score_after > max(0.9, found.score_before)
    answer = PromptProgram(spec, found.state).answer({"query": "a video, please", "context": ""}, offline_lm())
    assert (answer["primary_intent"], answer["needs_text_search"]) == ("video_search", "false")


@pytest.mark.parametrize("name", NAMES)
def test_cancelling_ends_it_at_the_next_call(name: str) -> None:
    said: list[Progress] = []
    configuration = ProgramConfiguration(force_optimizer=name, enable_multi_stage=False, concurrency=2)
    with pytest.raises(Cancelled):
        optimise(SPEC, rows(15), offline_lm(), configuration, said.append, lambda: len(said) >= 9)
    assert len(said) < 15


def test_a_bad_choice_never_becomes_a_demonstration() -> None:
    examples = [*rows(30), *(row(f"bad {i}", None, avoided=(AGENTS[1],)) for i in range(10))]
    right = {each.inputs["query"]: each.outputs for each in examples}
    demos = train("bootstrap", examples).state["predict"]["demos"]
    assert demos
    for demo in demos:
        assert demo["recommended_agent"] == (right[demo["query"]] or {})["recommended_agent"]


def test_a_task_starts_from_a_module_of_its_own_and_shows_no_weights() -> None:
    task = Task(SPEC, None, rows(6), rows(3), ProgramConfiguration(), offline_lm())
    assert task.student() is not task.student()
    (example,) = dspy_examples(rows(1))
    assert set(example.keys()) == {*SPEC.inputs, *SPEC.outputs}
    assert example.inputs().keys() == list(SPEC.inputs)
    assert fresh_module(SPEC).predict.demos == []
