"""The policy runtime: exact distributions, unknown and absent agents, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.errors import ArtifactError
from signalbox.policy import (
    Artifact,
    BaselinePolicy,
    DecisionFeatures,
    FeatureConfiguration,
    Lineage,
    Manifest,
    Policy,
    digest_of,
    join,
    pack,
    split,
    unpack,
)
from signalbox.policy.chunks import CHUNK_BYTES

AGENTS = ("audio", "text", "video")
QUERY = DecisionFeatures("find a video about jazz")


def artifact(seed: Any = 0, size: int = 40, **tensors: Any) -> Artifact:
    rng = np.random.default_rng(seed)
    made = {
        "rows": np.sort(rng.choice(256, size=size, replace=False)).astype(np.int32),
        "weights": rng.integers(-64, 64, size=(size, 3)).astype(np.float16) / 16,
        "bias": np.array([0.25, 0.0, -0.25], dtype=np.float32),
        "idf": np.full(size + 1, 2.0, dtype=np.float16),
    }
    lineage = Lineage(
        trigger_id="trigger-1",
        parent_digest=None,
        ranges=(),
        buffer_digest="0",
        seed=seed,
        code_version="test",
        configuration={"clip": 2.0},
    )
    manifest = Manifest(
        tenant_id="acme",
        scope="routing",
        agents=AGENTS,
        epsilon=0.1,
        features=FeatureConfiguration(bits=8),
        lineage=lineage,
    )
    return Artifact(manifest, {**made, **tensors})


POLICY = Policy(artifact())


@settings(deadline=None)
@given(st.text(max_size=60), st.lists(st.sampled_from([*AGENTS, "new", "newer"]), min_size=1, unique=True))
def test_probabilities_sum_to_one_and_keep_the_exploration_floor(query: str, candidates: list[str]) -> None:
    found = POLICY.probabilities(DecisionFeatures(query), candidates)
    assert found.shape == (len(candidates),)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert (found >= 0.1 / len(candidates)).all()


def test_an_unknown_agent_gets_exploration_only_and_an_absent_one_nothing() -> None:
    found = POLICY.probabilities(QUERY, ("new", "text"))
    assert found == pytest.approx([0.05, 0.95])
    assert POLICY.greedy(QUERY, ("new", "text")) == pytest.approx([0.0, 1.0])
    assert POLICY.probabilities(QUERY, ("new", "newer")) == pytest.approx([0.5, 0.5])


def test_the_order_of_candidates_only_reorders() -> None:
    forward, backward = (POLICY.probabilities(QUERY, agents) for agents in (AGENTS, AGENTS[::-1]))
    assert forward.tolist() == backward[::-1].tolist()


def test_scores_are_bias_plus_weights_times_the_normalised_features() -> None:
    rows, values = POLICY.featurizer.vector(QUERY)
    weights, bias = POLICY.weights(rows, AGENTS)
    expected = values @ weights / np.linalg.norm(values) + bias  # one idf for all cancels out
    assert POLICY.scores(QUERY, AGENTS) == pytest.approx(expected, abs=1e-5)


def test_weights_of_other_agents_and_rows_are_zero() -> None:
    weights, bias = POLICY.weights(np.arange(256), ("video", "new"))
    assert not weights[:, 1].any()
    assert bias.tolist() == [-0.25, 0.0]
    assert set(np.flatnonzero(weights[:, 0])) <= set(POLICY.rows.tolist())


def test_its_size_is_that_of_the_rows_kept() -> None:
    assert Policy(artifact(size=80)).size_bytes > POLICY.size_bytes > 256 + 40 * 3 * 4


def test_many_candidate_sets_do_not_grow_the_cache_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox.policy.lineup._CACHED", 2)
    policy = Policy(artifact())
    for agent in ("a", "b", "c", "d"):
        policy.probabilities(QUERY, (agent, "text"))
    assert len(policy._lineups) <= 2


def test_a_baseline_is_its_weights_or_uniform() -> None:
    given_weights = BaselinePolicy({"text": 3.0, "video": 1.0}, epsilon=0.2)
    assert given_weights.probabilities(QUERY, ("text", "video")) == pytest.approx([0.7, 0.3])
    assert given_weights.probabilities(QUERY, ("a", "b")) == pytest.approx([0.5, 0.5])
    assert BaselinePolicy().probabilities(QUERY, AGENTS) == pytest.approx([1 / 3] * 3)


def test_packing_is_deterministic_and_loses_nothing() -> None:
    data = pack(artifact())
    assert data == pack(artifact()) == pack(unpack(data))
    again = unpack(data)
    assert again.manifest == artifact().manifest
    assert all(again.tensors[name].tobytes() == tensor.tobytes() for name, tensor in artifact().tensors.items())
    assert digest_of(data) != digest_of(pack(artifact(seed=1)))


def test_golden_artifact(golden: Callable[[str, bytes], None]) -> None:
    data = pack(artifact())
    golden("policy-artifact.safetensors", data)
    lines = [f"{digest_of(data)}"]
    for query in ("find a video about jazz", "what is a whale", "Größe der Nadel?", ""):
        lines.append(f"{query}\t{Policy.load(data).probabilities(DecisionFeatures(query), AGENTS).tolist()}")
    golden("policy-decisions.txt", "\n".join([*lines, ""]).encode())


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES - 1])
def test_chunks_join_to_what_was_split(size: int) -> None:
    data = bytes(i % 251 for i in range(size % 5000)) + bytes(size - size % 5000)
    chunks = split(data)
    assert max(len(chunk) for chunk in chunks) <= CHUNK_BYTES
    assert len(chunks) == max(1, -(-size // CHUNK_BYTES))
    assert join(chunks, digest_of(data)) == data


def test_tampered_or_missing_chunks_are_refused() -> None:
    data = pack(artifact())
    with pytest.raises(ArtifactError, match="digest"):
        join([data[:-1] + b"x"], digest_of(data))


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"\x05\x00\x00\x00\x00\x00\x00\x00{}{}{", pack(artifact())[:200]]
)
def test_bytes_that_are_no_artifact_are_refused(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="not a Signalbox policy"):
        unpack(data)


def test_a_file_without_our_manifest_is_refused() -> None:
    from safetensors.numpy import save

    with pytest.raises(ArtifactError):
        unpack(save({"weights": np.zeros(3)}))
    with pytest.raises(ArtifactError, match="format_version"):
        unpack(save({"weights": np.zeros(3)}, metadata={"signalbox": '{"format_version":2}'}))


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"weights": np.zeros((40, 2), np.float16)}, "3 agents"),
        ({"bias": np.array([0.0, np.nan, 0.0], np.float32)}, "finite"),
        ({"idf": np.zeros(41, np.float16)}, "positive"),
        ({"rows": np.arange(230, 270).astype(np.int32)}, "outside"),
        ({"rows": np.arange(40).astype(np.float32)}, "float32"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(tensors: dict[str, Any], words: str) -> None:
    with pytest.raises(ArtifactError, match=words):
        Policy(artifact(**tensors))


def test_a_missing_tensor_is_named() -> None:
    bare = artifact()
    del bare.tensors["bias"]
    with pytest.raises(ArtifactError, match="bias"):
        Policy(bare)
