"""Boosted trees as bytes and back: JSON around XGBoost's UBJ, never code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from models.meta import booster as boosters
from signalbox.errors import ArtifactError
from signalbox.policy import digest_of

if TYPE_CHECKING:
    from xgboost import Booster

FORMAT_VERSION = 1


class SavedModel(Struct, frozen=True, kw_only=True):
    """A meta-model as it is stored.

    `kind` names the model, `features` the columns of its rows, `classes` its labels. `trees` is the booster in
    UBJ, None where the rules are in charge, and `digest` the SHA-256 of it. `numbers` are what else was
    learned.
    """

    format_version: int = FORMAT_VERSION
    kind: str
    features: tuple[str, ...]
    classes: tuple[int, ...] = ()
    numbers: dict[str, float] = {}
    trees: bytes | None = None
    digest: str | None = None


def pack(
    kind: str,
    features: Sequence[str],
    booster: Booster | None,
    classes: Sequence[int] = (),
    numbers: Mapping[str, float] = MappingProxyType({}),
) -> bytes:
    """A booster, or that there is none yet, with what is needed to use it; for any meta-model."""
    trees = None if booster is None else boosters.to_bytes(booster)
    saved = SavedModel(
        kind=kind,
        features=tuple(features),
        classes=tuple(classes),
        numbers=dict(numbers),
        trees=trees,
        digest=None if trees is None else digest_of(trees),
    )
    return msgspec.json.encode(saved, order="sorted")


def unpack(data: bytes, kind: str, features: Sequence[str]) -> tuple[SavedModel, Booster | None]:
    """What `pack` wrote for this kind and these features; raises `ArtifactError`, which says what is wrong."""
    try:
        saved = msgspec.json.decode(data, type=SavedModel)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(f"meta-model: can't be read: {error}") from None
    if saved.format_version != FORMAT_VERSION:
        raise ArtifactError(f"meta-model: format_version {saved.format_version}, this reads {FORMAT_VERSION}")
    if saved.kind != kind or saved.features != tuple(features):
        raise ArtifactError(f"meta-model: {saved.kind} on {saved.features}, not {kind} on {tuple(features)}")
    if saved.trees is None:
        return saved, None
    # XGBoost's reader is C++: it is shown nothing but what was written.
    if digest_of(saved.trees) != saved.digest:
        raise ArtifactError(f"meta-model: the trees of {kind} don't match their digest")
    try:
        found = boosters.from_bytes(saved.trees)
    except ValueError as error:
        raise ArtifactError(f"meta-model: {error}") from None
    if found.num_features() != len(saved.features):
        raise ArtifactError(f"meta-model: trees on {found.num_features()} features, not {len(saved.features)}")
    return saved, found
