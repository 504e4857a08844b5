"""A policy as content-addressed bytes: safetensors with the manifest as its only metadata entry."""

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
from signalbox.events.fields import AgentName, Digest, Scope, TenantId
from signalbox.policy.calibration import Calibration
from signalbox.policy.features import FeatureConfiguration

FORMAT_VERSION = 1
_MANIFEST_KEY = "signalbox"
# The length of the header that a safetensors file begins with, in bytes.
_LENGTH_BYTES = 8


class Lineage(Struct, frozen=True, kw_only=True):
    """What an artifact was made from; the same lineage gives the same bytes."""

    trigger_id: str
    parent_digest: Digest | None
    ranges: tuple[OffsetRange, ...]
    buffer_digest: str
    seed: int
    code_version: str
    configuration: dict[str, Any]
    training_samples: int = 0
    promotions: int = 0


class Manifest(Struct, frozen=True, kw_only=True):
    """What a policy is, for whom, how much it explores, and where it comes from.

    `agents` name the columns of the weights. `estimates` are the gate's; they describe the tensors and were
    made with exactly these. `gamma` is SquareCB's, `costs` the agents' mean cost per decision, `cards_digest`
    names the agent cards that the policy was trained with.
    """

    format_version: Annotated[int, Meta(ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION
    kind: Literal["softmax", "value"] = "softmax"
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


@dataclass(frozen=True)
class Artifact:
    """A manifest with its tensors."""

    manifest: Manifest
    tensors: dict[str, NDArray[Any]]


def pack(artifact: Artifact) -> bytes:
    """The artifact as bytes, the same ones for the same content."""
    # safetensors orders tensors itself, but metadata as a hash map has it: one entry has one order.
    manifest = msgspec.json.encode(artifact.manifest, order="sorted").decode()
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in artifact.tensors.items()}
    return bytes(save(tensors, metadata={_MANIFEST_KEY: manifest}))


def unpack(data: bytes) -> Artifact:
    """The artifact in `data`; raises `ArtifactError` where it isn't one that this code can run."""
    try:
        tensors = load(data)
        metadata = _metadata(data)
        manifest = msgspec.json.decode(metadata[_MANIFEST_KEY].encode(), type=Manifest)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ArtifactError(f"artifact: not a Signalbox policy of format {FORMAT_VERSION}: {error}") from None
    return Artifact(manifest, tensors)


def digest_of(data: bytes) -> str:
    """The artifact's address: its SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _metadata(data: bytes) -> dict[str, str]:
    # safetensors reads metadata from files only; its header is JSON after a little-endian length.
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    header: dict[str, dict[str, str]] = msgspec.json.decode(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
    return header["__metadata__"]
