"""The programs have all fields of the specification, and a fingerprint that knows them."""

import msgspec
import pytest

from signalbox.program import QUERY_ANALYSIS, SIGNATURES, OutputSpec, build, fingerprint, fresh_module

FIELDS = {
    "routing": (
        ["query", "entities", "relationships", "enhanced_query", "candidates"],
        ["recommended_agent", "confidence"],
    ),
    "modality": (["query", "modality", "query_features"], ["recommended_agent", "confidence"]),
    "query_analysis": (
        ["query", "context"],
        [
            "primary_intent",
            "complexity_level",
            "needs_video_search",
            "needs_text_search",
            "multimodal_query",
            "temporal_pattern",
        ],
    ),
    "agent_routing": (
        ["query", "analysis_result", "available_agents"],
        ["recommended_workflow", "primary_agent", "routing_confidence"],
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_signature_has_the_specifications_fields_as_strings(name: str) -> None:
    spec, (inputs, outputs) = SIGNATURES[name], FIELDS[name]
    assert (list(spec.inputs), list(spec.outputs), spec.scope) == (inputs, outputs, f"program:{name}")
    assert build(spec).instructions == spec.instructions
    trained = fresh_module(spec).predict.signature
    assert list(trained.output_fields) == ["reasoning", *outputs]
    assert {field.annotation for field in trained.fields.values()} == {str}


def test_the_fingerprint_knows_fields_kinds_and_values_but_no_descriptions() -> None:
    spec = QUERY_ANALYSIS
    words = {**spec.outputs, "primary_intent": OutputSpec(kind="label", desc="said otherwise")}
    same = msgspec.structs.replace(spec, instructions="Do it.", outputs=words)
    assert fingerprint(same) == fingerprint(spec)
    changes = [
        {"name": "other"},
        {"inputs": {**spec.inputs, "more": ""}},
        {"inputs": dict(reversed(spec.inputs.items()))},
        {"outputs": {**spec.outputs, "complexity_level": OutputSpec(kind="label", desc="")}},
        {"outputs": {**spec.outputs, "temporal_pattern": OutputSpec(kind="label", desc="", values=("x",))}},
    ]
    prints = {fingerprint(msgspec.structs.replace(spec, **change)) for change in changes}
    assert len(prints | {fingerprint(each) for each in SIGNATURES.values()}) == len(changes) + len(SIGNATURES)
