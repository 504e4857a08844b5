"""Policies of a given size with random weights: what a decision costs doesn't depend on what was learned."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from signalbox.policy import Artifact, FeatureConfiguration, Lineage, Manifest, pack


def random_policy(
    agents: int | tuple[str, ...],
    *,
    seed: int = 0,
    rows: int = 1000,
    tenant_id: str = "acme",
    scope: str = "routing",
    epsilon: float = 0.1,
    kind: Literal["softmax", "value"] = "softmax",
) -> bytes:
    """A policy's artifact over `agents` (their names, or how many) with `rows` touched features."""
    names = tuple(f"agent-{i}" for i in range(agents)) if isinstance(agents, int) else agents
    features = FeatureConfiguration()
    generator = np.random.default_rng(seed)
    manifest = Manifest(
        kind=kind,
        exploration="squarecb" if kind == "value" else "epsilon_greedy",
        gamma=1000.0 * rows**0.5,
        tenant_id=tenant_id,
        scope=scope,
        agents=names,
        epsilon=epsilon,
        features=features,
        lineage=Lineage(
            trigger_id=f"random-{seed}",
            parent_digest=None,
            ranges=(),
            buffer_digest="",
            seed=seed,
            code_version="benchmark",
            configuration={},
        ),
    )
    touched = np.sort(generator.choice(1 << features.bits, rows, replace=False)).astype(np.int32)
    tensors: dict[str, NDArray[Any]] = {
        "rows": touched,
        "weights": generator.normal(0, 1, (rows, len(names))).astype(np.float16),
        "bias": generator.normal(0, 0.1, len(names)).astype(np.float16),
        "idf": generator.uniform(1, 5, rows + 1).astype(np.float16),
    }
    if kind == "value":
        tensors |= {"similarity": np.array([5.0], np.float32), "exclusivity": np.array([0.5], np.float32)}
    return pack(Artifact(manifest, tensors))
