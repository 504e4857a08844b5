"""From a trigger to its answer: what is asked decides who answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from msgspec import structs

from models.configuration import TrainingConfiguration
from processors.training.answers import Deployed, OnTrial, TrainingAnswer, identity, short
from processors.training.canary import judge_canary
from processors.training.former import former_of
from processors.training.labels import with_labels, without_aged
from processors.training.promise import check_promise
from processors.training.screening import train_and_screen
from processors.training.split import newest_revisions, split
from processors.training.trial import judge
from signalbox.errors import ArtifactError
from signalbox.events import AgentCard, Annotation, Experience, OptimizationTrigger, TrainingResult, decode
from signalbox.policy import digest_of
from signalbox.policy.cards import names_of


def answer(
    trigger: OptimizationTrigger,
    experiences: Iterable[Experience],
    champion_bytes: bytes | None,
    configuration: TrainingConfiguration,
    sample: Iterable[Experience] | None = None,
    *,
    on_trial: OnTrial | None = None,
    cards: Sequence[bytes] = (),
    former: bytes | None = None,
    annotations: Iterable[Annotation] = (),
) -> TrainingAnswer:
    """Answer a trigger from the log alone: the same arguments give the same bytes.

    `experiences` are those in the trigger's ranges; `sample` is what the replay buffer keeps of them (all of
    them if it isn't given), from which held-out ones are taken out here. `on_trial` is the policy that the
    trigger's `trial_digest` names, `cards` are encoded agent cards, `former` is the policy that `former_digest`
    names, where that isn't the champion; `annotations` are the labels in the trigger's ranges. Bad data gives a
    rejection that says why; an `ArtifactError` for an unreadable policy, or a `Stop` for another tenant's
    data, is the caller's to publish as failed.
    """
    agents = [decode(AgentCard, card) for card in cards]
    everything = newest_revisions(experiences, trigger.tenant_id, trigger.changed_at)
    champion = None
    if champion_bytes is not None:
        champion = Deployed.load(champion_bytes, trigger, "champion", agents)
    found = champion.digest if champion else None
    if trigger.champion_digest != found:
        return _stale(trigger, found)
    if trigger.trial_digest is not None:
        trial = _checked(trigger, on_trial)
        candidate = Deployed.load(trial.artifact, trigger, "candidate", agents)
        judged_by = judge if trial.kind == "trial" else judge_canary
        return judged_by(trigger, everything, champion, candidate, trial, configuration)
    if "below_promise" in trigger.reasons:
        return check_promise(trigger, everything, champion, configuration)
    kept = None if sample is None else {item.decision_id for item in sample}
    labelled = with_labels(everything, annotations, configuration, _names(agents, champion))
    counted = without_aged(trigger, labelled, configuration.held_out_share)
    parts = split(counted, kept, configuration.held_out_share, labelled)
    seeded = structs.replace(configuration, seed=trigger.seed)
    before = former_of(trigger, champion, former)
    answered = train_and_screen(trigger, parts, champion, seeded, cards, agents, before)
    told = structs.replace(answered.result, annotations=labelled.count(counted))
    return dataclasses.replace(answered, result=told)


def _names(cards: Sequence[AgentCard], champion: Deployed | None) -> dict[str, str]:
    """The agents that are known now, by each of their names; of those that have left, only what cards say."""
    if cards or champion is None:
        return {name: same[0] for name, same in names_of(cards).items()}
    return {agent: agent for agent in champion.policy.manifest.agents}


def _checked(trigger: OptimizationTrigger, on_trial: OnTrial | None) -> OnTrial:
    given = digest_of(on_trial.artifact) if on_trial else None
    if on_trial is None or given != trigger.trial_digest:
        what = f"{short(given)} was given" if given else "it was not given"
        raise ArtifactError(f"policy {short(trigger.trial_digest)} is on trial, but {what}")
    return on_trial


def _stale(trigger: OptimizationTrigger, found: str | None) -> TrainingAnswer:
    result = TrainingResult(
        **identity(trigger),
        verdict="rejected",
        reason="stale_champion",
        message=f"The trigger was made under {short(trigger.champion_digest)}, but {short(found)} is in force.",
    )
    return TrainingAnswer(structs.replace(result, champion_digest=found))
