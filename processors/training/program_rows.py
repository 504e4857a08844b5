"""Rows of a file as examples of a program: what is right is written in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from models.gate.screening import LEAST_SAMPLES
from models.programs import ProgramExample
from models.programs.examples import examples_from_rows
from models.programs.problems import Problem
from models.programs.validation import InvalidExamples, invalid, validate
from signalbox.events import Entity, Relationship
from signalbox.policy import DecisionFeatures
from signalbox.program import SignatureSpec, inputs_of
from signalbox.topics import stable_hash

T = TypeVar("T")
Row = Mapping[str, Any]

CORRECT = "correct_agent"
"""The field that says, in the specification's rows of routing, which agent should have been chosen."""
_FIELDS = (CORRECT, "query", "candidates", "entities", "relationships", "enhanced_query", "modality")
"""All that such rows may have, required ones first."""
_SURE = "1.0"
_BOOLEAN = ("true", "false")
_LARGEST_SHARE = 0.5
"""More than that isn't advised to hold out."""


class _FieldError(Exception):
    """A field of a row can't be used: its name, and what is wrong."""


def examples_of_rows(spec: SignatureSpec, rows: Sequence[Row]) -> list[ProgramExample]:
    """An example a row; raises `InvalidExamples` with the numbers of the rows, the field and the remedy.

    Rows of a program that recommends an agent may be in the specification's form: `query`, `correct_agent`,
    `entities`, `relationships`, `enhanced_query`, `modality`, `candidates`. Without candidates all agents of
    the file are. Fields of other rows are those of the signature; true and false may be JSON's or Python's.
    """
    if _is_plain(spec, rows):
        rows = _flattened(spec, rows)
    examples = examples_from_rows(spec, [_with_booleans(spec, row) for row in rows])
    validate(spec, examples)
    return examples


def unused_fields(spec: SignatureSpec, rows: Sequence[Row]) -> list[str]:
    """The fields of the rows that no program of this signature reads, in their order."""
    known = {*spec.outputs, *(_FIELDS if _is_plain(spec, rows) else spec.inputs)}
    return [name for name in dict.fromkeys(name for row in rows for name in row) if name not in known]


def check_held_out(held_out: int, rows: int, share: float) -> None:
    """Raise `InvalidExamples`, with the number of rows that would do, where the gate could prove nothing."""
    if held_out >= LEAST_SAMPLES:
        return
    enough = math.ceil(100 * LEAST_SAMPLES / rows) / 100
    more = f" or --held-out {enough:g}" if enough <= _LARGEST_SHARE else ""
    found = f"{rows} row{'' if rows == 1 else 's'} at --held-out {share:g} hold{'s' if rows == 1 else ''} out"
    needed = f"the gate needs {LEAST_SAMPLES}: give {math.ceil(LEAST_SAMPLES / share)} rows{more}"
    raise InvalidExamples("too few rows", [f"{found} {held_out}; {needed}"])


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


def _is_plain(spec: SignatureSpec, rows: Sequence[Row]) -> bool:
    """Whether the rows are in the specification's form, which only says who is right."""
    if spec.agent != "recommended_agent":
        return False
    return any(CORRECT in row for row in rows) or not any(spec.agent in row for row in rows)


def _with_booleans(spec: SignatureSpec, row: Row) -> Row:
    """JSON's true and pandas' "True" as the signature's "true"."""
    values = {
        name: str(row[name]).lower()
        for name, out in spec.outputs.items()
        if out.values == _BOOLEAN and name in row
    }
    return {**row, **{name: value for name, value in values.items() if value in _BOOLEAN}}


def _flattened(spec: SignatureSpec, rows: Sequence[Row]) -> list[Row]:
    agents = sorted({str(row[CORRECT]) for row in rows if row.get(CORRECT)})
    found: list[Row] = []
    problems = []
    for place, row in enumerate(rows):
        try:
            found.append(_flat(spec, row, agents))
        except _FieldError as error:
            field, text = error.args
            problems.append(Problem(place, f"row {place + 1}", field, text))
    if problems:
        raise invalid(spec, problems, len(rows), _FIELDS)
    return found


def _flat(spec: SignatureSpec, row: Row, agents: list[str]) -> dict[str, Any]:
    """A row of the specification's form as the signature's fields: as a program is asked when it serves."""
    right = _read(row, CORRECT, str, "")
    query = _read(row, "query", str, "")
    for name, value in ((CORRECT, right), ("query", query)):
        if not value.strip():
            raise _FieldError(name, f"{name!r} is missing or empty; every row needs it")
    candidates = _candidates(row, agents)
    if right not in candidates:
        raise _FieldError(CORRECT, f"{CORRECT!r} is {right!r}, which is none of its candidates")
    features = DecisionFeatures(
        query,
        entities=_read(row, "entities", tuple[Entity, ...], ()),
        modality=_read(row, "modality", str, "text"),
        relationships=_read(row, "relationships", tuple[Relationship, ...], ()),
        enhanced_query=_read(row, "enhanced_query", str, "") or None,
    )
    inputs = inputs_of(spec, features, candidates)
    values = {"agent": right, "confidence": _SURE}
    given = {name: row[name] for name in spec.outputs if name in row}
    return inputs | {name: values.get(output.kind, "") for name, output in spec.outputs.items()} | given


def _candidates(row: Row, agents: list[str]) -> tuple[str, ...]:
    given = row.get("candidates")
    if isinstance(given, str) and not given.startswith("["):
        return tuple(name.strip() for name in given.split(",") if name.strip())
    return _read(row, "candidates", tuple[str, ...], tuple(agents))


def _read(row: Row, name: str, kind: type[T], default: T) -> T:
    """A field; in a CSV file a list is written as JSON."""
    value = row.get(name)
    if value is None or value == "":
        return default
    try:
        if isinstance(value, str) and kind is not str:
            value = msgspec.json.decode(value)
        return msgspec.convert(value, kind)
    except msgspec.MsgspecError as error:
        raise _FieldError(name, f"{name!r}: {error}; got {value!r:.80}") from None
