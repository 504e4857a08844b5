"""Labels from a language model (the specification's LLMAutoAnnotator); an answer that can't be read is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.labels import LABELS
from signalbox.errors import AnswerError
from signalbox.events import Annotation, AnnotationRequest, moment_at
from signalbox.program import OutputSpec, SignatureSpec
from signalbox.program.answers import names, ratio, read_answer
from signalbox.program.running import running
from signalbox.program.signatures import fresh_module

if TYPE_CHECKING:
    import dspy

NONE = "none"
_SURE = 0.7
"""Below this confidence a person should look, too."""

LABELLING = SignatureSpec(
    name="labelling",
    instructions=(
        "Judge whether the chosen agent was right for the query, from what came of it. Name the agent that"
        " would have been right only where that is plain; otherwise say none."
        ' When the outcome mentions "failed" (3), label is wrong_routing.'
        ' When the outcome mentions "succeeded" (3), label is correct_routing.'
        ' When the outcome mentions "unclear" (2), label is ambiguous.'
        " Otherwise, label is insufficient_info. Otherwise, suggested_agent is none."
    ),
    inputs={
        "query": "What the user asked.",
        "chosen_agent": "The agent that was chosen.",
        "candidate_agents": "The agents that could have been chosen, and none, separated by commas.",
        "routing_confidence": "How sure the router was.",
        "outcome": "What came of it.",
    },
    outputs={
        "label": OutputSpec(kind="choice", desc="One of " + ", ".join(LABELS) + ".", values=LABELS),
        "suggested_agent": OutputSpec(kind="agent", desc="One of the candidates, spelled as there, or none."),
        "confidence": OutputSpec(kind="confidence", desc="How sure you are, from 0.0 to 1.0, such as 0.85."),
    },
    candidates="candidate_agents",
)


@dataclass(frozen=True)
class AutoLabels:
    """The labels, and what went wrong elsewhere: decision ids with the reason."""

    annotations: list[Annotation] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


class LLMAutoAnnotator:
    """Asks `lm`, called `name`, about each request; `concurrency` calls at a time, `retries` more each.

    What the language model can't be asked, or answers in no readable form, is a failure and never a label.
    """

    def __init__(self, lm: dspy.LM, name: str, *, concurrency: int = 4, retries: int = 1) -> None:
        self._lm = lm
        self._annotator = f"llm:{name}"[:128]
        self._concurrency = concurrency
        self._retries = retries

    def annotate(self, requests: Sequence[AnnotationRequest], now_s: float) -> AutoLabels:
        """Label the requests; blocks. Passes on `Interrupted`, where a budget is spent or nobody waits."""
        found = AutoLabels()
        if not requests:
            return found
        module = fresh_module(LABELLING)
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="annotator") as threads:
            answers = threads.map(lambda request: self._ask(module, request), requests)
            for request, answer in zip(requests, answers, strict=True):
                if isinstance(answer, str):
                    found.failures.append((request.decision_id, answer))
                else:
                    found.annotations.append(self._label(request, answer, now_s))
        return found

    def _ask(self, module: Callable[..., Any], request: AnnotationRequest) -> dict[str, str] | str:
        """The answer, checked; or in a few words why there is none."""
        inputs, problem = inputs_of(request), ""
        for _ in range(self._retries + 1):
            try:
                with running(self._lm):
                    prediction = module(**inputs)
                answer = read_answer(LABELLING, dict(prediction), (*request.candidate_agents, NONE))
            except AnswerError as error:
                problem = f"malformed answer: {error}"
            except Exception as error:  # noqa: BLE001 DSPy's errors have no common root; each is said
                problem = f"{type(error).__name__}: {error}"[:300]
            else:
                return answer | {"reasoning": str(prediction.get("reasoning") or "")[:8000]}
        return problem

    def _label(self, request: AnnotationRequest, answer: dict[str, str], now_s: float) -> Annotation:
        confidence = ratio(answer["confidence"])
        suggested = answer["suggested_agent"]
        is_other = suggested not in (NONE, request.chosen_agent)
        return Annotation(
            tenant_id=request.tenant_id,
            occurred_at=moment_at(now_s),
            decision_id=request.decision_id,
            annotator=self._annotator,
            kind="llm",
            label=answer["label"],  # type: ignore[arg-type]  # one of the choices
            confidence=confidence,
            reasoning=answer["reasoning"],
            suggested_agent=suggested if is_other and answer["label"] == "wrong_routing" else None,
            requires_review=confidence < _SURE or answer["label"] == "ambiguous",
            decided_at=request.decided_at,
        )


def inputs_of(request: AnnotationRequest) -> dict[str, str]:
    """A request as the program reads it."""
    return {
        "query": request.query,
        "chosen_agent": request.chosen_agent,
        "candidate_agents": names((*request.candidate_agents, NONE)),
        "routing_confidence": "unknown" if request.confidence is None else f"{request.confidence:.2f}",
        "outcome": outcome_text(request),
    }


def outcome_text(request: AnnotationRequest) -> str:
    """What came of the decision, in words."""
    told = request.outcome
    said: list[str] = []
    if told is not None:
        if told.agent_success is not None:
            said.append("the agent succeeded" if told.agent_success else "the agent failed")
        if told.error_class:
            said.append(f"error {told.error_class}")
        if told.search_quality is not None:
            said.append(f"search quality {told.search_quality:.2f}")
        if told.user_satisfaction is not None:
            said.append(f"user satisfaction {told.user_satisfaction:.2f}")
        if told.result_count is not None:
            said.append(f"{told.result_count} results")
        if told.processing_time_s is not None:
            said.append(f"{told.processing_time_s:.2f} s")
    if request.reward is not None:
        said.append(f"reward {request.reward:.2f}")
    return ", ".join(said) or "nothing is known"
