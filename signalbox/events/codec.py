"""Bytes to events and back, with every check that the schema promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec
import orjson

from signalbox.errors import InvalidEvent
from signalbox.events.dead_letter import DeadLetter
from signalbox.events.decision import RoutingDecision
from signalbox.events.experience import Experience
from signalbox.events.fields import MAX_EVENT_BYTES, MAX_RECORD_BYTES
from signalbox.events.outcome import RoutingOutcome
from signalbox.events.workflow import WorkflowExecution

E = TypeVar("E", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder()


@cache
def _decoder(kind: type[E]) -> tuple[Callable[[bytes], E], Callable[[E], None] | None]:
    """What decodes an event, and what then looks for contradictions between its fields."""
    return msgspec.json.Decoder(kind).decode, _CONTRADICTIONS.get(kind)


def decode(kind: type[E], data: bytes | None) -> E:
    """The event of type `kind` in `data`; raises `InvalidEvent` with reason, field and value."""
    if data is None:
        raise InvalidEvent("invalid", f"{kind.__name__}: the record has no value")
    if len(data) > MAX_EVENT_BYTES and len(data) > (limit := _limit_bytes(kind)):
        raise InvalidEvent("too_large", f"{kind.__name__}: {len(data)} bytes, at most {limit}")
    read, refuse_contradiction = _decoder(kind)
    try:
        event: E = read(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _explain(kind, data, error) from None
    if refuse_contradiction is not None:
        refuse_contradiction(event)
    return event


def encode(event: msgspec.Struct) -> bytes:
    """The event as JSON; raises `InvalidEvent` if a reader would refuse it."""
    try:
        data = _encoder.encode(event)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidEvent("invalid", f"{type(event).__name__}: can't be written as JSON: {error}") from None
    # JSON has no NaN: it is written as null, which a reader would take for "absent".
    if b"null" in data:
        refuse_nan(event, type(event).__name__)
    decode(type(event), data)
    return data


def encode_trusted(event: msgspec.Struct) -> bytes:
    """The event as JSON, without checks: for events whose every number was checked when it came in."""
    return _encoder.encode(event)


def refuse_nan(value: Any, path: str) -> None:
    """Raise `InvalidEvent` for the first NaN or infinity inside `value`."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidEvent("invalid", f"{path}: {value} is not a finite number")
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            refuse_nan(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_nan(item, f"{path}.{key}")
    elif isinstance(value, (tuple, list)):
        for i, item in enumerate(value):
            refuse_nan(item, f"{path}[{i}]")


def _limit_bytes(kind: type[msgspec.Struct]) -> int:
    return MAX_RECORD_BYTES if kind in (Experience, DeadLetter) else MAX_EVENT_BYTES


def _refuse_empty(outcome: RoutingOutcome) -> None:
    if outcome.is_empty:
        raise InvalidEvent("empty_outcome", "RoutingOutcome: no signal is present, so it says nothing")


def _refuse_problem(event: RoutingDecision | WorkflowExecution) -> None:
    problem = event.problem()
    if problem:
        raise InvalidEvent("invalid", f"{type(event).__name__}.{problem}")


_CONTRADICTIONS: dict[type[msgspec.Struct], Callable[[Any], None]] = {
    RoutingOutcome: _refuse_empty,
    RoutingDecision: _refuse_problem,
    WorkflowExecution: _refuse_problem,
}


def _explain(kind: type[msgspec.Struct], data: bytes, error: Exception) -> InvalidEvent:
    """Msgspec's message with the offending value, and the reason code that fits."""
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as fault:
        return InvalidEvent("not_json", f"{kind.__name__}: {fault}")
    if isinstance(content, dict) and content.get("schema_version", 1) != 1:
        version = content["schema_version"]
        return InvalidEvent("unsupported_version", f"{kind.__name__}.schema_version: {version!r}, this reads 1")
    message, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`")
    value = _value_at(content, path)
    return InvalidEvent("invalid", f"{kind.__name__}{path}: {message}" + (f"; got {value}" if path else ""))


def _value_at(content: Any, path: str) -> str:
    for step in path.replace("[", ".[").split("."):
        if step.startswith("[") and isinstance(content, list) and step[1:-1].isdigit():
            content = content[int(step[1:-1])]
        elif step and isinstance(content, dict):
            content = content.get(step)
    try:
        text = repr(content)
    except RecursionError:
        return f"a {type(content).__name__} nested too deep to show"
    return text if len(text) <= 80 else text[:77] + "..."
