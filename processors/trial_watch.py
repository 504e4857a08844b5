"""A trial or a canary, as the worker sees it: how much has come of it, and when to have it judged."""

from __future__ import annotations

from msgspec import Struct

from processors.trigger import TriggerPolicy

LOOKS_ANYWAY = 10
"""With so many decisions for each unit that a look asks for, it is judged without them: where routers don't
draw between the two, nothing else would end the trial, and no better candidate would be trained."""


class TrialWatch(Struct, array_like=True, gc=False):
    """What has come since the candidate `digest` went on trial; it changes with every experience.

    `began_s` is event time and `began_offset` the offset on `routing-experience`. `decisions` are all
    experiences since; `units` are those on trial (a canary's own decisions) since the last look, and
    `since_look` all of them since then.
    """

    digest: str
    began_s: float
    began_offset: int
    canary: bool = False
    decisions: int = 0
    units: int = 0
    since_look: int = 0

    def observe(self, policy_digest: str | None, trial_digest: str | None) -> None:
        """Count a new experience by the digests that its decision names."""
        self.decisions += 1
        self.since_look += 1
        self.units += self.digest in (policy_digest, trial_digest)

    def looked(self) -> None:
        """Count anew towards the next look."""
        self.units = self.since_look = 0

    def due(self, policy: TriggerPolicy, now_s: float) -> bool:
        """Whether it is to be judged now: after enough units; a trial also without them, and at its limits."""
        if self.units >= policy.trial_frequency:
            return True
        if self.canary:
            return False
        if self.since_look >= LOOKS_ANYWAY * policy.trial_frequency:
            return True
        return self.decisions >= policy.trial_decisions or now_s - self.began_s >= policy.trial_s
