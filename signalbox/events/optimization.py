"""The statement that training is worthwhile, and the answer to it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from signalbox.events.fields import Count, Digest, Event, Id, Scope, Timestamp, keep_in_utc

TriggerReason = Literal[
    "enough_experiences",
    "reward_drop",
    "drift",
    "interval",
    "trial",
    "below_promise",
    "requested",
    "multi_stage",
    "annotations",
]
Verdict = Literal["promoted", "rejected", "on_trial", "failed", "rolled_back"]
VerdictReason = Literal[
    "better",
    "promising",
    "undecided",
    "not_proven",
    "worse",
    "harm",
    "exhausted",
    "below_promise",
    "insufficient_evidence",
    "invalid",
    "stale_champion",
    "superseded",
    "error",
    "requested",
]


class OffsetRange(Struct, frozen=True, kw_only=True, gc=False):
    """The records of one topic-partition from offset `start`, up to and without offset `end`."""

    topic: str
    partition: Count
    start: Count
    end: Count


class OptimizationTrigger(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Train `scope` now, on exactly these records.

    `windows` are the starts (seconds since 1970) of the replay-buffer windows that were live, each `window_s`
    seconds long and of at most `window_capacity` experiences; `buffer_digest` is the digest of what they held,
    and a trainer that reads `ranges` must find the same. `look` counts the triggers since the champion came
    into force, because each is one more look at the same evidence. `trial_digest` is the candidate whose trial
    is to be judged: then `ranges` begin with the trial, and no windows are named. `changed_at` is when the
    rewards began to be others (drift): what was before is void.
    """

    trigger_id: Id
    tenant_key: str
    scope: Scope
    reasons: Annotated[tuple[TriggerReason, ...], Meta(min_length=1)]
    windows: tuple[int, ...]
    ranges: tuple[OffsetRange, ...]
    buffer_digest: str
    experiences: Count
    look: Annotated[int, Meta(ge=1)]
    seed: Count
    code_version: str
    configuration: dict[str, Any]
    run: str
    batch: Count
    window_s: Annotated[int, Meta(ge=1)] = 3600
    window_capacity: Annotated[int, Meta(ge=1)] = 1000
    champion_digest: Digest | None = None
    trial_digest: Digest | None = None
    changed_at: Timestamp | None = None

    def __post_init__(self) -> None:
        keep_in_utc(self, "occurred_at", "changed_at")


class Estimate(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An off-policy estimate with what is needed to judge it.

    `effective_samples` is Kish's number, `overlap` the share of what the estimate is about that the log could
    show: 1 where everything had some probability, None where an earlier version made the estimate.
    """

    value: float
    lower: float
    upper: float
    samples: Count
    effective_samples: float
    largest_weight: float
    overlap: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None


class TrialProgress(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How far a trial has come: all decisions since its start, and those on which the two policies disagreed.

    Rewards are means over the disagreements, None before the first one; `seconds` is event time.
    """

    decisions: Count
    disagreements: Count
    seconds: float
    candidate_reward: float | None = None
    champion_reward: float | None = None


class TrainingResult(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The one answer to a trigger, or the record of a rollback.

    `digest` names the policy that came into force or, where a trial begins, goes on or ends, its candidate.
    `annotations` is how many experiences a label has changed or added.
    """

    trigger_id: Id
    tenant_key: str
    scope: Scope
    verdict: Verdict
    reason: VerdictReason
    message: str
    digest: Digest | None = None
    version: int | None = None
    champion_digest: Digest | None = None
    candidate: Estimate | None = None
    champion: Estimate | None = None
    improvement: Estimate | None = None
    threshold: float | None = None
    trial: TrialProgress | None = None
    training_samples: Count = 0
    held_out_samples: Count = 0
    annotations: Count = 0
    seconds: float = 0.0
