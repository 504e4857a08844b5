"""The specification's serving methods: fast policy, prompt program, baseline, each where it is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from signalbox.errors import ConfigurationError, InvalidEvent, ProgramError
from signalbox.events import Entity, Modality, Relationship
from signalbox.in_force import InForceSource, PolicySource, following
from signalbox.policy import DecisionFeatures
from signalbox.preference import Question
from signalbox.program.call import Advice, ProgramCall
from signalbox.program.slot import ProgramSource
from signalbox.recommend.keyword_rules import AGENTS, Prediction, predict, read_prediction
from signalbox.recommend.optimization_status import (
    OptimizationStatus,
    experiences_behind,
    router_status,
    training_step,
)
from signalbox.recommend.recommendation import (
    Given,
    OptimizedDecision,
    RoutingRecommendation,
    Source,
    checked_candidates,
    features_of,
    of_advice,
    of_champion,
    optimized,
)
from signalbox.router import EventSink, Router

if TYPE_CHECKING:
    import dspy


class RoutingRecommender:
    """Recommends one of the candidates for a query of one tenant, whatever fails.

    With `prefer="policy"` the policy in force answers, and the prompt program only where there is none; with
    `"program"` the program answers wherever there are one and a `language_model`, and the policy where it
    fails. What is left is the baseline: the caller's prediction, else rules on words for the specification's
    agents. `policies` is `Router`'s; `programs` is a `ProgramSlot`. `language_model` is any `dspy.LM` that may
    be called from several threads; a call is given up after `program_timeout_s` seconds.
    """

    def __init__(
        self,
        publisher: EventSink,
        policies: InForceSource | PolicySource | None,
        tenant_id: str,
        *,
        candidates: Sequence[str] = AGENTS,
        programs: ProgramSource | None = None,
        language_model: dspy.LM | None = None,
        prefer: Literal["policy", "program"] = "policy",
        epsilon: float = 0.1,
        seed: int | Random | None = None,
        program_timeout_s: float = 30.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if prefer not in ("policy", "program"):
            raise ConfigurationError(f"prefer: 'policy' or 'program', got {prefer!r}")
        self.router = Router(publisher, policies, tenant_id, epsilon, seed, clock=clock)
        self._policies = following(policies, None)
        self._program = ProgramCall(programs, language_model, timeout_s=program_timeout_s)
        self._candidates = checked_candidates(candidates)
        self._prefer = prefer
        self._epsilon = epsilon

    async def get_routing_recommendations(
        self,
        query: str,
        entities: Sequence[Given | Entity] = (),
        relationships: Sequence[Given | Relationship] = (),
        *,
        enhanced_query: str | None = None,
        candidates: Sequence[str] | None = None,
        modality: Modality = "text",
        query_analysis: Mapping[str, str] | None = None,
        baseline_prediction: Given | None = None,
    ) -> RoutingRecommendation:
        """What is best for a query: without exploration, and nothing is published.

        Raises `InvalidEvent`, which names the field, for input that no reader would accept.
        """
        features = features_of(query, entities, relationships, enhanced_query, modality, query_analysis)
        question = self._question(features, candidates)
        advice, failure = await self._advice(question)
        champion = self._policies.in_force.champion
        source: Source = "policy"
        if advice is not None:
            source, found = "program", of_advice(advice, question)
        elif champion is not None:
            found = of_champion(champion, question)
        else:
            source = "baseline"
            found, refusal = self._baseline(question, baseline_prediction)
            failure = failure or refusal
        return RoutingRecommendation(
            recommended_agent=found.agent,
            confidence=found.confidence,
            reasoning=found.reasoning,
            optimization_ready=champion is not None,
            experiences_count=experiences_behind(champion),
            training_step=training_step(champion),
            source=source,
            failure=failure,
        )

    async def optimize_routing_decision(
        self,
        query: str,
        entities: Sequence[Given | Entity] = (),
        relationships: Sequence[Given | Relationship] = (),
        enhanced_query: str | None = None,
        baseline_prediction: Given | None = None,
        *,
        candidates: Sequence[str] | None = None,
        modality: Modality = "text",
        query_analysis: Mapping[str, str] | None = None,
        **published: Any,
    ) -> OptimizedDecision:
        """Choose an agent, exploration included, and publish the decision with its exact propensity.

        `published` are further arguments of `Router.decide`, such as `decision_id` and `trace_id`.
        Raises `InvalidEvent`, which names the field, for input that no reader would accept.
        """
        features = features_of(query, entities, relationships, enhanced_query, modality, query_analysis)
        question = self._question(features, candidates)
        advice, failure = await self._advice(question)
        baseline, refusal = self._baseline(question, baseline_prediction)
        decision = self.router.decide(
            query,
            features.entities,
            question.candidates,
            modality,
            baseline=baseline.agent,
            confidence=baseline.confidence,
            preference=advice.preference if advice else None,
            relationships=features.relationships,
            enhanced_query=enhanced_query,
            query_analysis=query_analysis,
            **published,
        )
        if decision.slot == "baseline":
            failure = failure or refusal
        return optimized(decision, advice.reasoning if advice else baseline.reasoning, failure)

    def get_optimization_status(self) -> OptimizationStatus:
        """How far the learning is, as the policy in force tells it."""
        return router_status(self._policies.in_force.champion, self._epsilon)

    def close(self) -> None:
        """Call no program any more."""
        self._program.close()

    def _question(self, features: DecisionFeatures, candidates: Sequence[str] | None) -> Question:
        asked = self._candidates if candidates is None else tuple(candidates)
        if not asked:
            raise InvalidEvent("invalid", "candidates: at least one agent is needed, got none")
        return Question(features, asked)

    async def _advice(self, question: Question) -> tuple[Advice | None, str | None]:
        """What the program recommends where it is to be asked, and how it failed if it did."""
        in_force = self._policies.in_force
        if not self._program.is_ready or (self._prefer == "policy" and in_force.champion is not None):
            return None, None
        try:
            return await self._program.ask(question, in_force.cards.gone), None
        except ProgramError as error:
            return None, str(error)

    def _baseline(self, question: Question, given: Given | None) -> tuple[Prediction, str | None]:
        """What would be done without having learned, and what is wrong with the caller's prediction."""
        gone = self._policies.in_force.cards.gone
        present = [agent for agent in question.candidates if agent not in gone] or question.candidates
        read = predict(question.features.query, present) if given is None else read_prediction(given, present)
        return (
            (read, None) if isinstance(read, Prediction) else (predict(question.features.query, present), read)
        )
