"""Write the contract for every language from the event types: `python -m schemas.generate`."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from signalbox.events.fields import MAX_EVENT_BYTES
from signalbox.events.outcome import SIGNAL_FIELDS
from signalbox.topics import TOPICS, TopicSpec

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMAT = "application/schema+json;version=draft-2020-12"

# What a type can't express but JSON Schema can: an outcome without any signal says nothing.
EXTRA: dict[str, dict[str, Any]] = {
    "RoutingOutcome": {
        "anyOf": [
            {"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in SIGNAL_FIELDS
        ]
    }
}


def json_schema(topic: str, event: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a topic's events; unknown fields are allowed."""
    _, definitions = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["description"] = inspect.cleandoc(definition["description"])
    root = definitions.pop(event.__name__)
    schema = {"$schema": DIALECT, "$id": f"{topic}.json", **root, **EXTRA.get(event.__name__, {})}
    return schema | ({"$defs": definitions} if definitions else {})


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: a channel a topic, seen from the service."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Signalbox",
            "version": "1.0.0",
            "license": {"name": "Apache-2.0"},
            "description": (
                "What a router and Signalbox say to each other over Kafka. Topic names take a configurable "
                "prefix. All topics have the same number of partitions. The tenant key is tenant_id, or "
                "tenant_id#k for a tenant spread over shards; keys are UTF-8. An event from outside has at "
                f"most {MAX_EVENT_BYTES} bytes. Readers ignore fields that they don't know."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {spec.name: _channel(spec) for spec in TOPICS.values()},
        "operations": dict(operation for spec in TOPICS.values() for operation in _operations(spec)),
        "components": {"messages": {_message_name(spec): _message(spec) for spec in TOPICS.values()}},
    }


def files() -> dict[str, str]:
    """Every generated file's name and text."""
    documents = {spec.name: json_schema(spec.name, spec.event) for spec in TOPICS.values() if spec.event}
    documents["asyncapi"] = asyncapi()
    return {f"{name}.json": json.dumps(content, indent=2) + "\n" for name, content in documents.items()}


def _channel(spec: TopicSpec) -> dict[str, Any]:
    name = _message_name(spec)
    configuration: dict[str, Any] = {"cleanup.policy": ["compact" if spec.compacted else "delete"]}
    return {
        "address": spec.name,
        "description": spec.meaning[0].upper() + spec.meaning[1:] + ".",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"kafka": {"topicConfiguration": configuration, "bindingVersion": "0.5.0"}},
        "x-direction": spec.direction,
        "x-key": spec.key,
        "x-compacted": spec.compacted,
        "x-timestamp-type": "LogAppendTime" if spec.log_append_time else "CreateTime",
    }


def _operations(spec: TopicSpec) -> list[tuple[str, dict[str, Any]]]:
    actions = {"in": ["receive"], "out": ["send"], "internal": ["send", "receive"]}[spec.direction]
    channel = {"$ref": f"#/channels/{spec.name}"}
    return [(f"{action}-{spec.name}", {"action": action, "channel": channel}) for action in actions]


def _message(spec: TopicSpec) -> dict[str, Any]:
    key = {"type": "string", "description": spec.key}
    message: dict[str, Any] = {
        "name": _message_name(spec),
        "summary": spec.meaning[0].upper() + spec.meaning[1:] + ".",
        "contentType": "application/json" if spec.event else "application/octet-stream",
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }
    if spec.event:
        message["payload"] = {"schemaFormat": FORMAT, "schema": {"$ref": f"./{spec.name}.json"}}
    if spec.compacted:
        message["description"] = "A record without a value (a tombstone) removes what its key held."
    return message


def _message_name(spec: TopicSpec) -> str:
    return spec.event.__name__ if spec.event else "".join(part.title() for part in spec.name.split("-"))


def main() -> None:
    """Write every file beside this one."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"schemas/{name}\n")


if __name__ == "__main__":
    main()
