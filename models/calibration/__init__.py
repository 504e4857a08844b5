"""Confidence that comes true as often as it says."""

from models.calibration.choose import LEAST_SAMPLES, fit_calibration
from models.calibration.maps import apply, identity, isotonic, platt
from models.calibration.measures import brier, confidence_accuracy, ece

__all__ = [
    "LEAST_SAMPLES",
    "apply",
    "brier",
    "confidence_accuracy",
    "ece",
    "fit_calibration",
    "identity",
    "isotonic",
    "platt",
]
