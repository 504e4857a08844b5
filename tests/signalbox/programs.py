"""A program's artifact, and language models of the tests' own that answer what they are told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signalbox.policy import Artifact, FeatureConfiguration, Lineage, Manifest, ProgramInfo, pack
from signalbox.program import ROUTING_POLICY, fingerprint
from signalbox.program.signatures import fresh_module
from signalbox.program.state import dump_state

AGENTS = ("video_search_agent", "summarizer_agent", "detailed_report_agent")


def program_bytes(*, epsilon: float = 0.1, tenant_id: str = "acme", **changes: Any) -> bytes:
    """The untrained routing program as an artifact."""
    lineage = Lineage(
        trigger_id="t/program",
        parent_digest=None,
        ranges=(),
        buffer_digest="",
        seed=0,
        code_version="test",
        configuration={},
    )
    content = {
        "kind": "program",
        "tenant_id": tenant_id,
        "scope": "program:routing",
        "agents": AGENTS,
        "epsilon": epsilon,
        "features": FeatureConfiguration(),
        "lineage": lineage,
        "program": ProgramInfo(
            signature="routing",
            fingerprint=fingerprint(ROUTING_POLICY),
            optimizer="bootstrap",
            language_model="test",
        ),
    }
    return pack(Artifact(Manifest(**{**content, **changes}), {}, dump_state(fresh_module(ROUTING_POLICY))))


def answering(agent: str, confidence: str = "0.9", reasoning: str = "it says so") -> Callable[[Any], str]:
    """An answer in the form that DSPy asks for."""
    fields = {"reasoning": reasoning, "recommended_agent": agent, "confidence": confidence, "completed": ""}
    text = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
    return lambda request: text


def language_model(answer: Callable[[Any], str]) -> Any:
    """A `dspy.LM` whose answers come from `answer(request)`."""
    import dspy
    from dspy.lm15 import Message, Response, TextPart, Usage

    class Engine:
        def complete(self, request: Any) -> Any:
            return Response(
                id=None,
                model=request.model,
                message=Message.assistant([TextPart(answer(request))]),
                finish_reason="stop",
                usage=Usage(input_tokens=1, output_tokens=1),
            )

    return dspy.LM("test/fixed", engine=Engine(), cache=False, num_retries=0)
