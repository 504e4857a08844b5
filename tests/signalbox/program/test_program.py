"""A program in an artifact: the same bytes, refused unless it is whole and its signature's own, and asked."""

import copy
from typing import Any

import dspy
import msgspec
import pytest
from dspy.utils.callback import BaseCallback

from models.gate import RewardMoments, screen
from models.threshold import Threshold
from signalbox.errors import AnswerError, ArtifactError, ProgramError
from signalbox.policy import DecisionFeatures, Policy, digest_of, join, pack, split, unpack
from signalbox.program import (
    QUERY_ANALYSIS,
    ROUTING_POLICY,
    ProgramPolicy,
    PromptProgram,
    dump_state,
    fresh_module,
    load_module,
)
from tests.models.logs import AGENTS as KNOWN
from tests.models.logs import kind_of, log
from tests.signalbox.programs import AGENTS, answering, language_model, program_bytes
from tests.signalbox.test_policy_runtime import artifact

QUERY = DecisionFeatures("find a video")


def trained() -> Any:
    module = fresh_module(ROUTING_POLICY)
    module.predict.demos = [dspy.Example(augmented=True, query="a clip", recommended_agent=AGENTS[0])]
    module.predict.signature = module.predict.signature.with_instructions("Take the first.")
    return module


def test_a_state_comes_back_in_a_module_of_its_own() -> None:
    state = dump_state(trained())
    again = load_module(ROUTING_POLICY, state)
    assert dump_state(again) == state
    assert again.predict.signature.instructions == "Take the first."
    assert again.predict.demos[0]["query"] == "a clip"
    assert dump_state(fresh_module(ROUTING_POLICY))["predict"]["demos"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda predict: predict.update(lm={"model": "x", "api_base": "http://elsewhere"}), "lm"),
        (lambda predict: predict.update(forward="x"), "forward"),
        (lambda predict: predict["signature"]["fields"].pop(), "7 fields, not 8"),
        (lambda predict: predict["signature"].pop("instructions"), "instructions"),
        (lambda predict: predict.update(demos=["x"]), "demos"),
    ],
)
def test_a_state_of_another_shape_is_refused(change: Any, message: str) -> None:
    state = copy.deepcopy(dump_state(trained()))
    change(state["predict"])
    with pytest.raises(ArtifactError, match=message):
        PromptProgram(ROUTING_POLICY, state)
    with pytest.raises(ArtifactError):
        PromptProgram(ROUTING_POLICY, {"elsewhere": state["predict"]})


def test_an_artifact_is_json_with_one_order_and_travels_in_chunks() -> None:
    data = program_bytes()
    content = msgspec.json.decode(data)
    assert list(content) == ["format_version", "manifest", "state"]
    assert list(content["manifest"]) == sorted(content["manifest"])
    assert pack(unpack(data)) == data == program_bytes()
    program = PromptProgram.load(join(split(data), digest_of(data)))
    assert program.spec is ROUTING_POLICY
    assert program.manifest == unpack(data).manifest


def test_each_kind_is_refused_where_the_other_is_wanted() -> None:
    with pytest.raises(ArtifactError, match="a prompt program, which"):
        Policy.load(program_bytes())
    with pytest.raises(ArtifactError, match="of kind softmax, not a prompt program"):
        PromptProgram.load(pack(artifact()))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "softmax"},
        {"program": None},
        {"format_version": 2},
        {"scope": 7},
    ],
)
def test_json_that_is_no_program_of_this_format_is_refused(change: dict[str, Any]) -> None:
    content = msgspec.json.decode(program_bytes())
    content["manifest"].update(change)
    with pytest.raises(ArtifactError):
        unpack(msgspec.json.encode(content))
    for data in (b"{", b"{}", b'{"a":' * 5000):
        with pytest.raises(ArtifactError):
            unpack(data)


def test_a_program_of_another_signature_is_refused() -> None:
    info = unpack(program_bytes()).manifest.program
    assert info is not None
    for change in ({"fingerprint": "0" * 64}, {"signature": "query_analysis"}, {"signature": "unknown"}):
        with pytest.raises(ArtifactError, match="train the program again"):
            PromptProgram.load(program_bytes(program=msgspec.structs.replace(info, **change)))


