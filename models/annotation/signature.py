"""What an annotator is asked and what it must answer."""

from __future__ import annotations

from models.labels import LABELS
from signalbox.program import OutputSpec, SignatureSpec

NONE = "none"
"""What stands for no agent."""

_INSTRUCTIONS = """\
Judge whether the chosen agent was the right one for the query. Compare what the query asks for with what \
the agents are there for, and weigh what came of it: a right choice may fail for other reasons, and a wrong \
one may end well. Say ambiguous where several agents would have been as right, and insufficient_info where \
nothing tells.
Where neither the query nor the agents settle it, go by the outcome.
When the outcome mentions "failed" or "poor" or "dissatisfied", label is wrong_routing.
When the outcome mentions "succeeded" or "good" or "satisfied", label is correct_routing.
When the outcome mentions "contradictory" (9) or "middling" or "undecided", label is ambiguous.
Otherwise, label is insufficient_info.
Suggest another agent only where the chosen one was wrong.
When the label mentions "correct_routing" (99) or "ambiguous" (99) or "insufficient_info" (99), \
suggested_agent is none."""

ANNOTATION = SignatureSpec(
    name="annotation",
    instructions=_INSTRUCTIONS,
    inputs={
        "query": "What the user asked.",
        "chosen_agent": "The agent that the router chose.",
        "other_agents": "The agents that it could have chosen instead, separated by commas.",
        "agent_descriptions": "What the agents are there for, one a line.",
        "routing_confidence": "How sure the router was, from 0.0 to 1.0.",
        "outcome": "What came of the choice.",
    },
    outputs={
        "label": OutputSpec(
            kind="choice", desc=f"{', '.join(LABELS[:-1])} or {LABELS[-1]}.", values=tuple(LABELS)
        ),
        "confidence": OutputSpec(kind="confidence", desc="How sure you are, from 0.0 to 1.0, such as 0.85."),
        "suggested_agent": OutputSpec(
            kind="text", desc=f"One of the other agents, spelled as there, or {NONE}."
        ),
        "requires_human_review": OutputSpec(kind="choice", desc="true or false.", values=("true", "false")),
    },
    candidates="other_agents",
)
"""All inputs and outputs are strings. The `When` sentences are rules that the offline model can read, too."""
