"""From a trigger and its records to the answer: pure, so that the same job gives the same bytes anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import structs

from signalbox.errors import SignalboxError
from signalbox.events import (
    Annotation,
    Experience,
    OptimizationTrigger,
    TrainingResult,
    TrialProgress,
    Verdict,
    VerdictReason,
    decode,
)
from streams.trainer.replay_buffer import materialise, sample

if TYPE_CHECKING:
    from processors.training import OnTrial

MESSAGE_LENGTH = 500


@dataclass(frozen=True)
class TrainingJob:
    """All that an answer is made from.

    `records` are the experiences in the trigger's ranges with its key, `on_trial` is the policy that it asks
    about, `cards` are the encoded cards of the tenant's agents, `former` is the policy that was in force before
    the rewards changed, where that isn't the champion, `annotations` are the labels in the trigger's ranges.
    """

    trigger: OptimizationTrigger
    records: tuple[bytes, ...]
    champion: bytes | None
    on_trial: OnTrial | None = None
    cards: tuple[bytes, ...] = ()
    former: bytes | None = None
    annotations: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The result, without version and seconds, and the bytes of the policy that it puts into a slot.

    `share` is that of the candidate in a trial that begins.
    """

    result: TrainingResult
    artifact: bytes | None = None
    share: float | None = None


def attempt(train: Callable[[TrainingJob], Answer], job: TrainingJob) -> Answer:
    """The answer to a job; whatever goes wrong inside becomes the answer `failed` with its error."""
    try:
        return train(job)
    except Exception as error:  # noqa: BLE001 a training that fails is an event, whatever the failure
        return failed(job.trigger, error)


def run_job(job: TrainingJob) -> Answer:
    """Train a candidate on what the replay buffer holds, and judge it on all that is held out.

    What a trial or a champion's promise comes to is read from the log alone; the buffer isn't asked.
    """
    from models.configuration import TrainingConfiguration
    from processors.training import answer

    configuration = TrainingConfiguration.from_dict(job.trigger.configuration)
    revisions = [decode(Experience, record) for record in job.records]
    kept = sample(materialise(job.trigger, revisions), revisions) if trains(job.trigger) else None
    trained = answer(
        job.trigger,
        revisions,
        job.champion,
        configuration,
        kept,
        on_trial=job.on_trial,
        cards=job.cards,
        former=job.former,
        annotations=[decode(Annotation, record) for record in job.annotations],
    )
    return Answer(trained.result, trained.artifact, configuration.trial_share)


def trains(trigger: OptimizationTrigger) -> bool:
    """Whether the trigger asks for a new candidate, and not about a policy that is out already."""
    return trigger.trial_digest is None and "below_promise" not in trigger.reasons


def failed(trigger: OptimizationTrigger, error: Exception) -> Answer:
    """The answer that says what went wrong."""
    kind = "" if isinstance(error, SignalboxError) else f"{type(error).__name__}: "
    return without_training(trigger, "failed", "error", f"{kind}{error}"[:MESSAGE_LENGTH])


def stale(trigger: OptimizationTrigger, in_force: str | None) -> Answer:
    """The answer to a trigger for a champion that isn't in force any more; it names the one that is."""
    message = f"made for champion {_short(trigger.champion_digest)}, but {_short(in_force)} is in force"
    answer = without_training(trigger, "rejected", "stale_champion", message)
    return Answer(structs.replace(answer.result, champion_digest=in_force))


def going_on(trigger: OptimizationTrigger, digest: str) -> Answer:
    """The answer to a trigger that asks for a new candidate while there is one already."""
    message = f"{_short(digest)} is on trial already; nothing was trained"
    answer = without_training(trigger, "on_trial", "undecided", message)
    return Answer(structs.replace(answer.result, digest=digest))


def ended(trigger: OptimizationTrigger, error: Exception | None = None) -> Answer:
    """The answer to a trigger about a trial that has ended meanwhile, or that can't be judged any more."""
    why = f"can't be judged: {error}" if error else "has ended already"
    message = f"the trial of {_short(trigger.trial_digest)} {why}"[:MESSAGE_LENGTH]
    answer = without_training(trigger, "rejected", "invalid", message)
    nothing = TrialProgress(decisions=0, disagreements=0, seconds=0.0)
    return Answer(structs.replace(answer.result, digest=trigger.trial_digest, trial=nothing))


def without_training(
    trigger: OptimizationTrigger, verdict: Verdict, reason: VerdictReason, message: str
) -> Answer:
    """An answer that has no numbers."""
    return Answer(
        TrainingResult(
            tenant_id=trigger.tenant_id,
            occurred_at=trigger.occurred_at,
            trigger_id=trigger.trigger_id,
            tenant_key=trigger.tenant_key,
            scope=trigger.scope,
            verdict=verdict,
            reason=reason,
            message=message,
            champion_digest=trigger.champion_digest,
        )
    )


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "the baseline"
