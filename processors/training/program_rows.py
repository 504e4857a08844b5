"""Rows of a file as examples of a program: what is right is written in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from models.programs import ProgramExample
from models.programs.examples import examples_from_rows
from models.programs.validation import InvalidExamples, validate
from signalbox.events import Entity, Relationship
from signalbox.policy import DecisionFeatures
from signalbox.program import SignatureSpec, inputs_of
from signalbox.topics import stable_hash

T = TypeVar("T")
Row = Mapping[str, Any]

CORRECT = "correct_agent"
"""The field that says, in the specification's rows of routing, which agent should have been chosen."""
_SURE = "1.0"


def examples_of_rows(spec: SignatureSpec, rows: Sequence[Row]) -> list[ProgramExample]:
    """An example a row; raises `InvalidExamples` with the number of the row, the field and the remedy.

    Rows with a `correct_agent` may be in the specification's form: `query`, `entities`, `relationships`,
    `enhanced_query`, `modality`, `candidates`. Without candidates all agents of the file are. Fields of other
    rows are those of the signature.
    """
    if spec.agent is not None and any(CORRECT in row for row in rows):
        agents = sorted({str(row[CORRECT]) for row in rows if row.get(CORRECT)})
        rows = [_flat(spec, number, row, agents) for number, row in enumerate(rows, 1)]
    examples = examples_from_rows(spec, rows)
    validate(spec, examples)
    return examples


def hold_out(
    examples: Sequence[ProgramExample], share: float, seed: int
) -> tuple[list[ProgramExample], list[ProgramExample]]:
    """A `share` of the examples for judging, and the rest; those with equal inputs stay together.

    Which ones follows from the seed and from their inputs, not from their order in the file.
    """
    keys = [_key(each, seed) for each in examples]
    wanted, held = round(share * len(examples)), set[int]()
    for key in sorted(set(keys)):
        if sum(each in held for each in keys) >= wanted:
            break
        held.add(key)
    parts: tuple[list[ProgramExample], list[ProgramExample]] = ([], [])
    for example, key in zip(examples, keys, strict=True):
        parts[key not in held].append(example)
    return parts


def _key(example: ProgramExample, seed: int) -> int:
    return stable_hash(f"{seed}/{msgspec.json.encode(dict(example.inputs), order='sorted').decode()}")


def _flat(spec: SignatureSpec, number: int, row: Row, agents: list[str]) -> dict[str, Any]:
    """A row of the specification's form as the signature's fields: as a program is asked when it serves."""
    right = _read(number, row, CORRECT, str, "")
    query = _read(number, row, "query", str, "")
    for name, value in ((CORRECT, right), ("query", query)):
        if not value.strip():
            raise InvalidExamples(f"row {number}: {name!r} is missing or empty; every row needs it")
    candidates = _candidates(number, row, agents)
    if right not in candidates:
        raise InvalidExamples(f"row {number}: {CORRECT!r} is {right!r}, which is none of its candidates")
    features = DecisionFeatures(
        query,
        entities=_read(number, row, "entities", tuple[Entity, ...], ()),
        modality=_read(number, row, "modality", str, "text"),
        relationships=_read(number, row, "relationships", tuple[Relationship, ...], ()),
        enhanced_query=_read(number, row, "enhanced_query", str, "") or None,
    )
    inputs = inputs_of(spec, features, candidates)
    values = {"agent": right, "confidence": _SURE}
    given = {name: row[name] for name in spec.outputs if name in row}
    return inputs | {name: values.get(output.kind, "") for name, output in spec.outputs.items()} | given


def _candidates(number: int, row: Row, agents: list[str]) -> tuple[str, ...]:
    given = row.get("candidates")
    if isinstance(given, str) and not given.startswith("["):
        return tuple(name.strip() for name in given.split(",") if name.strip())
    return _read(number, row, "candidates", tuple[str, ...], tuple(agents))


def _read(number: int, row: Row, name: str, kind: type[T], default: T) -> T:
    """A field; in a CSV file a list is written as JSON."""
    value = row.get(name)
    if value is None or value == "":
        return default
    try:
        if isinstance(value, str) and kind is not str:
            value = msgspec.json.decode(value)
        return msgspec.convert(value, kind)
    except msgspec.MsgspecError as error:
        raise InvalidExamples(f"row {number}: {name!r}: {error}; got {value!r:.80}") from None
