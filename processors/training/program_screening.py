"""Ask a program about held-out decisions, and what the gate makes of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from models.configuration import TrainingConfiguration
from models.expected_rewards import ExpectedRewards
from models.gate import RewardMoments, Screening, screen
from models.programs.examples import ExampleSet
from models.threshold import Threshold
from processors.training.answers import TrainingAnswer, identity
from processors.training.program_asked import AskedProgram
from processors.training.program_candidate import ProgramCandidate
from processors.training.split import Split
from signalbox.events import Experience, OptimizationTrigger, TrainingResult
from signalbox.policy import digest_of
from signalbox.program import ProgramPolicy, PromptProgram, SignatureSpec

if TYPE_CHECKING:
    import dspy


def screen_program(
    trigger: OptimizationTrigger,
    spec: SignatureSpec,
    held_out: list[Experience],
    candidate: ProgramCandidate,
    champion: PromptProgram | None,
    parts: Split,
    configuration: TrainingConfiguration,
    lm: dspy.LM,
    model: ExpectedRewards | None,
) -> Screening:
    """The candidate against the champion on these experiences; without one, against the baseline."""

    def asked(program: PromptProgram, epsilon: float) -> AskedProgram:
        policy = ProgramPolicy(program, lm, epsilon, lenient=True)
        return AskedProgram(spec, policy, held_out, configuration.program.concurrency)

    return screen(
        held_out,
        asked(candidate.program(), candidate.manifest.epsilon),
        asked(champion, champion.manifest.epsilon) if champion and champion.manifest else None,
        look=trigger.look,
        error=configuration.gate_error,
        threshold=Threshold(kind=configuration.threshold_kind, value=configuration.improvement_threshold),
        expected=RewardMoments.of(parts.shown),
        model=model,
        least_shown=configuration.min_effective_samples,
    )


def judged(
    trigger: OptimizationTrigger,
    screening: Screening,
    candidate: ProgramCandidate,
    known: ExampleSet,
    spent: str,
) -> TrainingAnswer:
    """The screen's answer as an event, with the bytes of a program that goes out."""
    left_out = known.without_propensity
    said = f"{left_out} experiences without propensity were not learned from." if left_out else ""
    result = TrainingResult(
        **identity(trigger),
        verdict=screening.verdict,
        reason=screening.reason,
        message=" ".join(filter(None, [screening.message, candidate.optimised.message, spent, said])),
        candidate=screening.candidate,
        champion=screening.champion,
        improvement=screening.improvement,
        threshold=screening.threshold,
        training_samples=candidate.optimised.examples,
        held_out_samples=screening.samples,
    )
    if screening.verdict != "promoted":
        return TrainingAnswer(result)
    artifact, manifest = candidate.artifact(screening.estimates())
    return TrainingAnswer(structs.replace(result, digest=digest_of(artifact)), artifact, manifest)
