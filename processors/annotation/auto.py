"""Labels from a language model (the specification's LLMAutoAnnotator)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.language_model import BudgetExceeded, error_of
from models.annotation import Judgement, annotation_module, inputs_of, read_judgement
from signalbox.errors import AnswerError
from signalbox.events import AgentCard, Annotation, AnnotationRequest, moment_at
from signalbox.program import running

if TYPE_CHECKING:
    import dspy

_LONGEST_NAME = 128


@dataclass(frozen=True)
class AutoLabels:
    """Labels, and for each decision that got none its id and why; `skipped` requests were over the batch."""

    annotations: list[Annotation] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    skipped: int = 0


class LLMAutoAnnotator:
    """Labels by the language model `lm`, whose `name` they carry as `llm:<name>`.

    At most `concurrency` requests are under way at a time, and at most `batch` are answered in one call of
    `annotate`. A malformed answer is asked for again up to `retries` times; calls that fail are repeated by the
    language model's own client, within its limits.
    """

    def __init__(
        self,
        lm: dspy.LM,
        name: str,
        *,
        concurrency: int = 4,
        retries: int = 1,
        batch: int = 100,
        demos: int = 24,
    ) -> None:
        self._lm = lm
        self.annotator = f"llm:{name}"[:_LONGEST_NAME]
        self._concurrency = concurrency
        self._attempts = retries + 1
        self._batch = batch
        self._demos = demos

    def annotate(
        self,
        requests: Sequence[AnnotationRequest],
        now_s: float,
        *,
        demos: Sequence[tuple[AnnotationRequest, Annotation]] = (),
        cards: Mapping[str, AgentCard] | None = None,
    ) -> AutoLabels:
        """Labels for requests of one tenant, in their order; it blocks until all are answered.

        The last of the `demos`, labels that people of the tenant gave, go into each prompt, as do the
        candidates' `cards`. A spent budget fails the rest. Raises `Cancelled`, and `ValueError` where tenants
        are mixed.
        """
        asked = requests[: self._batch]
        shown = demos[max(len(demos) - self._demos, 0) :]
        _refuse_strangers(asked, shown, cards)
        module = annotation_module(shown, cards)
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="signalbox-annotator")
        try:
            answers = list(pool.map(lambda request: self._ask(module, request, cards), asked))
        finally:
            pool.shutdown(cancel_futures=True)
        annotations, failures = [], []
        for request, answer in zip(asked, answers, strict=True):
            if isinstance(answer, str):
                failures.append((request.decision_id, answer))
            else:
                annotations.append(self._annotation(request, answer, now_s))
        return AutoLabels(annotations, failures, len(requests) - len(asked))

    def _ask(
        self, module: dspy.Module, request: AnnotationRequest, cards: Mapping[str, AgentCard] | None
    ) -> Judgement | str:
        """The model's judgement, or why there is none."""
        from dspy.utils.exceptions import AdapterParseError

        inputs, reason = inputs_of(request, cards), ""
        for attempt in range(self._attempts):
            # The same question again would get the same answer from a model that is a function.
            lm = self._lm.copy(rollout_id=attempt, temperature=1.0) if attempt else self._lm
            try:
                with running(lm):
                    return read_judgement(dict(module(**inputs)), request)
            except AnswerError as error:
                reason = f"malformed: {error}"
            except AdapterParseError:
                # The error's own message holds the whole prompt.
                reason = "malformed: the answer has not the form asked for"
            except BudgetExceeded as error:
                return str(error)
            except Exception as error:  # noqa: BLE001 DSPy's errors have no common root; each is said
                return str(error_of(error))
        return reason

    def _annotation(self, request: AnnotationRequest, said: Judgement, now_s: float) -> Annotation:
        return Annotation(
            tenant_id=request.tenant_id,
            occurred_at=moment_at(now_s),
            decision_id=request.decision_id,
            annotator=self.annotator,
            kind="llm",
            label=said.label,
            confidence=said.confidence,
            reasoning=said.reasoning,
            suggested_agent=said.suggested_agent,
            requires_review=said.requires_review,
            decided_at=request.decided_at,
        )


def _refuse_strangers(
    requests: Sequence[AnnotationRequest],
    demos: Sequence[tuple[AnnotationRequest, Annotation]],
    cards: Mapping[str, AgentCard] | None,
) -> None:
    """One tenant's data never stand in another's prompt."""
    shown = [*requests, *(request for request, _ in demos), *(label for _, label in demos)]
    tenants = sorted({each.tenant_id for each in (*shown, *(cards or {}).values())})
    if len(tenants) > 1:
        raise ValueError(f"annotate: one tenant at a time, not {', '.join(tenants)}")
