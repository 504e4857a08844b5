"""The policy runtime: the same code decides in the router, scores in the gate and gives propensities."""

from signalbox.policy.artifact import Artifact, Lineage, Manifest, ProgramInfo, digest_of, pack, unpack
from signalbox.policy.baseline import BaselinePolicy, DecisionPolicy
from signalbox.policy.chunks import CHUNK_BYTES, join, split
from signalbox.policy.exploration import epsilon_greedy, explore_around, square_cb
from signalbox.policy.features import DecisionFeatures, FeatureConfiguration, Featurizer
from signalbox.policy.runtime import Decided, Policy

__all__ = [
    "CHUNK_BYTES",
    "Artifact",
    "BaselinePolicy",
    "Decided",
    "DecisionFeatures",
    "DecisionPolicy",
    "FeatureConfiguration",
    "Featurizer",
    "Lineage",
    "Manifest",
    "Policy",
    "ProgramInfo",
    "digest_of",
    "epsilon_greedy",
    "explore_around",
    "join",
    "pack",
    "split",
    "square_cb",
    "unpack",
]
