"""What an optimiser is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import NothingToLearn
from models.programs.configuration import ProgramConfiguration
from models.programs.example import ProgramExample
from models.programs.metric import example_of
from models.programs.weighting import by_weight, resampled
from signalbox.program import SignatureSpec, load_module

if TYPE_CHECKING:
    import dspy


@dataclass(frozen=True)
class Task:
    """A signature, the state to start from (None: untrained), rows to learn from and rows to choose by."""

    spec: SignatureSpec
    start: Mapping[str, Any] | None
    training: list[ProgramExample]
    validation: list[ProgramExample]
    configuration: ProgramConfiguration
    lm: dspy.LM

    def student(self) -> dspy.Module:
        """The start in a new module: one that Bootstrap has made refuses to be optimised again."""
        return load_module(self.spec, self.start)

    def demonstrations(self) -> list[dspy.Example]:
        """The training rows that may be shown, in an order drawn by weight; `NothingToLearn` for none."""
        rows = [row for row in self.training if row.demonstrates(self.configuration)]
        if not rows:
            raise NothingToLearn(f"none of {len(self.training)} examples may be shown as a demonstration")
        return dspy_examples(by_weight(rows, self.configuration.seed))

    def trainset(self) -> list[dspy.Example]:
        """The training rows, each as often as its weight says."""
        return dspy_examples(
            resampled(by_weight(self.training, self.configuration.seed), self.configuration.seed)
        )

    def valset(self) -> list[dspy.Example]:
        """The rows to choose by, each as often as its weight says."""
        return dspy_examples(resampled(self.validation, self.configuration.seed))

    def may_show(self, example: dspy.Example) -> bool:
        """Whether an example of `trainset` may become a demonstration."""
        return example_of(example).demonstrates(self.configuration)


def dspy_examples(rows: Sequence[ProgramExample]) -> list[dspy.Example]:
    """The rows as DSPy has them; what only the metric reads is no field of them, as fields end in prompts."""
    import dspy

    found = []
    for row in rows:
        example = dspy.Example(**row.inputs, **(row.outputs or {})).with_inputs(*row.inputs)
        example._row = row
        found.append(example)
    return found
