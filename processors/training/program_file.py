"""Train a prompt program from rows whose right answers are known, and judge it on those that are held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.configuration import TrainingConfiguration
from models.gate import Screening
from models.gate.paired import compare
from models.programs import OptimisedProgram, Progress
from models.programs.evaluate import score_program
from models.threshold import Threshold
from processors.training.answers import TrainingAnswer, identity
from processors.training.program_answer import champion_of, signature_of
from processors.training.program_candidate import ProgramCandidate, train_program
from processors.training.program_rows import Row, check_held_out, examples_of_rows, hold_out
from signalbox.events import OptimizationTrigger, TrainingResult
from signalbox.policy import digest_of, unpack

if TYPE_CHECKING:
    import dspy


@dataclass(frozen=True)
class FileTraining:
    """The answer, with the program's bytes whatever the verdict, and how they came to be."""

    answer: TrainingAnswer
    artifact: bytes
    optimised: OptimisedProgram
    screening: Screening


def train_from_rows(
    trigger: OptimizationTrigger,
    rows: Sequence[Row],
    held_out_share: float,
    champion_bytes: bytes | None,
    configuration: TrainingConfiguration,
    lm: dspy.LM,
    language_model: str,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FileTraining:
    """A program from the rows that aren't held out, judged against the champion or the untrained program.

    `trigger` says for whom and which program. Raises `InvalidExamples` for rows that can't be used or are
    too few, before the first call of the language model, and what `optimise` raises.
    """
    spec = signature_of(trigger.scope)
    champion = champion_of(trigger, champion_bytes)
    held_out, shown = hold_out(examples_of_rows(spec, rows), held_out_share, trigger.seed)
    check_held_out(len(held_out), len(rows), held_out_share)
    manifest = champion.manifest if champion else None
    candidate = train_program(trigger, spec, shown, manifest, configuration, lm, language_model, progress)
    start = unpack(champion_bytes).state if champion_bytes is not None else None
    threads = configuration.program.concurrency
    before = score_program(spec, start, held_out, lm, threads)
    after = score_program(spec, candidate.optimised.state, held_out, lm, threads)
    known = ~(np.isnan(before) | np.isnan(after))  # where a call failed, nothing is known of the programs
    screening = compare(
        after[known],
        before[known],
        look=trigger.look,
        error=configuration.gate_error,
        threshold=Threshold(kind=configuration.threshold_kind, value=configuration.improvement_threshold),
    )
    return _judged(trigger, candidate, screening)


def _judged(trigger: OptimizationTrigger, candidate: ProgramCandidate, screening: Screening) -> FileTraining:
    artifact, manifest = candidate.artifact(screening.estimates())
    promoted = screening.verdict == "promoted"
    result = TrainingResult(
        **identity(trigger),
        verdict=screening.verdict,
        reason=screening.reason,
        message=f"{screening.message} {candidate.optimised.message}",
        candidate=screening.candidate,
        champion=screening.champion,
        improvement=screening.improvement,
        threshold=screening.threshold,
        training_samples=candidate.optimised.examples,
        held_out_samples=screening.samples,
        digest=digest_of(artifact) if promoted else None,
    )
    answer = TrainingAnswer(result, artifact, manifest) if promoted else TrainingAnswer(result)
    return FileTraining(answer, artifact, candidate.optimised, screening)
