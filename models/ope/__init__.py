"""Off-policy evaluation: what a policy would earn, from another policy's log."""

from models.ope.anytime import Bounds, confidence_sequence
from models.ope.clipped_ips import ClippedIps
from models.ope.cross_fit import cross_fit, fold_of, folds_of
from models.ope.direct_method import DirectMethod
from models.ope.doubly_robust import DoublyRobust
from models.ope.estimate import ValueEstimate, estimate, value_of
from models.ope.evidence import PolicyEvidence, evidence_for
from models.ope.ips import Ips
from models.ope.overlap import Overlap
from models.ope.posterior import Interval, posterior_interval
from models.ope.quality import Insufficient, Limits, Quality, quality_of
from models.ope.reward_model import LinearRewardModel, RewardModel, fit_reward_model
from models.ope.sndr import SelfNormalisedDr
from models.ope.snips import Snips

__all__ = [
    "Bounds",
    "ClippedIps",
    "DirectMethod",
    "DoublyRobust",
    "Insufficient",
    "Interval",
    "Ips",
    "Limits",
    "LinearRewardModel",
    "Overlap",
    "PolicyEvidence",
    "Quality",
    "RewardModel",
    "SelfNormalisedDr",
    "Snips",
    "ValueEstimate",
    "confidence_sequence",
    "cross_fit",
    "estimate",
    "evidence_for",
    "fit_reward_model",
    "fold_of",
    "folds_of",
    "posterior_interval",
    "quality_of",
    "value_of",
]
