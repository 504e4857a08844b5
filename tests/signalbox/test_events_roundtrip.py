"""What is written is what is read, for every event type, and the bytes on the wire stay as they are."""

import json
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect as types

from signalbox import events
from signalbox.events import RoutingDecision, RoutingOutcome
from signalbox.topics import TOPICS

EXAMPLES = Path("schemas/examples")
KINDS = {spec.name: spec.event for spec in TOPICS.values() if spec.event}

text = st.text(st.characters(codec="utf-8"), max_size=20)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)


def strategy_of(kind: types.Type) -> st.SearchStrategy[Any]:
    """Values that a field of type `kind` may take."""
    match kind:
        case types.Metadata():
            return strategy_of(kind.type)
        case types.StrType(pattern=str() as pattern):
            return st.from_regex(pattern).filter(lambda value: len(value) <= 64)
        case types.StrType():
            return st.text(st.characters(codec="utf-8"), min_size=kind.min_length or 0, max_size=20)
        case types.IntType():
            return st.integers(0 if kind.ge is None else kind.ge, 2**63 - 1 if kind.le is None else kind.le)
        case types.FloatType():
            low, high = kind.gt if kind.gt is not None else kind.ge, kind.le
            open_below = kind.gt is not None
            return st.floats(low, high, exclude_min=open_below, allow_nan=False, allow_infinity=False)
        case types.UnionType():
            return st.one_of([strategy_of(one) for one in kind.types])
        case types.VarTupleType():
            return st.lists(strategy_of(kind.item_type), min_size=kind.min_length or 0, max_size=3).map(tuple)
        case types.LiteralType():
            return st.sampled_from(kind.values)
        case types.StructType():
            return event_of(kind.cls)
        case types.DictType():
            values = json_values if isinstance(kind.value_type, types.AnyType) else strategy_of(kind.value_type)
            return st.dictionaries(strategy_of(kind.key_type), values, max_size=3)
    simple = {
        types.BoolType: st.booleans(),
        types.NoneType: st.none(),
        types.BytesType: st.binary(max_size=50),
        types.DateTimeType: st.datetimes(timezones=zones).filter(lambda moment: 1 < moment.year < 9999),
    }
    return simple[type(kind)]


def event_of(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Valid events of a type, with the rules between its fields kept."""
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    fields = {field.encode_name: strategy_of(field.type) for field in info.fields}
    if kind is RoutingDecision:
        return st.fixed_dictionaries(fields).flatmap(consistent_decision)
    built = st.builds(kind, **fields)
    return built.filter(lambda outcome: not outcome.is_empty) if kind is RoutingOutcome else built


def consistent_decision(fields: dict[str, Any]) -> st.SearchStrategy[RoutingDecision]:
    agents = tuple(dict.fromkeys(fields["candidate_agents"]))

    def build(chosen: int, weights: list[int] | None) -> RoutingDecision:
        probabilities = tuple(weight / sum(weights) for weight in weights) if weights else None
        known = {"propensity": probabilities[chosen], "probabilities": probabilities} if probabilities else {}
        return RoutingDecision(
            **fields
            | {"candidate_agents": agents, "chosen_agent": agents[chosen], "probabilities": None}
            | known
        )

    weights = st.lists(st.integers(1, 1000), min_size=len(agents), max_size=len(agents))
    return st.builds(build, st.integers(0, len(agents) - 1), st.none() | weights)


@pytest.mark.parametrize("topic", KINDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_what_is_encoded_decodes_to_the_same_event(topic: str, data: st.DataObject) -> None:
    event = data.draw(event_of(KINDS[topic]))
    written = events.encode(event)
    assert events.decode(KINDS[topic], written) == event
    assert events.encode_trusted(events.decode(KINDS[topic], written)) == written


@pytest.mark.parametrize("topic", KINDS)
def test_the_wire_format_is_the_golden_one(topic: str, golden: Any) -> None:
    examples = json.loads((EXAMPLES / f"{topic}.json").read_bytes())
    decoded = [events.decode(KINDS[topic], json.dumps(example).encode()) for example in examples.values()]
    golden(f"events/{topic}.jsonl", b"".join(events.encode(event) + b"\n" for event in decoded))


@pytest.mark.parametrize("topic", KINDS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_arbitrary_damage_is_refused_or_read_but_never_raises_anything_else(
    topic: str, data: st.DataObject
) -> None:
    lines = Path(f"tests/data/events/{topic}.jsonl").read_bytes().splitlines()
    damaged = bytearray(data.draw(st.sampled_from(lines)))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        event = events.decode(KINDS[topic], bytes(damaged))
    except events.codec.InvalidEvent as error:
        assert error.reason in get_args(events.DeadLetterReason)
        assert str(error).startswith(KINDS[topic].__name__)
    else:
        assert events.decode(KINDS[topic], events.encode(event)) == event
