"""What a program learns from: a question with its right answer, or with an agent that proved bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.programs.configuration import ProgramConfiguration

Source = Literal["experience", "annotation", "file"]


@dataclass(frozen=True, kw_only=True)
class ProgramExample:
    """One row; `name` says where it is from, such as a decision id or a line of a file.

    `outputs` are the right answers, all of the signature's; None where only bad ones are known, the `avoided`
    agents. `candidates` are those that an answer may name; None for any. `expected` is what other agents may be
    expected to earn, in [0, 1]. `feedback` says in words why. `weight` (> 0) is what the row counts for, so
    that what a router was less likely to log counts more. `confidence` and `quality` in [0, 1] decide whether
    it may be shown as a demonstration.
    """

    name: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str] | None
    candidates: tuple[str, ...] | None = None
    avoided: tuple[str, ...] = ()
    expected: Mapping[str, float] = field(default_factory=dict)
    feedback: str = ""
    reward: float = 1.0
    weight: float = 1.0
    confidence: float = 1.0
    quality: float = 1.0
    source: Source = "file"

    def demonstrates(self, configuration: ProgramConfiguration) -> bool:
        """Whether it passes the specification's filter for demonstrations."""
        return (
            self.outputs is not None
            and self.confidence >= configuration.min_confidence
            and self.quality >= configuration.min_quality
        )
