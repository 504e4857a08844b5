"""Routing spans as decisions with outcomes, each span once (the specification's PhoenixSpanEvaluator)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field

from adapters.phoenix.spans import Span
from processors.identity import decision_hash
from processors.spans.attributes import Missing
from processors.spans.decision import decision_of
from signalbox.errors import Unusable
from signalbox.events import RoutingDecision, encode
from signalbox.topics import stable_hash

MOST_PROBLEMS = 20
Known = Callable[[int, float], bool]
"""Whether a decision (its hash, and seconds since 1970) has been reported before."""


@dataclass
class SpanEvaluation:
    """What spans gave. `ignored` counts those that lack agent or query, `errors` those with a wrong value.

    `problems` says of the first of them which and why.
    """

    decisions: list[RoutingDecision] = field(default_factory=list)
    spans: list[tuple[int, float]] = field(default_factory=list)
    created: int = 0
    ignored: int = 0
    errors: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def numbers(self) -> dict[str, float]:
        """The specification's numbers, over the spans that were new."""
        confidences = [d.confidence for d in self.decisions if d.confidence is not None]
        told = [d.outcome.agent_success for d in self.decisions if d.outcome]
        known = [success for success in told if success is not None]
        return {
            "spans_processed": float(len(self.spans)),
            "experiences_created": float(self.created),
            "avg_confidence": sum(confidences) / len(confidences) if confidences else 0.0,
            "success_rate": sum(known) / len(known) if known else 0.0,
            "ignored": float(self.ignored),
            "errors": float(self.errors),
        }

    @property
    def agents(self) -> dict[str, int]:
        """How often each agent was chosen."""
        return dict(sorted(Counter(each.chosen_agent for each in self.decisions).items()))


class PhoenixSpanEvaluator:
    """Evaluates the spans of one tenant; `names` are those of spans that tell of a decision."""

    def __init__(self, tenant_id: str, names: Iterable[str]) -> None:
        self._tenant_id = tenant_id
        self._names = frozenset(names)

    def evaluate(
        self, spans: Iterable[Span], known: Set[int], is_known: Known = lambda *_: False
    ) -> SpanEvaluation:
        """The decisions of the spans whose hash is not among the `known`; a bad span spoils no other.

        A decision that `is_known` came as an event, too: what the span says of its outcome is still told, but
        it counts as none that was created.
        """
        found = SpanEvaluation()
        seen = set(known)
        for span in spans:
            identity = stable_hash(span.span_id)
            if span.name not in self._names or identity in seen:
                continue
            seen.add(identity)
            found.spans.append((identity, span.start_s))
            try:
                decision = decision_of(span, self._tenant_id)
                encode(decision)
            except (Unusable, RecursionError) as problem:
                is_missing = isinstance(problem, Missing)
                found.ignored += is_missing
                found.errors += not is_missing
                if len(found.problems) < MOST_PROBLEMS:
                    found.problems.append(f"span {span.span_id}: {problem}")
                continue
            found.decisions.append(decision)
            identity = decision_hash(self._tenant_id, decision.decision_id)
            found.created += not is_known(identity, span.start_s)
        return found
