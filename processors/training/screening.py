"""Train a candidate and screen it on what training has not seen."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from models.configuration import TrainingConfiguration
from models.errors import NothingToLearn
from models.expected_rewards import ExpectedRewards
from models.gate import RewardMoments, Screening, screen
from models.learner import Trained
from models.threshold import Threshold
from processors.training.afresh import or_tried, or_tried_soon
from processors.training.answers import Deployed, TrainingAnswer, identity
from processors.training.candidate import Candidate, train
from processors.training.former import is_void
from processors.training.split import Split
from signalbox.errors import ArtifactError
from signalbox.events import AgentCard, OptimizationTrigger, TrainingResult, VerdictReason
from signalbox.policy import digest_of


def train_and_screen(
    trigger: OptimizationTrigger,
    parts: Split,
    champion: Deployed | None,
    configuration: TrainingConfiguration,
    cards: Sequence[bytes],
    agents: Sequence[AgentCard],
    former: Deployed | None = None,
) -> TrainingAnswer:
    """A candidate with its verdict, or a rejection where none can be made; arguments as in `train`."""
    count, least = len(parts.shown) + len(parts.held_out), configuration.min_experiences
    if count < least:
        message = f"{count} experiences, but training needs {least}."
        return _refused(trigger, parts, "insufficient_evidence", message)
    try:
        candidate = train(trigger, parts, champion, configuration, cards, agents, former)
    except NothingToLearn as reason:
        return _refused(trigger, parts, "insufficient_evidence", f"Nothing can be learned: {reason}.")
    except ArtifactError as error:
        return _refused(trigger, parts, "invalid", f"The candidate can't be deployed: {error}.")
    screening = screen(
        parts.held_out,
        candidate.policy,
        champion.policy if champion else None,
        look=trigger.look,
        error=screening_error(configuration),
        threshold=Threshold(kind=configuration.threshold_kind, value=configuration.improvement_threshold),
        expected=RewardMoments.of(parts.shown),
        model=ExpectedRewards.learned_from(parts.shown, configuration.features),
        trials=configuration.trials,
        least_shown=configuration.min_effective_samples,
    )
    if configuration.trials and champion and is_void(champion.policy.manifest, trigger):
        screening = or_tried(screening, parts)
    elif configuration.trials and former:
        screening = or_tried_soon(screening)
    return _judged(trigger, screening, candidate)


def screening_error(configuration: TrainingConfiguration) -> float:
    """What all screens under one champion may spend of the gate's error; trials get the other half."""
    return configuration.gate_error / 2.0 if configuration.trials else configuration.gate_error


def _judged(trigger: OptimizationTrigger, screening: Screening, candidate: Candidate) -> TrainingAnswer:
    """The screen's answer as an event; the bytes of a policy that goes out carry its estimates, too."""
    result = TrainingResult(
        **identity(trigger),
        verdict=screening.verdict,
        reason=screening.reason,
        message=screening.message + _left_out(candidate.trained),
        candidate=screening.candidate,
        champion=screening.champion,
        improvement=screening.improvement,
        threshold=screening.threshold,
        training_samples=candidate.trained.samples,
        held_out_samples=screening.samples,
    )
    if screening.verdict == "rejected":
        return TrainingAnswer(result)
    artifact, manifest = candidate.artifact(screening.estimates())
    return TrainingAnswer(structs.replace(result, digest=digest_of(artifact)), artifact, manifest)


def _left_out(trained: Trained) -> str:
    count = trained.without_propensity
    return f" {count} experiences without propensity were not learned from." if count else ""


def _refused(trigger: OptimizationTrigger, parts: Split, reason: VerdictReason, message: str) -> TrainingAnswer:
    result = TrainingResult(
        **identity(trigger),
        verdict="rejected",
        reason=reason,
        message=message,
        training_samples=len(parts.training),
        held_out_samples=len(parts.held_out),
    )
    return TrainingAnswer(result)
