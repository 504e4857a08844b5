"""A program's state: DSPy's own, as JSON, checked before a module takes it over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from signalbox.errors import ArtifactError
from signalbox.program.signatures import SignatureSpec, fresh_module

if TYPE_CHECKING:
    import dspy


class _Field(Struct, forbid_unknown_fields=True):
    prefix: str
    description: str


class _Signature(Struct, forbid_unknown_fields=True):
    instructions: str
    fields: list[_Field]


class _Predictor(Struct, forbid_unknown_fields=True):
    # DSPy sets whatever else a state holds as an attribute, and takes a language model's address from `lm`.
    demos: list[dict[str, Any]]
    signature: _Signature
    traces: list[None] = []
    train: list[None] = []
    lm: None = None


class _State(Struct, forbid_unknown_fields=True):
    predict: _Predictor


def dump_state(module: dspy.Module) -> dict[str, Any]:
    """The module's state, in plain JSON values."""
    state: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(module.dump_state()))
    return state


def load_module(spec: SignatureSpec, state: Mapping[str, Any] | None) -> dspy.ChainOfThought:
    """A new module in this state, untrained for None; raises `ArtifactError` for one of another shape."""
    module = fresh_module(spec)
    if state is None:
        return module
    try:
        found = msgspec.convert(dict(state), _State)
    except msgspec.ValidationError as error:
        raise ArtifactError(f"state of the program {spec.name}: {error}") from None
    fields = 1 + len(spec.inputs) + len(spec.outputs)
    if len(found.predict.signature.fields) != fields:
        raise ArtifactError(
            f"state of the program {spec.name}: {len(found.predict.signature.fields)} fields, not {fields}"
        )
    module.load_state(msgspec.to_builtins(found))
    return module
