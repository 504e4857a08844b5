"""From the trigger of a prompt program that chooses agents to its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from models.configuration import TrainingConfiguration
from models.errors import NothingToLearn
from models.expected_rewards import ExpectedRewards
from models.gate.screening import LEAST_SAMPLES
from models.labels import trust_of
from models.programs import Progress
from models.programs.examples import ExampleSet, examples_of
from models.programs.validation import InvalidExamples
from processors.training.answers import TrainingAnswer, identity
from processors.training.labels import with_labels, without_aged
from processors.training.program_candidate import train_program
from processors.training.program_evidence import most_telling
from processors.training.program_screening import judged, screen_program
from processors.training.split import Split, newest_revisions, split
from signalbox.errors import ArtifactError, ConfigurationError
from signalbox.events import Annotation, Experience, OptimizationTrigger, TrainingResult, VerdictReason
from signalbox.names import PROGRAM
from signalbox.policy import digest_of
from signalbox.program import SIGNATURES, PromptProgram, SignatureSpec

if TYPE_CHECKING:
    import dspy


def answer_program(
    trigger: OptimizationTrigger,
    experiences: Iterable[Experience],
    annotations: Iterable[Annotation],
    champion_bytes: bytes | None,
    configuration: TrainingConfiguration,
    lm: dspy.LM,
    language_model: str,
    sample: Iterable[Experience] | None = None,
    *,
    most_held_out: int = 400,
    progress: Callable[[Progress], None] = lambda _: None,
    spent: Callable[[], str] = lambda: "",
) -> TrainingAnswer:
    """Train a program on the sample and on whatever was annotated, and screen it on what is held out.

    Arguments are as in `answer`; the same ones give the same bytes if `lm`, called `language_model`, is a pure
    function. The gate asks about `most_held_out` of the held-out experiences (`most_telling`). `spent` says
    what the language model has cost. Raises what `optimise` raises where no verdict is possible.
    """
    spec = signature_of(trigger.scope)
    champion = champion_of(trigger, champion_bytes)
    everything = newest_revisions(experiences, trigger.tenant_id, trigger.changed_at)
    kept = None if sample is None else {item.decision_id for item in sample}
    labels = list(annotations)
    counted = without_aged(
        trigger, with_labels(everything, labels, configuration), configuration.held_out_share
    )
    parts = split(counted, kept, configuration.held_out_share)
    if len(counted) < configuration.min_experiences:
        message = f"{len(counted)} experiences, but training needs {configuration.min_experiences}."
        return _refused(trigger, parts, "insufficient_evidence", message)
    judged_by = most_telling(parts.held_out, most_held_out)
    if len(judged_by) < LEAST_SAMPLES:
        found = f"{len(judged_by)} held-out experiences carry their probabilities"
        message = f"Nothing was trained: {found}; at least {LEAST_SAMPLES} are needed."
        return _refused(trigger, parts, "insufficient_evidence", message)
    model = ExpectedRewards.learned_from(parts.shown, configuration.features)
    known = _examples(spec, parts, labels, configuration, model)
    champion_manifest = champion.manifest if champion else None
    try:
        candidate = train_program(
            trigger, spec, known.examples, champion_manifest, configuration, lm, language_model, progress
        )
    except NothingToLearn as reason:
        return _refused(trigger, parts, "insufficient_evidence", f"Nothing can be learned: {reason}.")
    except InvalidExamples as reason:
        return _refused(trigger, parts, "invalid", f"The examples can't be used: {reason}.")
    if candidate.optimised.optimizer is None:
        message = f"No optimiser found a better program: {candidate.optimised.message} {spent()}"
        return _refused(trigger, parts, "not_proven", message.strip(), len(known.examples))
    screening = screen_program(trigger, spec, judged_by, candidate, champion, parts, configuration, lm, model)
    return judged(trigger, screening, candidate, known, spent())


def signature_of(scope: str) -> SignatureSpec:
    """The program of a scope; raises `ConfigurationError` where there is none."""
    spec = SIGNATURES.get(scope.removeprefix(PROGRAM))
    if spec is None:
        raise ConfigurationError(f"scope: there is no prompt program for {scope!r}")
    return spec


def champion_of(trigger: OptimizationTrigger, data: bytes | None) -> PromptProgram | None:
    """The program in force, in the bytes that the trigger names; raises `ArtifactError` where it isn't."""
    found = digest_of(data) if data is not None else None
    if found != trigger.champion_digest:
        raise ArtifactError(f"champion: {found} was given, not {trigger.champion_digest}")
    return PromptProgram.load(data) if data is not None else None


def _examples(
    spec: SignatureSpec,
    parts: Split,
    annotations: list[Annotation],
    configuration: TrainingConfiguration,
    model: ExpectedRewards | None,
) -> ExampleSet:
    """Those of the sample, and of every other experience that is shown and labelled."""
    sampled = {item.decision_id for item in parts.training}
    labelled = {annotation.decision_id for annotation in annotations} - sampled
    rest = [item for item in parts.shown if item.decision_id in labelled]
    trust = {name: each.weight for name, each in trust_of(annotations, configuration.min_agreement).items()}
    return examples_of(spec, [*parts.training, *rest], annotations, configuration.program, model, trust)


def _refused(
    trigger: OptimizationTrigger,
    parts: Split,
    reason: VerdictReason,
    message: str,
    training_samples: int | None = None,
) -> TrainingAnswer:
    result = TrainingResult(
        **identity(trigger),
        verdict="rejected",
        reason=reason,
        message=message,
        training_samples=len(parts.training) if training_samples is None else training_samples,
        held_out_samples=len(parts.held_out),
    )
    return TrainingAnswer(result)
