"""The generated contract is the committed one, and JSON Schema and decoder agree on what is an event."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.generate import files
from signalbox import events
from signalbox.errors import InvalidEvent
from signalbox.topics import TOPICS

SCHEMAS = Path("schemas")
KINDS = {spec.name: spec.event for spec in TOPICS.values() if spec.event}


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SCHEMAS / name).read_bytes())
    return content


EXAMPLES = {topic: load(f"examples/{topic}.json") for topic in KINDS}
CASES = [(topic, name) for topic, examples in EXAMPLES.items() for name in examples]

BROKEN: dict[str, dict[str, Any]] = {
    "no tenant": {"tenant_id": None},
    "a tenant that is a path": {"tenant_id": "../other"},
    "a naive time": {"occurred_at": "2026-03-14T12:00:00"},
    "an unknown version": {"schema_version": 2},
}
BROKEN_OF: dict[str, list[dict[str, Any]]] = {
    "routing-decision": [
        {"candidate_agents": []},
        {"candidate_agents": ["delivery", "delivery"]},
        {"propensity": 0},
        {"confidence": 1.01},
        {"modality": "smell"},
        {"policy_digest": "abc"},
    ],
    "routing-outcome": [{"search_quality": -0.1}, {"search_quality": None}, {"processing_time_s": 86_401}],
    "workflow-execution": [{"pattern": "spiral"}, {"tasks": [{"agent": ""}]}, {"execution_time_s": -1}],
    "annotation": [{"label": "nice"}, {"confidence": 2}],
    "annotation-request": [{"due_at": "soon"}, {"priority": "urgent"}],
    "agent-card": [{"modalities": ["smell"]}, {"cost": -1}],
    "routing-experience": [{"reward": 1.2}, {"revision": -1}, {"decision": {}}],
    "optimization-trigger": [{"reasons": []}, {"scope": "Routing!"}, {"look": 0}],
    "policy-updated": [{"version": 0}, {"slot": "baseline"}, {"digest": "x"}],
    "training-result": [{"verdict": "perhaps"}, {"held_out_samples": -3}],
    "dead-letter": [{"reason": "dislike"}, {"recorded_at": "2026-03-14T12:00:00"}, {"offset": -1}],
}


def test_the_committed_files_are_what_the_types_generate() -> None:
    generated = files()
    for name, text in generated.items():
        assert (SCHEMAS / name).read_text() == text, f"schemas/{name} is out of date: run make schemas"
    assert {path.name for path in SCHEMAS.glob("*.json")} == set(generated)
    assert {path.stem for path in (SCHEMAS / "examples").glob("*.json")} == set(KINDS)


@pytest.mark.parametrize("topic", KINDS)
def test_every_schema_is_valid_and_described(topic: str) -> None:
    schema = load(f"{topic}.json")
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == KINDS[topic].__name__
    assert len(schema["description"]) > 20
    assert "additionalProperties" not in schema
    moments = [field for field in schema["properties"].values() if field.get("format") == "date-time"]
    assert moments


@pytest.mark.parametrize(("topic", "name"), CASES)
def test_an_example_is_valid_for_both_and_survives_the_round_trip(topic: str, name: str) -> None:
    example = EXAMPLES[topic][name]
    Draft202012Validator(load(f"{topic}.json")).validate(example)
    event = events.decode(KINDS[topic], json.dumps(example).encode())
    assert json.loads(events.encode(event)) == example
    Draft202012Validator(load(f"{topic}.json")).validate({**example, "a_newer_field": {"any": "thing"}})


@pytest.mark.parametrize("topic", KINDS)
def test_a_full_example_shows_every_field(topic: str) -> None:
    shown = EXAMPLES[topic]["full"]
    assert set(load(f"{topic}.json")["properties"]) - set(shown) <= {"schema_version"}
    if topic != "training-result":
        assert set(EXAMPLES[topic]["minimal"]) < set(shown)


@pytest.mark.parametrize("topic", KINDS)
def test_what_one_refuses_the_other_refuses(topic: str) -> None:
    validator = Draft202012Validator(load(f"{topic}.json"))
    known = load(f"{topic}.json")["properties"]
    shared = [change for change in BROKEN.values() if set(change) <= set(known)]
    missing = [{name: ...} for name in load(f"{topic}.json")["required"]]
    for change in [*shared, *BROKEN_OF[topic], *missing]:
        broken = {**EXAMPLES[topic]["minimal"], **change}
        broken = {name: value for name, value in broken.items() if value is not ...}
        assert not validator.is_valid(broken), f"JSON Schema accepts {change}"
        with pytest.raises(InvalidEvent):
            events.decode(KINDS[topic], json.dumps(broken).encode())


def test_the_asyncapi_document_has_every_topic_with_its_key_and_direction() -> None:
    document = load("asyncapi.json")
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == set(TOPICS)
    for name, spec in TOPICS.items():
        channel = document["channels"][name]
        assert (channel["x-direction"], channel["x-key"], channel["x-compacted"]) == (
            spec.direction,
            spec.key,
            spec.compacted,
        )
        assert (
            channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == ["compact"]
        ) is spec.compacted
        action = {"in": "receive", "out": "send", "internal": "send"}[spec.direction]
        assert document["operations"][f"{action}-{name}"]["channel"] == {"$ref": f"#/channels/{name}"}


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = load("asyncapi.json")

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [ref for value in node.values() for ref in references(value)]
        return [ref for value in node for ref in references(value)] if isinstance(node, list) else []

    found = references(document)
    assert len(found) > 2 * len(TOPICS)
    for reference in found:
        file, _, pointer = reference.partition("#/")
        target: Any = load(file.removeprefix("./")) if file else document
        for step in filter(None, pointer.split("/")):
            target = target[step]
        assert target
