"""The way to a new champion once the rewards have changed and what the present one has learned is void.

It explores hardly any more, so its log shows nothing but its own failures: no candidate can learn from that
what is right now, and no screen can tell. So candidates go on trial at once. The first ones know little, but
what is drawn in their trials teaches the next. The first new champion knows little, too, and is soon surpassed.
"""

from __future__ import annotations

from msgspec import structs

from models.configuration import TrainingConfiguration
from models.gate import Screening
from processors.training.answers import Deployed
from processors.training.former import is_void
from processors.training.live_reward import live_reward
from processors.training.split import Split
from signalbox.events import OptimizationTrigger
from signalbox.policy import Manifest

_ERROR = 0.05
"""Of the bounds on what the void champion earns; nothing is decided by them."""


def or_tried(screening: Screening, parts: Split) -> Screening:
    """The screen's verdict on a void champion's log; a trial instead where that can't tell."""
    if screening.verdict != "rejected" or screening.reason not in ("insufficient_evidence", "not_proven"):
        return screening
    alone = [item.reward for item in (*parts.held_out, *parts.shown) if item.decision.trial_digest is None]
    return structs.replace(
        screening,
        verdict="on_trial",
        reason="insufficient_evidence",
        message=f"The rewards have changed, and the log since then can't tell: {screening.message}",
        champion=live_reward(alone, _ERROR),
    )


def or_tried_soon(screening: Screening) -> Screening:
    """The same if the champion is new since the change: any estimate above the threshold is worth a trial."""
    gain, needed = screening.improvement, screening.threshold
    if screening.verdict != "rejected" or gain is None or needed is None or gain.value <= needed:
        return screening
    message = f"Promising, since the rewards have changed: {screening.message}"
    return structs.replace(screening, verdict="on_trial", reason="promising", message=message)


def longest_trial(
    trigger: OptimizationTrigger,
    champion: Deployed | None,
    candidate: Manifest,
    configuration: TrainingConfiguration,
) -> int:
    """The decisions after which a trial ends without proof.

    Against a champion that is void, as many as the candidate was trained on: by then twice as much is known.
    """
    longest = configuration.trial_decisions
    if champion is None or not is_void(champion.policy.manifest, trigger):
        return longest
    return min(longest, max(candidate.lineage.training_samples, configuration.min_experiences))
