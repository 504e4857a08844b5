"""The answer to a trigger: hold out, train, judge, and build the artifact if the candidate is better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from models.configuration import TrainingConfiguration
from models.evidence import RewardMoments
from models.gate import Screening, screen
from models.held_out import is_held_out
from models.learner import NothingToLearn, Trained, learner_for
from signalbox.errors import ArtifactError, Stop
from signalbox.events import Experience, OptimizationTrigger, TrainingResult, VerdictReason
from signalbox.policy import Artifact, Lineage, Manifest, Policy, digest_of, pack


@dataclass(frozen=True)
class TrainingAnswer:
    """What to publish: the result, and the new champion's bytes if it was promoted.

    `result.version` is for the caller, who knows the slot's history; so are `occurred_at` (here the trigger's)
    and `seconds`.
    """

    result: TrainingResult
    artifact: bytes | None = None
    manifest: Manifest | None = None


def answer(
    trigger: OptimizationTrigger,
    experiences: Iterable[Experience],
    champion_bytes: bytes | None,
    configuration: TrainingConfiguration,
    sample: Iterable[Experience] | None = None,
) -> TrainingAnswer:
    """Train on `sample` and judge on the held-out share of all `experiences`: same arguments, same bytes.

    `experiences` are those in the trigger's ranges; `sample` is what the replay buffer keeps of them (all of
    them if it isn't given). Held-out ones are taken out of it here. Bad data gives a rejection that says why;
    an `ArtifactError` for a champion that can't be read, or a `Stop` for another tenant's data, is the caller's
    to publish as failed.
    """
    split = _split(experiences, sample, trigger.tenant_id, configuration.held_out_share)
    champion = _champion(champion_bytes, trigger)
    found = digest_of(champion_bytes) if champion_bytes is not None else None
    problem = _problem(trigger, split, found, configuration)
    if problem:
        return _refused(trigger, split, found, *problem)
    configuration = structs.replace(configuration, seed=trigger.seed)
    try:
        trained = learner_for(configuration).fit(split.training, champion, configuration)
        manifest = _manifest(trigger, champion, configuration, trained)
        # Through its bytes, so that the gate judges what a router will run, stored precision included.
        candidate = Policy.load(pack(Artifact(manifest, trained.tensors)))
    except NothingToLearn as reason:
        return _refused(trigger, split, found, "insufficient_evidence", f"Nothing can be learned: {reason}.")
    except ArtifactError as error:
        return _refused(trigger, split, found, "invalid", f"The candidate can't be deployed: {error}.")
    screening = screen(
        split.held_out,
        candidate,
        champion,
        look=trigger.look,
        error=configuration.gate_error,
        threshold_share=configuration.improvement_threshold,
        expected=RewardMoments.of(split.shown),
    )
    return _judged(trigger, screening, manifest, trained, found)


def newest_revisions(experiences: Iterable[Experience], tenant_id: str) -> list[Experience]:
    """One experience a decision, the newest revision, in an order that doesn't depend on arrival."""
    newest: dict[str, Experience] = {}
    for item in experiences:
        if item.tenant_id != tenant_id:
            raise Stop(f"experience {item.decision_id}: tenant {item.tenant_id!r}, not {tenant_id!r}")
        known = newest.get(item.decision_id)
        if known is None or item.revision > known.revision:
            newest[item.decision_id] = item
    return sorted(newest.values(), key=lambda item: (item.occurred_at, item.decision_id))


@dataclass(frozen=True)
class _Split:
    """The held-out experiences, all others (`shown`), and those of the sample that training may see."""

    held_out: list[Experience]
    shown: list[Experience]
    training: list[Experience]


def _split(
    experiences: Iterable[Experience], sample: Iterable[Experience] | None, tenant_id: str, share: float
) -> _Split:
    everything = newest_revisions(experiences, tenant_id)
    shown = [item for item in everything if not is_held_out(item.decision_id, share)]
    if sample is None:
        training = shown
    else:
        kept = newest_revisions(sample, tenant_id)
        training = [item for item in kept if not is_held_out(item.decision_id, share)]
    held_out = [item for item in everything if is_held_out(item.decision_id, share)]
    return _Split(held_out, shown, training)


