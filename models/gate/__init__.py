"""The gate's first step, the screen: off-policy, on held-out experiences."""

from models.gate.evidence import RewardModel, RewardMoments
from models.gate.screening import Screening, error_at, screen

__all__ = ["RewardModel", "RewardMoments", "Screening", "error_at", "screen"]
