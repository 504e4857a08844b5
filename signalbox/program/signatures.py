"""What each prompt program is asked and what it must answer, as plain data; DSPy is needed only to run one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    import dspy

OutputKind = Literal["agent", "choice", "label", "confidence", "text"]
_BOOLEAN = ("true", "false")


class OutputSpec(Struct, frozen=True, kw_only=True):
    """One answer. All are strings on the way, as the specification has them.

    `agent`: one of the candidates. `choice`: one of `values`. `label`: a word from an open vocabulary.
    `confidence`: a ratio such as "0.9" or "90%". `text`: anything.
    """

    kind: OutputKind
    desc: str
    values: tuple[str, ...] = ()

    @property
    def judged(self) -> bool:
        """Whether an answer can be right or wrong."""
        return self.kind in {"agent", "choice", "label"}


class SignatureSpec(Struct, frozen=True, kw_only=True):
    """A program's fields with their descriptions, in order, and its instructions before any training.

    `candidates` names the input that lists the candidate agents, separated by commas, if one does.
    """

    name: str
    instructions: str
    inputs: dict[str, str]
    outputs: dict[str, OutputSpec]
    candidates: str | None = None

    @property
    def judged(self) -> tuple[str, ...]:
        """The outputs that can be right or wrong."""
        return tuple(name for name, output in self.outputs.items() if output.judged)

    @property
    def agent(self) -> str | None:
        """The output that names an agent, if one does."""
        return next((name for name, output in self.outputs.items() if output.kind == "agent"), None)

    @property
    def scope(self) -> str:
        """The scope of this program's policies."""
        return f"program:{self.name}"


_CONFIDENCE = OutputSpec(kind="confidence", desc="How sure you are, from 0.0 to 1.0, such as 0.85.")

ROUTING_POLICY = SignatureSpec(
    name="routing",
    instructions="Choose the agent that will serve the query best. Answer with one of the candidates.",
    inputs={
        "query": "What the user asked.",
        "entities": "Things that the query names, with their kinds.",
        "relationships": "Relations between the entities.",
        "enhanced_query": "The query with what is known of its context.",
        "candidates": "The agents that can be chosen, separated by commas.",
    },
    outputs={
        "recommended_agent": OutputSpec(kind="agent", desc="One of the candidates, spelled as there."),
        "confidence": _CONFIDENCE,
    },
    candidates="candidates",
)

MODALITY_ROUTING = SignatureSpec(
    name="modality",
    instructions="Choose the agent that will serve a query of this modality best.",
    inputs={
        "query": "What the user asked.",
        "modality": "What kind of content the query is about.",
        "query_features": "What else is known: the candidates and the things that the query names.",
    },
    outputs={
        "recommended_agent": OutputSpec(kind="agent", desc="One of the candidates, spelled as there."),
        "confidence": _CONFIDENCE,
    },
)

QUERY_ANALYSIS = SignatureSpec(
    name="query_analysis",
    instructions="Analyse the query, so that it can be routed.",
    inputs={"query": "What the user asked.", "context": "What is known of its context."},
    outputs={
        "primary_intent": OutputSpec(kind="label", desc="The main intent, such as video_search or analysis."),
        "complexity_level": OutputSpec(kind="choice", desc="simple or complex.", values=("simple", "complex")),
        "needs_video_search": OutputSpec(kind="choice", desc="true or false.", values=_BOOLEAN),
        "needs_text_search": OutputSpec(kind="choice", desc="true or false.", values=_BOOLEAN),
        "multimodal_query": OutputSpec(kind="choice", desc="true or false.", values=_BOOLEAN),
        "temporal_pattern": OutputSpec(kind="label", desc="The time that the query names, or none."),
    },
)

AGENT_ROUTING = SignatureSpec(
    name="agent_routing",
    instructions="Choose a workflow and the main agent for the analysed query.",
    inputs={
        "query": "What the user asked.",
        "analysis_result": "What the analysis of the query found.",
        "available_agents": "The agents that can be chosen, separated by commas.",
    },
    outputs={
        "recommended_workflow": OutputSpec(kind="label", desc="The kind of workflow."),
        "primary_agent": OutputSpec(kind="agent", desc="One of the available agents, spelled as there."),
        "routing_confidence": _CONFIDENCE,
    },
    candidates="available_agents",
)

SIGNATURES = {spec.name: spec for spec in (ROUTING_POLICY, MODALITY_ROUTING, QUERY_ANALYSIS, AGENT_ROUTING)}
"""Every program by name; a program's scope is `program:<name>`."""


def fingerprint(spec: SignatureSpec) -> str:
    """What a saved state must have been made for, 64 hexadecimal digits.

    It covers the fields, their order, kinds and values. Instructions and descriptions are left out: they
    are part of the state.
    """
    outputs = [[name, output.kind, output.values] for name, output in spec.outputs.items()]
    content = [spec.name, list(spec.inputs), outputs]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def build(spec: SignatureSpec) -> type[dspy.Signature]:
    """The specification as DSPy has it; all fields are strings."""
    import dspy

    fields = {name: (str, dspy.InputField(desc=desc)) for name, desc in spec.inputs.items()}
    fields |= {name: (str, dspy.OutputField(desc=output.desc)) for name, output in spec.outputs.items()}
    signature: type[dspy.Signature] = dspy.make_signature(fields, spec.instructions, spec.name)
    return signature


def fresh_module(spec: SignatureSpec) -> dspy.ChainOfThought:
    """An untrained program; its `reasoning` comes before the signature's outputs."""
    import dspy

    return dspy.ChainOfThought(build(spec))
