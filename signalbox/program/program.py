"""A prompt program that answers: the state of a trained one in a module of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from signalbox.errors import AnswerError, ArtifactError, ProgramError
from signalbox.policy.artifact import Artifact, Manifest, unpack
from signalbox.policy.features import DecisionFeatures
from signalbox.program.answers import inputs_of, listed, ratio, read_answer
from signalbox.program.running import running
from signalbox.program.signatures import SIGNATURES, SignatureSpec, fingerprint
from signalbox.program.state import load_module

if TYPE_CHECKING:
    import dspy


class Recommendation(NamedTuple):
    """The agent that a program recommends, one of the candidates; `confidence` is in [0, 1]."""

    agent: str
    confidence: float
    reasoning: str


class PromptProgram:
    """A signature with its demonstrations and instructions; the language model comes with each call.

    `state` is that of `optimise`; None makes the untrained program. Raises `ArtifactError` for a state that
    isn't one of this signature.
    """

    def __init__(self, spec: SignatureSpec, state: Mapping[str, Any] | None = None) -> None:
        self.spec = spec
        self.manifest: Manifest | None = None
        self._module = load_module(spec, state)

    @classmethod
    def load(cls, data: bytes) -> PromptProgram:
        """The program in an artifact's bytes; raises `ArtifactError` where they are another kind's or older."""
        return cls.of(unpack(data))

    @classmethod
    def of(cls, artifact: Artifact) -> PromptProgram:
        """The program of an artifact; raises `ArtifactError` where its fingerprint is another signature's."""
        info = artifact.manifest.program
        if info is None or artifact.state is None:
            raise ArtifactError(f"artifact: a policy of kind {artifact.manifest.kind}, not a prompt program")
        spec = SIGNATURES.get(info.signature)
        if spec is None or fingerprint(spec) != info.fingerprint:
            raise ArtifactError(
                f"artifact: made for the signature {info.signature} {info.fingerprint[:12]}, which this "
                "version hasn't; train the program again"
            )
        program = cls(spec, artifact.state)
        program.manifest = artifact.manifest
        return program

    def answer(
        self, inputs: Mapping[str, str], lm: dspy.LM, candidates: Sequence[str] | None = None
    ) -> dict[str, str]:
        """The checked outputs, and `reasoning`; `candidates` None takes those that the inputs list.

        Raises `AnswerError` where an output is malformed or no candidate, `ProgramError` where the language
        model gave no answer at all.
        """
        from dspy.utils.exceptions import AdapterParseError, DSPyError

        missing = self.spec.inputs.keys() - inputs.keys()
        if missing:
            raise ProgramError(f"{self.spec.name}: without the inputs {sorted(missing)}")
        try:
            with running(lm):
                raw = self._module(**{name: inputs[name] for name in self.spec.inputs})
        except AdapterParseError:
            # The error's own message holds the whole prompt.
            raise AnswerError(
                f"{self.spec.name}: the language model's answer has not the form asked for"
            ) from None
        except DSPyError as error:
            raise ProgramError(
                f"{self.spec.name}: the language model failed: {type(error).__name__}"
            ) from error
        agents = listed(self.spec, inputs) if candidates is None else candidates
        content = dict(raw)
        return {**read_answer(self.spec, content, agents), "reasoning": str(content.get("reasoning") or "")}

    def recommend(self, query: DecisionFeatures, candidates: Sequence[str], lm: dspy.LM) -> Recommendation:
        """The agent for a query, one of `candidates`; raises as `answer` does."""
        agent = self.spec.agent
        confidence = next((name for name, out in self.spec.outputs.items() if out.kind == "confidence"), None)
        if agent is None or confidence is None:
            raise ProgramError(f"{self.spec.name}: this program recommends no agent")
        answer = self.answer(inputs_of(self.spec, query, candidates), lm, candidates)
        return Recommendation(answer[agent], ratio(answer[confidence]), answer["reasoning"])
