"""The trial of a candidate on live traffic: a sequential test, valid at every look, with limits."""

from models.trial.judge import judge_trial
from models.trial.units import TrialUnit
from models.trial.verdict import TrialLimits, TrialVerdict

__all__ = ["TrialLimits", "TrialUnit", "TrialVerdict", "judge_trial"]