def test_a_recommendation_is_a_candidate_with_confidence_and_reasoning() -> None:
    seen = []

    def answer(request: Any) -> str:
        seen.append(request)
        return answering("Video_Search_Agent", "85%")(request)

    found = PromptProgram(ROUTING_POLICY).recommend(QUERY, AGENTS, language_model(answer))
    assert found == ("video_search_agent", 0.85, "it says so")
    assert "find a video" in str(seen[0].messages[-1])
    assert len(seen) == 1


def test_a_program_without_an_agent_answers_but_recommends_nothing() -> None:
    program = PromptProgram(QUERY_ANALYSIS)
    outputs = dict.fromkeys(QUERY_ANALYSIS.outputs, "true") | {"complexity_level": "simple"}
    text = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in {"reasoning": "r", **outputs}.items())
    lm = language_model(lambda _: text + "\n\n[[ ## completed ## ]]")
    assert program.answer({"query": "q", "context": ""}, lm) == {**outputs, "reasoning": "r"}
    with pytest.raises(ProgramError, match="recommends no agent"):
        program.recommend(QUERY, AGENTS, lm)
    with pytest.raises(ProgramError, match=r"without the inputs \['context'\]"):
        program.answer({"query": "q"}, lm)


def test_a_malformed_answer_is_told_from_a_language_model_that_fails() -> None:
    program = PromptProgram(ROUTING_POLICY)
    for text in (answering("nobody"), answering(AGENTS[0], "high"), lambda _: "gibberish"):
        policy = ProgramPolicy(program, language_model(text), 0.2)
        with pytest.raises(AnswerError) as failed:
            policy.probabilities(QUERY, AGENTS)
        assert "find a video" not in str(failed.value)
        lenient = ProgramPolicy(program, language_model(text), 0.2, lenient=True)
        assert lenient.probabilities(QUERY, AGENTS).tolist() == [1 / 3] * 3

    def broken(request: Any) -> str:
        raise RuntimeError("find a video")

    with pytest.raises(ProgramError, match="the language model failed: LMUnexpectedError") as failed:
        ProgramPolicy(program, language_model(broken), 0.2, lenient=True).probabilities(QUERY, AGENTS)
    assert not isinstance(failed.value, AnswerError)


def test_a_policy_explores_around_the_recommendation_exactly() -> None:
    policy = ProgramPolicy(PromptProgram(ROUTING_POLICY), language_model(answering(AGENTS[1])), 0.3)
    recommendation, probabilities = policy.decide(QUERY, AGENTS)
    assert recommendation.agent == AGENTS[1]
    assert probabilities == pytest.approx([0.1, 0.8, 0.1])


def test_nothing_of_dspy_is_changed_for_others() -> None:
    before = (dspy.settings.lm, dspy.settings.adapter, dspy.settings.callbacks, dspy.settings.disable_history)
    lm = language_model(answering(AGENTS[0]))
    PromptProgram(ROUTING_POLICY).recommend(QUERY, AGENTS, lm)
    after = (dspy.settings.lm, dspy.settings.adapter, dspy.settings.callbacks, dspy.settings.disable_history)
    assert (after, lm.history) == (before, [])


def test_a_tracer_that_listens_already_goes_on_listening() -> None:
    heard = []

    class Tracer(BaseCallback):
        def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            heard.append(call_id)

    with dspy.context(callbacks=[Tracer()]):
        PromptProgram(ROUTING_POLICY).recommend(QUERY, AGENTS, language_model(answering(AGENTS[0])))
    assert len(heard) == 1


def test_the_gate_promotes_a_program_that_is_right_and_not_one_that_is_wrong() -> None:
    def choosing(shift: int) -> ProgramPolicy:
        def answer(request: Any) -> str:
            text = "".join(part.text for part in request.messages[-1].parts)
            query = text.split("[[ ## query ## ]]\n")[1].splitlines()[0]
            return answering(KNOWN[(kind_of(query) + shift) % 4])(request)

        return ProgramPolicy(PromptProgram(ROUTING_POLICY), language_model(answer), 0.1, lenient=True)

    held_out = log(200)
    common = {"look": 1, "error": 0.05, "threshold": Threshold(kind="relative", value=0.05)}
    moments = RewardMoments.of(log(200, seed=1))
    assert screen(held_out, choosing(0), None, expected=moments, **common).verdict == "promoted"
    assert screen(held_out, choosing(1), None, expected=moments, **common).verdict == "rejected"
