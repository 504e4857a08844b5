"""Requests for labels, and language models that answer them as a test says."""

from __future__ import annotations

from typing import Any

import dspy
from dspy import lm15

from signalbox.events import Annotation, AnnotationRequest, Signals, moment_at
from tests.processors.builders import NOON

GOOD = {
    "reasoning": "It asks for a text.",
    "label": "wrong_routing",
    "confidence": "0.9",
    "suggested_agent": "text",
    "requires_human_review": "false",
}


def request(decision_id: str = "d1", **fields: Any) -> AnnotationRequest:
    """A request; signals among the fields are its outcome."""
    signals = {name: fields.pop(name) for name in Signals.__struct_fields__ if name in fields}
    given: dict[str, Any] = {
        "tenant_id": "acme",
        "priority": "high",
        "reason": "failed",
        "due_at": moment_at(NOON + 60.0),
        "query": "show the text of the treaty",
        "chosen_agent": "video",
        "candidate_agents": ("video", "text"),
        "confidence": 0.4,
        "outcome": Signals(**signals) if signals else None,
        "decided_at": moment_at(NOON - 60.0),
    }
    return AnnotationRequest(decision_id=decision_id, occurred_at=moment_at(NOON), **(given | fields))


def persons(asked: AnnotationRequest, label: str, suggested_agent: str | None = None) -> Annotation:
    """What a person says of a request."""
    return Annotation(
        tenant_id=asked.tenant_id,
        occurred_at=moment_at(NOON),
        decision_id=asked.decision_id,
        annotator="alice",
        kind="human",
        label=label,  # type: ignore[arg-type]
        suggested_agent=suggested_agent,
    )


def chat(answer: dict[str, str]) -> str:
    """Outputs in the form that DSPy asks for."""
    sections = [f"[[ ## {name} ## ]]\n{value}" for name, value in answer.items()]
    return "\n\n".join([*sections, "[[ ## completed ## ]]"])


class Scripted:
    """An engine that answers with texts or outputs in turn, and keeps the prompts; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.prompts: list[str] = []

    def complete(self, asked: Any) -> Any:
        self.prompts.append(f"{asked.system}\n{asked.messages}")
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        text = answer if isinstance(answer, str) else chat(answer)
        return lm15.Response(
            id=None,
            model=asked.model,
            message=lm15.Message.assistant([lm15.TextPart(text)]),
            finish_reason="stop",
            usage=lm15.Usage(input_tokens=1, output_tokens=1),
        )

    def __deepcopy__(self, memo: Any) -> Scripted:
        """DSPy copies a language model for another rollout; the script goes on."""
        return self


def scripted_lm(engine: Scripted) -> dspy.LM:
    """The engine as DSPy has it."""
    return dspy.LM("test/scripted", engine=engine, cache=False, num_retries=0)