def _champion(data: bytes | None, trigger: OptimizationTrigger) -> Policy | None:
    if data is None:
        return None
    policy = Policy.load(data)
    made_for, asked = (policy.manifest.tenant_id, policy.manifest.scope), (trigger.tenant_id, trigger.scope)
    if made_for != asked:
        raise ArtifactError(f"champion: made for tenant and scope {made_for}, not for {asked}")
    return policy


def _problem(
    trigger: OptimizationTrigger, split: _Split, found: str | None, configuration: TrainingConfiguration
) -> tuple[VerdictReason, str] | None:
    if trigger.champion_digest != found:
        expected, actual = (
            digest[:12] if digest else "the baseline" for digest in (trigger.champion_digest, found)
        )
        return "stale_champion", f"The trigger was made under {expected}, but {actual} is in force."
    count, least = len(split.shown) + len(split.held_out), configuration.min_experiences
    if count < least:
        return "insufficient_evidence", f"{count} experiences, but training needs {least}."
    return None


def _manifest(
    trigger: OptimizationTrigger,
    champion: Policy | None,
    configuration: TrainingConfiguration,
    trained: Trained,
) -> Manifest:
    promotions = 1 + (champion.manifest.lineage.promotions if champion else 0)
    return Manifest(
        tenant_id=trigger.tenant_id,
        scope=trigger.scope,
        agents=trained.agents,
        epsilon=configuration.epsilon_after(promotions),
        features=configuration.features,
        lineage=Lineage(
            trigger_id=trigger.trigger_id,
            parent_digest=trigger.champion_digest,
            ranges=trigger.ranges,
            buffer_digest=trigger.buffer_digest,
            seed=trigger.seed,
            code_version=trigger.code_version,
            configuration=configuration.to_dict(),
            training_samples=trained.samples,
            promotions=promotions,
        ),
    )


def _judged(
    trigger: OptimizationTrigger,
    screening: Screening,
    manifest: Manifest,
    trained: Trained,
    champion_digest: str | None,
) -> TrainingAnswer:
    """The gate's answer as an event; a promoted candidate's bytes carry its estimates, on the same tensors."""
    result = TrainingResult(
        **_identity(trigger),
        verdict=screening.verdict,
        reason=screening.reason,
        message=screening.message + _left_out(trained),
        champion_digest=champion_digest,
        candidate=screening.candidate,
        champion=screening.champion,
        improvement=screening.improvement,
        threshold=screening.threshold,
        training_samples=trained.samples,
        held_out_samples=screening.samples,
    )
    if screening.verdict != "promoted":
        return TrainingAnswer(result)
    manifest = structs.replace(manifest, estimates=screening.estimates())
    artifact = pack(Artifact(manifest, trained.tensors))
    return TrainingAnswer(structs.replace(result, digest=digest_of(artifact)), artifact, manifest)


def _left_out(trained: Trained) -> str:
    count = trained.without_propensity
    return f" {count} experiences without propensity were not learned from." if count else ""


def _identity(trigger: OptimizationTrigger) -> dict[str, Any]:
    return {
        "tenant_id": trigger.tenant_id,
        "occurred_at": trigger.occurred_at,
        "trigger_id": trigger.trigger_id,
        "tenant_key": trigger.tenant_key,
        "scope": trigger.scope,
    }


def _refused(
    trigger: OptimizationTrigger,
    split: _Split,
    champion_digest: str | None,
    reason: VerdictReason,
    message: str,
) -> TrainingAnswer:
    result = TrainingResult(
        **_identity(trigger),
        verdict="rejected",
        reason=reason,
        message=message,
        champion_digest=champion_digest,
        training_samples=len(split.training),
        held_out_samples=len(split.held_out),
    )
    return TrainingAnswer(result)
