"""How long a trial may go on without proof."""

from __future__ import annotations

from models.configuration import TrainingConfiguration
from models.trial import TrialLimits
from processors.training.afresh import longest_trial
from processors.training.answers import Deployed
from signalbox.events import OptimizationTrigger
from signalbox.policy import Manifest

_OUTDATED = 0.5
"""With so large a share of new experiences, a candidate that is trained anew is the better bet."""
_LEAST_DECISIONS = 200
"""What a first policy needs against a router that chooses by lot."""


def limits_of(
    trigger: OptimizationTrigger,
    decisions: int,
    champion: Deployed | None,
    candidate: Manifest,
    configuration: TrainingConfiguration,
) -> TrialLimits:
    """The limits of a trial of which so many decisions are known: those configured, or until it is outdated.

    So trials are short while much is learned, and those that prove nothing keep a better candidate waiting for
    a third of all decisions at most.
    """
    outdated = max(int(_OUTDATED * (trigger.experiences - decisions)), _LEAST_DECISIONS)
    return TrialLimits(
        decisions=min(longest_trial(trigger, champion, candidate, configuration), outdated),
        harm=configuration.trial_harm,
        seconds=configuration.trial_s,
    )
