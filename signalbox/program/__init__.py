"""Prompt programs in a router: DSPy modules in a trained state. Running one needs the extra `program`."""

from signalbox.program.answers import inputs_of, ratio, read_answer
from signalbox.program.language_model import connect
from signalbox.program.policy import ProgramDecision, ProgramPolicy
from signalbox.program.program import PromptProgram, Recommendation
from signalbox.program.running import running
from signalbox.program.signatures import (
    AGENT_ROUTING,
    MODALITY_ROUTING,
    QUERY_ANALYSIS,
    ROUTING_POLICY,
    SIGNATURES,
    OutputSpec,
    SignatureSpec,
    build,
    fingerprint,
    fresh_module,
)
from signalbox.program.state import dump_state, load_module

__all__ = [
    "AGENT_ROUTING",
    "MODALITY_ROUTING",
    "QUERY_ANALYSIS",
    "ROUTING_POLICY",
    "SIGNATURES",
    "OutputSpec",
    "ProgramDecision",
    "ProgramPolicy",
    "PromptProgram",
    "Recommendation",
    "SignatureSpec",
    "build",
    "connect",
    "dump_state",
    "fingerprint",
    "fresh_module",
    "inputs_of",
    "load_module",
    "ratio",
    "read_answer",
    "running",
]
