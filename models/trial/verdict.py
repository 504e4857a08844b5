"""How a trial may end, and what is said of it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from signalbox.events import Estimate, TrialProgress, Verdict, VerdictReason


class TrialLimits(Struct, frozen=True, kw_only=True, gc=False):
    """When a trial ends without proof.

    `harm` is in units of reward: what the champion alone would have earned more, by the trial's own estimate.
    `seconds` is event time since the trial began.
    """

    decisions: Annotated[int, Meta(ge=1)] = 5_000
    harm: Annotated[float, Meta(gt=0.0)] = 25.0
    seconds: Annotated[float, Meta(gt=0.0)] = 7 * 86_400.0


class TrialVerdict(Struct, frozen=True, kw_only=True):
    """The trial's answer so far; `message` is one sentence for a person.

    `on_trial`: `undecided`, go on. `promoted`: `better`. `rejected`: `worse`, `harm`, `not_proven` (surely not
    better by the threshold), `exhausted` (out of decisions or time), `invalid` (data that can't be).
    `improvement` is in reward per decision, all decisions counted; the progress's rewards are on disagreements.
    """

    verdict: Verdict
    reason: VerdictReason
    message: str
    progress: TrialProgress
    improvement: Estimate | None = None
    threshold: float | None = None
    harm: float = 0.0
