"""The specification's `AdvancedRoutingOptimizer`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import Any, Literal, Self

from adapters.language_model import LanguageModelConfiguration, connect
from processors.reward import reward
from signalbox.errors import ConfigurationError
from signalbox.events import TrainingResult
from signalbox.in_force import InForceSource, PolicySource, following
from signalbox.names import checked_tenant
from signalbox.program.slot import ProgramSource
from signalbox.recommend.keyword_rules import AGENTS
from signalbox.recommend.optimization_status import OptimizationStatus
from signalbox.recommend.recommendation import (
    Given,
    OptimizedDecision,
    RoutingRecommendation,
    checked_candidates,
)
from signalbox.recommend.recommender import RoutingRecommender
from signalbox.router import EventSink
from streams.language_model import language_model_configuration
from streams.optimizers.checkpoint import load_local, save_local
from streams.optimizers.configuration import AdvancedOptimizerConfig
from streams.optimizers.local_file import Kept
from streams.optimizers.local_loop import LocalLoop
from streams.optimizers.multi_stage import MultiStageSelection
from streams.optimizers.recording import Recording, signals_of
from streams.optimizers.service import CountedPublisher
from streams.optimizers.status import status_of


class AdvancedRoutingOptimizer:
    """Learns to route one tenant's queries from what came of earlier choices, and recommends agents.

    Without a `publisher` it is the whole loop in one process, without Kafka (`LocalLoop`), and `storage_dir` is
    where it keeps what it learns. With a publisher it publishes for the service, and serves the policies and
    the programs that come from `source` (a `PolicySlots`) and `programs` (a `ProgramSlot`).

    `language_model` runs programs, and trains them where the loop is here; by default it is the one of the
    settings. `prefer` and `candidates` are `RoutingRecommender`'s. Close it, or use it as a context manager;
    a closed one raises `ConfigurationError`. So does one whose `storage_dir` is damaged or can't be written.
    """

    def __init__(
        self,
        config: AdvancedOptimizerConfig | None = None,
        storage_dir: str | Path | None = None,
        *,
        tenant_id: str = "default",
        publisher: EventSink | None = None,
        source: InForceSource | PolicySource | None = None,
        programs: ProgramSource | None = None,
        language_model: LanguageModelConfiguration | None = None,
        prefer: Literal["policy", "program"] = "policy",
        candidates: Sequence[str] = AGENTS,
        seed: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if publisher is None and (source is not None or programs is not None):
            raise ConfigurationError("source, programs: without a publisher, policies are made here")
        if publisher is not None and storage_dir is not None:
            raise ConfigurationError("storage_dir: with a publisher, the service keeps what is learned")
        self.config = config or AdvancedOptimizerConfig()
        settings = self.config.settings()
        self._tenant_id = checked_tenant(tenant_id)
        candidates = checked_candidates(candidates)
        self._is_closed = False
        self._storage = Path(storage_dir) if storage_dir is not None else None
        model = language_model or language_model_configuration(settings)
        self._loop: LocalLoop | None = None
        self._sink: LocalLoop | CountedPublisher
        if publisher is None:
            loop = LocalLoop(settings, self._tenant_id, self._storage, model, clock)
            self._loop = self._sink = source = programs = loop
        else:
            self._sink = CountedPublisher(publisher, settings, self._tenant_id, clock)
        self._source = following(source, None)
        self._recording = Recording(self._sink, self._tenant_id, candidates, clock, alone=publisher is None)
        # The settings' budgets are those of one training.
        served = replace(model, budget_calls=None, budget_money=None)
        self._recommender = RoutingRecommender(
            self._sink,
            self._source,
            self._tenant_id,
            candidates=candidates,
            programs=programs,
            language_model=connect(served).lm if programs is not None else None,
            prefer=prefer,
            epsilon=self.config.exploration_epsilon,
            seed=seed,
            program_timeout_s=model.timeout_s,
            clock=clock,
        )
        self.advanced_optimizer = MultiStageSelection(settings)

    async def record_routing_experience(
        self,
        query: str,
        entities: Sequence[Given],
        relationships: Sequence[Given],
        enhanced_query: str | None,
        chosen_agent: str,
        routing_confidence: float,
        search_quality: float,
        agent_success: bool,
        processing_time: float = 0.0,
        user_satisfaction: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> float:
        """Publish what came of a choice, and return its reward in [0, 1], before any cost.

        `processing_time` is in seconds, 0 where it wasn't measured. `metadata` is `Recording`'s: it says which
        decision this came of, or with which probability the agent was chosen. A `decision_id` that nobody
        decided here gives a warning once; the experience counts, but nothing can be proven from it. Raises
        `InvalidEvent`, which names the field and its value.
        """
        self._check_open("record_routing_experience")
        told = metadata or {}
        signals = signals_of(search_quality, agent_success, processing_time, user_satisfaction, told)
        self._recording.publish(
            query, entities, relationships, enhanced_query, chosen_agent, routing_confidence, signals, told
        )
        earned = reward(signals, self._sink.stream.partition.policies.reward)
        return 0.0 if earned is None else earned

    async def get_routing_recommendations(
        self,
        query: str,
        entities: Sequence[Given] = (),
        relationships: Sequence[Given] = (),
        **options: Any,
    ) -> RoutingRecommendation:
        """The best agent for a query; `options` are `RoutingRecommender.get_routing_recommendations`'s."""
        self._check_open("get_routing_recommendations")
        found = await self._recommender.get_routing_recommendations(query, entities, relationships, **options)
        found["experiences_count"] = self.get_optimization_status()["total_experiences"]
        return found

    async def optimize_routing_decision(
        self,
        query: str,
        entities: Sequence[Given],
        relationships: Sequence[Given],
        enhanced_query: str | None,
        baseline_prediction: Given | None,
        **options: Any,
    ) -> OptimizedDecision:
        """Choose an agent, exploration included; `options` are `RoutingRecommender`'s.

        The result's `decision_id`, given back in the metadata of `record_routing_experience`, joins the two.
        """
        self._check_open("optimize_routing_decision")
        return await self._recommender.optimize_routing_decision(
            query, entities, relationships, enhanced_query, baseline_prediction, **options
        )

    def get_optimization_status(self) -> OptimizationStatus:
        """How far the learning is; where the service learns, counts and rewards are those of this process."""
        return status_of(self._sink.stream, self._tenant_id, self._source.in_force.champion, self.config)

    def get_optimization_info(self, examples: int) -> dict[str, Any]:
        """Which optimiser of prompt programs so many examples are enough for."""
        return self.advanced_optimizer.get_optimization_info(examples)

    async def run_optimization_step(self) -> TrainingResult | None:
        """Wait for the training that goes on, and train unless it had all experiences; None without any."""
        return await asyncio.to_thread(self._local("run_optimization_step").step)

    def save_checkpoint(self, filepath: str | Path | None = None) -> Path:
        """Write what was learned; by default below `storage_dir`. Returns the file."""
        loop = self._local("save_checkpoint")
        return save_local(loop, self._tenant_id, self._checkpoint(filepath))

    def load_checkpoint(self, filepath: str | Path | None = None) -> None:
        """Go on from what a checkpoint holds, instead of what is known; raises `ConfigurationError`."""
        loop = self._local("load_checkpoint")
        loop.restart(load_local(self._checkpoint(filepath), self._tenant_id, loop))

    def reset(self) -> None:
        """Forget everything that was learned, on disk as well; checkpoints stay."""
        self._local("reset").restart(Kept())
        if self._storage:
            rmtree(self._storage / "artifacts" / self._tenant_id, ignore_errors=True)

    def close(self) -> None:
        """Stop training and calling programs; afterwards only the status can be asked for."""
        self._is_closed = True
        self._recommender.close()
        if self._loop:
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _check_open(self, method: str) -> None:
        if self._is_closed:
            raise ConfigurationError(f"{method}: this optimizer is closed")

    def _local(self, method: str) -> LocalLoop:
        self._check_open(method)
        if self._loop is None:
            raise ConfigurationError(f"{method}: with a publisher the service learns; see docs/operations.md")
        return self._loop

    def _checkpoint(self, filepath: str | Path | None) -> Path:
        if filepath is not None:
            return Path(filepath)
        if self._storage is None:
            raise ConfigurationError("filepath: needed where there is no storage_dir")
        return self._storage / self._tenant_id / "checkpoint.json"
