"""An artifact's tensors, checked: what doesn't fit together is refused before it decides anything."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from signalbox.errors import ArtifactError
from signalbox.policy.artifact import Artifact

_LINEAR = ("rows", "weights", "bias", "idf")
_NEEDED = {"softmax": _LINEAR, "value": (*_LINEAR, "similarity", "exclusivity")}


class Tensors(NamedTuple):
    """The hashed `rows` (n,) with `weights` (n, agents), and `bias` (agents,).

    `idf` (n + 1,) are the rows' inverse document frequencies, the last that of every other row. `similarity` is
    the weight of a newcomer's card, `exclusivity` how far rewards are exclusive (`signalbox.policy.value`);
    both are 0 where the kind has none.
    """

    rows: NDArray[np.int32]
    weights: NDArray[Any]
    bias: NDArray[Any]
    idf: NDArray[Any]
    similarity: float
    exclusivity: float


def checked(artifact: Artifact) -> Tensors:
    """The artifact's tensors; raises `ArtifactError`, which says what is wrong with them."""
    if artifact.manifest.kind == "program":
        raise ArtifactError("artifact: a prompt program, which signalbox.program runs, and no policy's tensors")
    needed = _NEEDED[artifact.manifest.kind]
    missing = set(needed) - artifact.tensors.keys()
    if missing:
        raise ArtifactError(f"artifact: without the tensors {sorted(missing)}")
    rows, weights, bias, idf = (artifact.tensors[name] for name in ("rows", "weights", "bias", "idf"))
    if rows.dtype != np.int32 or rows.ndim != 1:
        raise ArtifactError(f"artifact: rows are int32 in one dimension, not {rows.dtype} in {rows.ndim}")
    agents, size = len(artifact.manifest.agents), len(rows)
    if weights.shape != (size, agents) or bias.shape != (agents,) or idf.shape != (size + 1,):
        raise ArtifactError(
            f"artifact: {size} rows and {agents} agents, but weights {weights.shape}, bias {bias.shape}, "
            f"idf {idf.shape}"
        )
    if size and not 0 <= int(rows.min()) <= int(rows.max()) < 1 << artifact.manifest.features.bits:
        raise ArtifactError(f"artifact: a row is outside of 0..2**{artifact.manifest.features.bits} - 1")
    if not all(np.isfinite(artifact.tensors[name]).all() for name in needed) or not (idf > 0).all():
        raise ArtifactError("artifact: a weight isn't finite, or an inverse document frequency not positive")
    similarity, exclusivity = (_scalar(artifact, name) for name in ("similarity", "exclusivity"))
    if not 0.0 <= exclusivity <= 1.0:
        raise ArtifactError(f"artifact: the exclusivity is between 0 and 1, not {exclusivity:g}")
    return Tensors(rows, weights, bias, idf, similarity, exclusivity)


def _scalar(artifact: Artifact, name: str) -> float:
    if artifact.manifest.kind == "softmax":
        return 0.0
    tensor = artifact.tensors[name]
    if tensor.shape != (1,):
        raise ArtifactError(f"artifact: {name} has the shape (1,), not {tensor.shape}")
    return float(tensor[0])
