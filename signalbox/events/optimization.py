"""The statement that training is worthwhile, and the answer to it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from signalbox.events.fields import Count, Digest, Event, Id, Scope

TriggerReason = Literal["enough_experiences", "reward_drop", "interval", "requested"]
Verdict = Literal["promoted", "rejected", "failed", "rolled_back"]
VerdictReason = Literal[
    "better",
    "not_proven",
    "worse",
    "insufficient_evidence",
    "invalid",
    "stale_champion",
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
    into force, because each is one more look at the same evidence.
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


class Estimate(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An off-policy estimate with what is needed to judge it."""

    value: float
    lower: float
    upper: float
    samples: Count
    effective_samples: float
    largest_weight: float


class TrainingResult(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The one answer to a trigger, or the record of a rollback."""

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
    training_samples: Count = 0
    held_out_samples: Count = 0
    seconds: float = 0.0
