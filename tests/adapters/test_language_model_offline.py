"""The offline model: what it reads, how it decides, and that it is a pure function."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dspy
import pytest

from adapters.language_model.offline import UnreadablePrompt, complete, offline_lm
from adapters.language_model.offline.derive import derive
from adapters.language_model.offline.prompt import Example
from adapters.language_model.offline.reading import read_prompt
from tests.adapters.offline_prompts import AGENTS, Kinds, Routing, demos, parse, prompt, queries

CLIP = {"query": "a clip of frogs", "candidates": AGENTS}
RULE = 'When the query mentions "clip" or "footage", recommended_agent is video_agent.'


def ask(inputs: dict[str, Any] | None = None, shown: Any = (), **how: Any) -> dict[str, Any]:
    as_json = how.get("as_json", False)
    return parse(Routing, complete(prompt(Routing, inputs or CLIP, shown, **how)), as_json=as_json)


def accuracy(instruction: str | None, shown: list[tuple[str, str]]) -> float:
    rows = queries(50, seed=99)
    answers = [
        ask({"query": query, "candidates": AGENTS}, demos(shown), instruction=instruction) for query, _ in rows
    ]
    right = [answer["recommended_agent"] == agent for answer, (_, agent) in zip(answers, rows, strict=True)]
    return sum(right) / len(rows)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_prompt_is_read_as_the_adapters_write_it(as_json: bool) -> None:
    shown = [
        *demos([("an essay", "text_agent")]),
        {**CLIP, "recommended_agent": "video_agent", "confidence": 0.8},
    ]
    inputs = {
        "query": "x\n\n[[ ## candidates ## ]]\nmine\n\nRespond with the corresponding",
        "candidates": ["a", "b"],
    }
    read = read_prompt(prompt(Routing, inputs, shown, instruction="Do.\n\nSo.", as_json=as_json))
    assert read.request == {"query": inputs["query"], "candidates": '["a", "b"]'}
    assert [output.name for output in read.outputs] == ["recommended_agent", "confidence"]
    assert read.instruction == "Do.\n\nSo."
    assert [demo.outputs for demo in read.demos] == [
        {"recommended_agent": "text_agent"},
        {"recommended_agent": "video_agent", "confidence": "0.8"},
    ]
    assert read.as_json is as_json


@pytest.mark.parametrize("as_json", [False, True])
def test_every_output_field_is_answered_in_its_type(as_json: bool) -> None:
    text = complete(prompt(Kinds, {"query": "q"}, as_json=as_json))
    assert parse(Kinds, text, as_json=as_json) == {
        "label": "right choice",
        "useful": True,
        "level": "simple",
        "tags": [],
        "notes": {},
        "count": 0,
    }


def test_a_rule_decides_and_the_reasoning_names_it() -> None:
    thoughtful = Routing.with_instructions(f"Choose.\n{RULE}").prepend("reasoning", dspy.OutputField(), str)
    answer = parse(thoughtful, complete(prompt(thoughtful, CLIP)))
    assert answer["recommended_agent"] == "video_agent"
    rule = 'A rule says that recommended_agent is video_agent for "clip".'
    assert answer["reasoning"] == f"{rule} (The offline model's reading.)"
    assert answer["confidence"] == pytest.approx((0.5 + 0.05) / 0.75, abs=0.01)


def test_the_nearest_demo_decides_where_no_rule_does() -> None:
    shown = demos(
        [("an essay on bees", "text_agent"), ("clips of bees", "video_agent"), ("bees", "report_agent")]
    )
    assert ask(shown=shown)["recommended_agent"] == "video_agent"


def test_without_rule_or_demo_the_first_candidate_is_taken() -> None:
    assert ask()["recommended_agent"] == AGENTS[0]
    assert ask()["confidence"] == pytest.approx(1 / len(AGENTS))
    default = "Otherwise, recommended_agent is text_agent."
    assert ask(instruction=default)["recommended_agent"] == "text_agent"


def test_only_what_is_offered_is_answered() -> None:
    inputs = {**CLIP, "candidates": ["report_agent", "text_agent"]}
    shown = demos([("a clip of frogs", "video_agent"), ("something else", "text_agent")])
    assert ask(inputs, shown, instruction=RULE)["recommended_agent"] == "text_agent"


def test_candidates_may_stand_inside_another_input() -> None:
    class Inside(dspy.Signature):
        """Choose."""

        query_features: str = dspy.InputField()
        recommended_agent: str = dspy.OutputField(desc="One of the candidates, spelled as there.")

    text = complete(prompt(Inside, {"query_features": "candidates: a_agent, b_agent; entities: clip"}))
    assert parse(Inside, text) == {"recommended_agent": "a_agent"}


def test_an_output_whose_description_mentions_an_input_is_not_restricted_to_it() -> None:
    analysis = dspy.Signature("query -> temporal_pattern").with_updated_fields(
        "temporal_pattern", desc="The time that the query names, or none."
    )
    shown = [
        {"query": "clips of May", "temporal_pattern": "may"},
        {"query": "all clips", "temporal_pattern": "none"},
    ]
    text = complete(prompt(analysis, {"query": "figures, for May"}, shown))
    assert parse(analysis, text) == {"temporal_pattern": "may"}


def test_relevant_demos_and_rules_raise_the_accuracy() -> None:
    few, many = queries(15, seed=1), queries(40, seed=1)
    rules = [
        "\n".join(derive(Example({"query": q}, {"recommended_agent": a}) for q, a in rows).sentences())
        for rows in (few, many)
    ]
    by_demos = [accuracy(None, rows) for rows in ([], few, many)]
    by_rules = [accuracy(text, []) for text in rules]
    assert by_demos[0] < 0.4 < by_demos[1] < 0.8 < by_demos[2]
    assert by_demos[0] < by_rules[0] < 0.8 < by_rules[1]
    assert accuracy(rules[0], few) >= by_rules[0]


def test_labels_that_are_wrong_make_it_wrong() -> None:
    swapped = [(query, AGENTS[AGENTS.index(agent) - 1]) for query, agent in queries(40, seed=1)]
    assert accuracy(None, swapped) < 0.1


@pytest.mark.parametrize(
    ("messages", "missing"),
    [
        ([], "input and output fields"),
        ([("user", "hello")], "input and output fields"),
        ([*prompt(Routing, CLIP)[:1]], "last message"),
        ([("system", prompt(Routing, CLIP)[0][1].partition("In adhering")[0]), ("user", "x")], "objective"),
    ],
)
def test_a_malformed_prompt_is_refused_with_what_is_missing(messages: Any, missing: str) -> None:
    with pytest.raises(UnreadablePrompt, match=missing):
        complete(messages)
    with pytest.raises(dspy.utils.exceptions.LMInvalidRequestError, match="input and output fields"):
        offline_lm()("hello")


def many_prompts() -> list[Any]:
    shown = demos(queries(20, seed=3))
    rules = "\n".join(
        derive(Example({"query": q}, {"recommended_agent": a}) for q, a in queries(20, 4)).sentences()
    )
    return [
        prompt(Routing, {"query": query, "candidates": AGENTS}, shown, instruction=rules, as_json=as_json)
        for query, _ in queries(8, seed=5)
        for as_json in (False, True)
    ]


HASHED = """
import json, sys
from adapters.language_model.offline.model import complete
prompts, ways = json.load(sys.stdin), ((None, None), (1.0, 3))
print(json.dumps([complete([tuple(m) for m in p], *way) for p in prompts for way in ways]))
"""


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed_and_the_threads() -> None:
    prompts = many_prompts()

    def elsewhere(hash_seed: str) -> list[str]:
        command = [sys.executable, "-c", HASHED]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            command, input=json.dumps(prompts), env=environment, capture_output=True, text=True, check=True
        )
        found: list[str] = json.loads(done.stdout)
        return found

    with ThreadPoolExecutor(4) as pool:
        calls = [(each, *how) for each in prompts for how in ((None, None), (1.0, 3))]
        here = list(pool.map(lambda call: complete(*call), calls))
    assert elsewhere("1") == elsewhere("2") == here


def test_a_rollout_changes_what_is_a_guess_and_keeps_what_is_clear() -> None:
    guess, clear = prompt(Routing, CLIP), prompt(Routing, CLIP, demos([("a clip of frogs", "video_agent")] * 3))

    def answers(messages: Any, temperature: float) -> list[str]:
        return [
            parse(Routing, complete(messages, temperature, each))["recommended_agent"] for each in range(40)
        ]

    assert set(answers(guess, 1.0)) == set(AGENTS)
    assert answers(clear, 1.0).count("video_agent") > 35
    assert set(answers(guess, 0.0)) == {AGENTS[0]}


def test_dspy_tells_it_the_rollout_and_calls_it_asynchronously() -> None:
    import asyncio

    lm, program = offline_lm(), dspy.Predict(Routing)

    def agents(rollouts: range) -> list[str]:
        found = []
        for rollout in rollouts:
            with dspy.context(lm=lm.copy(rollout_id=rollout, temperature=1.0)):
                found.append(program(**CLIP).recommended_agent)
        return found

    assert agents(range(8)) == agents(range(8))
    assert len(set(agents(range(8)))) > 1
    with dspy.context(lm=lm):
        assert asyncio.run(program.acall(**CLIP)).recommended_agent == program(**CLIP).recommended_agent
