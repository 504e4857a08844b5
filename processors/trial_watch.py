"""A trial or a canary, as the worker sees it: how much has come of it, and when to have it judged."""

from __future__ import annotations

from msgspec import Struct

from processors.trigger import TriggerPolicy


class TrialWatch(Struct, array_like=True, gc=False):
    """What has come since the candidate `digest` went on trial; it changes with every experience.

    `began_s` is event time and `began_offset` the offset on `routing-experience`. `decisions` are all
    experiences since; `units` are those on trial (a canary's own decisions) since the last look.
    """

    digest: str
    began_s: float
    began_offset: int
    canary: bool = False
    decisions: int = 0
    units: int = 0

    def observe(self, policy_digest: str | None, trial_digest: str | None) -> None:
        """Count a new experience by the digests that its decision names."""
        self.decisions += 1
        self.units += self.digest in (policy_digest, trial_digest)

    def due(self, policy: TriggerPolicy, now_s: float) -> bool:
        """Whether it is to be judged now: after enough units, or at a trial's limits (a canary has none)."""
        if self.units >= policy.trial_frequency:
            return True
        over = self.decisions >= policy.trial_decisions or now_s - self.began_s >= policy.trial_s
        return over and not self.canary
