"""The benchmark's queries are what they say, and its rows carry what the table needs."""

import numpy as np
import pytest

from adapters.language_model import offline_lm
from benchmarks import prompt_programs
from benchmarks.measure import Options
from benchmarks.prompt_programs.peers import peers
from benchmarks.prompt_programs.queries import _WORDS, from_templates, sources
from models.programs import ProgramConfiguration, validate
from signalbox.program import ROUTING_POLICY


@pytest.mark.parametrize("name", sources())
def test_the_queries_are_valid_examples_and_the_same_for_a_seed(name: str) -> None:
    draw = sources()[name]
    rows = draw(60, np.random.default_rng(3))
    validate(ROUTING_POLICY, rows)
    assert rows == draw(60, np.random.default_rng(3))
    assert rows != draw(60, np.random.default_rng(4))
    assert len({row.outputs["recommended_agent"] for row in rows if row.outputs}) == len(
        rows[0].candidates or ()
    )


def test_a_template_names_a_word_of_its_agent_and_of_no_other() -> None:
    for row in from_templates(200, np.random.default_rng(0)):
        words = set(row.inputs["query"].replace(":", "").split())
        assert [agent for agent, own in _WORDS.items() if words & set(own.split())] == [
            (row.outputs or {})["recommended_agent"]
        ]


def test_the_peers_learn_from_the_same_examples() -> None:
    rows = from_templates(60, np.random.default_rng(0))
    found = peers(rows[:30], rows[30:], offline_lm())
    assert set(found) == {"untrained", "labelled few-shot", "nearest neighbour"}
    assert min(found["labelled few-shot"], found["nearest neighbour"]) > found["untrained"]
    assert peers(rows[:30], rows[:30], offline_lm())["nearest neighbour"] == 1.0


def test_a_row_says_data_optimiser_examples_calls_and_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    way = {"bootstrap": ProgramConfiguration(force_optimizer="bootstrap", concurrency=1)}
    monkeypatch.setattr(prompt_programs, "WAYS", way)
    first, second = prompt_programs.run(Options(seeds=1, quick=True))
    assert (first.id, first.measure, first.better) == ("prompt-programs", "held_out_accuracy", "higher")
    assert (first.detail["examples"], second.detail["examples"]) == (20, 60)
    assert second.value > second.detail["before"] == pytest.approx(second.peers["untrained"], abs=1e-4)
    assert first.detail["language_model_calls"] <= first.detail["expected_calls"]
    assert {"data", "optimiser", "seconds", "spread", "improved"} <= first.detail.keys()
