"""Train a prompt program: the bytes that a router would load, and how they came to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import structs

from models.configuration import TrainingConfiguration
from models.programs import OptimisedProgram, ProgramExample, Progress, optimise
from processors.training.lineage import lineage_of
from signalbox.events import Estimate, OptimizationTrigger
from signalbox.policy import Artifact, Manifest, ProgramInfo, pack
from signalbox.program import PromptProgram, SignatureSpec

if TYPE_CHECKING:
    import dspy


@dataclass(frozen=True)
class ProgramCandidate:
    """What came of training."""

    manifest: Manifest
    optimised: OptimisedProgram

    def artifact(self, estimates: dict[str, Estimate]) -> tuple[bytes, Manifest]:
        """The bytes that go out, with what is estimated of the program in their manifest."""
        manifest = structs.replace(self.manifest, estimates=estimates)
        return pack(Artifact(manifest, {}, self.optimised.state)), manifest

    def program(self) -> PromptProgram:
        """The program as a router will run it."""
        return PromptProgram.load(self.artifact({})[0])


def train_program(
    trigger: OptimizationTrigger,
    spec: SignatureSpec,
    examples: Sequence[ProgramExample],
    champion: Manifest | None,
    configuration: TrainingConfiguration,
    lm: dspy.LM,
    language_model: str,
    progress: Callable[[Progress], None],
) -> ProgramCandidate:
    """A candidate from examples that training may see; raises what `optimise` does.

    `language_model` is the name of `lm`, which is no part of the program.
    """
    settings = structs.replace(configuration.program, seed=trigger.seed)
    optimised = optimise(spec, examples, lm, settings, progress)
    promotions = 1 + (champion.lineage.promotions if champion else 0)
    agents = {agent for each in examples for agent in each.candidates or ()}
    manifest = Manifest(
        kind="program",
        tenant_id=trigger.tenant_id,
        scope=trigger.scope,
        agents=tuple(sorted(agents)),
        epsilon=configuration.epsilon_after(promotions),
        features=configuration.features,
        lineage=lineage_of(
            trigger,
            structs.replace(configuration, program=settings),
            samples=optimised.examples,
            promotions=promotions,
        ),
        program=ProgramInfo(
            signature=spec.name,
            fingerprint=optimised.fingerprint,
            optimizer=optimised.optimizer or "none",
            language_model=language_model,
            demos=optimised.demos,
            calls=optimised.calls,
        ),
    )
    return ProgramCandidate(manifest, optimised)
