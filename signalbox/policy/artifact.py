"""A policy as content-addressed bytes.

One with tensors is safetensors, with the manifest as its only metadata entry; a prompt program is JSON, with
the manifest beside its state.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from signalbox.errors import ArtifactError
from signalbox.events import Estimate, OffsetRange
from signalbox.events.fields import AgentName, Digest, Scope, TenantId, Timestamp
from signalbox.policy.calibration import Calibration
from signalbox.policy.features import FeatureConfiguration

FORMAT_VERSION = 1
_MANIFEST_KEY = "signalbox"
# The length of the header that a safetensors file begins with, in bytes.
_LENGTH_BYTES = 8


class Lineage(Struct, frozen=True, kw_only=True):
    """What an artifact was made from; the same lineage gives the same bytes.

    `changed_at` is the change of the rewards since which it was learned, `former_digest` the policy from before
    it that lent its knowledge of queries.
    """

    trigger_id: str
    parent_digest: Digest | None
    ranges: tuple[OffsetRange, ...]
    buffer_digest: str
    seed: int
    code_version: str
    configuration: dict[str, Any]
    training_samples: int = 0
    promotions: int = 0
    changed_at: Timestamp | None = None
    former_digest: Digest | None = None


class ProgramInfo(Struct, frozen=True, kw_only=True):
    """What a prompt program is: whose state, and how it was made.

    `fingerprint` is that of the signature. `language_model` names the one that it was trained with, in `calls`
    calls; it is no part of the program. `demos` counts its demonstrations.
    """

    signature: str
    fingerprint: Digest
    optimizer: str
    language_model: str
    demos: int = 0
    calls: int = 0


class Manifest(Struct, frozen=True, kw_only=True):
    """What a policy is, for whom, how much it explores, and where it comes from.

    `agents` name the columns of the weights. `estimates` are the gate's; they describe the tensors and were
    made with exactly these. `gamma` is SquareCB's, `costs` the agents' mean cost per decision, `cards_digest`
    names the agent cards that the policy was trained with. `program` is set for the kind `program`, whose
    `agents` are those that its examples named.
    """

    format_version: Annotated[int, Meta(ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION
    kind: Literal["softmax", "value", "program"] = "softmax"
    tenant_id: TenantId
    scope: Scope
    agents: tuple[AgentName, ...]
    epsilon: Annotated[float, Meta(ge=0.0, le=1.0)]
    exploration: Literal["epsilon_greedy", "squarecb"] = "epsilon_greedy"
    gamma: Annotated[float, Meta(ge=0.0)] = 0.0
    calibration: Calibration | None = None
    costs: dict[AgentName, float] = {}
    cost_weight: Annotated[float, Meta(ge=0.0)] = 0.0
    cards_digest: Digest | None = None
    features: FeatureConfiguration
    lineage: Lineage
    estimates: dict[str, Estimate] = {}
    program: ProgramInfo | None = None


@dataclass(frozen=True)
class Artifact:
    """A manifest with its tensors or, for a prompt program, with its state in plain JSON values."""

    manifest: Manifest
    tensors: dict[str, NDArray[Any]]
    state: dict[str, Any] | None = None


class _Program(Struct, frozen=True, kw_only=True):
    """A prompt program's artifact as it is stored."""

    format_version: Annotated[int, Meta(ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION
    manifest: Manifest
    state: dict[str, Any]


def pack(artifact: Artifact) -> bytes:
    """The artifact as bytes, the same ones for the same content."""
    if artifact.state is not None:
        return msgspec.json.encode(_Program(manifest=artifact.manifest, state=artifact.state), order="sorted")
    content = msgspec.to_builtins(artifact.manifest)
    # Left out, so that policies which are no programs keep the bytes that they had before there were any.
    del content["program"]
    # safetensors orders tensors itself, but metadata as a hash map has it: one entry has one order.
    manifest = msgspec.json.encode(content, order="sorted").decode()
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in artifact.tensors.items()}
    return bytes(save(tensors, metadata={_MANIFEST_KEY: manifest}))


def unpack(data: bytes) -> Artifact:
    """The artifact in `data`; raises `ArtifactError` where it isn't one that this code can run."""
    try:
        artifact = _program(data) if data.startswith(b"{") else _policy(data)
    except (SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise ArtifactError(f"artifact: not a Signalbox policy of format {FORMAT_VERSION}: {error}") from None
    manifest = artifact.manifest
    parts = {artifact.state is not None, manifest.program is not None, manifest.kind == "program"}
    if len(parts) > 1:
        raise ArtifactError(f"artifact: of kind {manifest.kind}, but not in the form of that kind")
    return artifact


def digest_of(data: bytes) -> str:
    """The artifact's address: its SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _program(data: bytes) -> Artifact:
    stored = msgspec.json.decode(data, type=_Program)
    return Artifact(stored.manifest, {}, stored.state)


def _policy(data: bytes) -> Artifact:
    tensors = load(data)
    manifest = msgspec.json.decode(_metadata(data)[_MANIFEST_KEY].encode(), type=Manifest)
    return Artifact(manifest, tensors)


def _metadata(data: bytes) -> dict[str, str]:
    # safetensors reads metadata from files only; its header is JSON after a little-endian length.
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    header: dict[str, dict[str, str]] = msgspec.json.decode(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
    return header["__metadata__"]
