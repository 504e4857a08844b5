"""The specification's object: its scenarios, and that what it learns decides."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from models.configuration import TrainingConfiguration
from processors.changelog import changes
from signalbox.errors import ConfigurationError, InvalidEvent
from signalbox.events import Experience, OptimizationTrigger, RoutingDecision, RoutingOutcome, decode
from streams.optimizers import AdvancedOptimizerConfig, AdvancedRoutingOptimizer
from streams.optimizers.local_loop import LocalLoop
from tests.streams.optimizers.worlds import AGENTS, KINDS, START, Clock, live, optimizer

VIDEO = AGENTS[0]
MARIE = {
    "query": "Show me videos where Marie Curie discusses radioactivity",
    "entities": [{"text": "Marie Curie", "label": "person"}],
    "relationships": [{"head": "Marie Curie", "relation": "discusses", "tail": "radioactivity"}],
    "enhanced_query": "Show me videos where Marie Curie discusses radioactivity in physics lectures",
    "chosen_agent": VIDEO,
    "routing_confidence": 0.85,
    "search_quality": 0.92,
    "agent_success": True,
    "user_satisfaction": 0.95,
    "processing_time": 1.2,
}


class Sink:
    """Takes what would go to Kafka."""

    def __init__(self) -> None:
        self.decisions: list[RoutingDecision] = []
        self.outcomes: list[RoutingOutcome] = []

    def publish_decision(self, decision: RoutingDecision) -> bool:
        self.decisions.append(decision)
        return True

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        self.outcomes.append(outcome)
        return True


async def test_record_routing_experience() -> None:
    with optimizer() as subject:
        assert round(await subject.record_routing_experience(**MARIE), 3) == 0.923
        stored = [decode(Experience, data) for data in subject._sink.stream.experiences.newest(9)]
        status = subject.get_optimization_status()
    (experience,) = stored
    assert experience.reward == pytest.approx(0.923)
    assert experience.decision.entities[0].text == "Marie Curie"
    assert experience.decision.relationships[0].tail == "radioactivity"
    assert (experience.decision.confidence, experience.outcome.processing_time_s) == (0.85, 1.2)
    assert (status["total_experiences"], status["metrics"]["successful_routes"]) == (1, 1)


@pytest.mark.parametrize(
    ("quality", "success", "satisfaction", "seconds", "least", "most"),
    [
        (0.95, True, 0.92, 0.5, 0.85, 1.0),
        (0.4, False, 0.3, 5.0, 0.0, 0.4),
        (0.7, True, None, 0.0, 0.828, 0.829),
    ],
)
async def test_reward_signal_computation(
    quality: float, success: bool, satisfaction: Any, seconds: float, least: float, most: float
) -> None:
    with optimizer() as subject:
        reward = await subject.record_routing_experience(
            query="test query",
            entities=[],
            relationships=[],
            enhanced_query="test query",
            chosen_agent=VIDEO,
            routing_confidence=0.9,
            search_quality=quality,
            agent_success=success,
            user_satisfaction=satisfaction,
            processing_time=seconds,
        )
    assert least < reward < most


async def test_a_propensity_that_nobody_gave_is_not_made_up() -> None:
    sink = Sink()
    with AdvancedRoutingOptimizer(publisher=sink, clock=Clock()) as subject:
        await subject.record_routing_experience(**MARIE)
        await subject.record_routing_experience(
            **MARIE, metadata={"candidates": [VIDEO, "b"], "propensity": 0.25}
        )
        shares = {VIDEO: 0.7, "b": 0.3}
        await subject.record_routing_experience(**MARIE, metadata={"probabilities": shares, "batch": "nightly"})
    plain, given, drawn = sink.decisions
    assert (plain.propensity, plain.probabilities, plain.candidate_agents) == (None, None, AGENTS)
    assert (given.propensity, given.candidate_agents) == (0.25, (VIDEO, "b"))
    assert (drawn.propensity, drawn.probabilities) == (0.7, (0.7, 0.3))
    assert drawn.attributes == {"batch": "nightly"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"search_quality": 1.2}, "search_quality"),
        ({"routing_confidence": -0.1}, "confidence"),
        ({"processing_time": -1.0}, "processing_time_s"),
        ({"entities": [{"label": "person"}]}, r"entities\[0\]"),
        ({"metadata": {"candidates": ["b"]}}, "chosen_agent"),
        ({"metadata": {"decision_id": ""}}, "decision_id"),
        ({"query": None}, "^query: .*None"),
        ({"enhanced_query": 3}, "^enhanced_query: .*3"),
    ],
)
async def test_bad_input_is_named_and_counts_for_nothing(changes: Any, words: str) -> None:
    with optimizer() as subject:
        with pytest.raises(InvalidEvent, match=words):
            await subject.record_routing_experience(**{**MARIE, **changes})
        assert subject.get_optimization_status()["total_experiences"] == 0


def test_multi_stage_optimizer_selection() -> None:
    with optimizer(optimizer_strategy="adaptive") as subject:
        for examples, primary in (
            (15, "bootstrap"),
            (25, "bootstrap"),
            (60, "simba"),
            (120, "mipro"),
            (250, "gepa"),
        ):
            info = subject.advanced_optimizer.get_optimization_info(examples)
            assert info["primary_optimizer"] == primary
            assert info == subject.get_optimization_info(examples)
        assert len(info["applicable_optimizers"]) == 4
    with optimizer(simba_threshold=10, optimizer_strategy="adaptive") as subject:
        assert subject.get_optimization_info(15)["primary_optimizer"] == "simba"
    with optimizer(force_optimizer="gepa") as subject:
        assert subject.get_optimization_info(15)["primary_optimizer"] == "gepa"


def test_a_fresh_one_is_not_ready() -> None:
    with optimizer() as subject:
        status = subject.get_optimization_status()
    assert (status["optimizer_ready"], status["total_experiences"], status["training_step"]) == (False, 0, 0)
    assert status["current_epsilon"] == 0.1
    assert status["config"] == {
        "learning_rate": 0.001,
        "batch_size": 32,
        "experience_replay_size": 1000,
        "min_experiences_for_training": 50,
    }


@pytest.mark.parametrize(
    ("query", "agent"), [("Find video about machine learning", VIDEO), ("Give me a summary of it", AGENTS[1])]
)
async def test_the_rules_are_the_baseline(query: str, agent: str) -> None:
    with optimizer() as subject:
        found = await subject.get_routing_recommendations(query, [], [])
    assert (found["recommended_agent"], found["optimization_ready"]) == (agent, False)


async def test_grpo_optimization_step() -> None:
    clock = Clock()
    with optimizer(clock=clock) as subject:
        assert await subject.run_optimization_step() is None
        right = await live(subject, clock, 420)
        status = subject.get_optimization_status()
        found = [await subject.get_routing_recommendations(kind.format("chess")) for kind in KINDS]
        champion = subject._source.in_force.champion
    assert status["optimizer_ready"]
    assert status["training_step"] == champion.manifest.lineage.promotions >= 1
    assert champion.manifest.kind == "softmax"
    assert status["current_epsilon"] == pytest.approx(0.1 * 0.995 ** status["training_step"])
    assert [one["recommended_agent"] for one in found] == list(AGENTS)
    assert {one["source"] for one in found} == {"policy"}
    assert {one["experiences_count"] for one in found} == {420}
    assert sum(right[-100:]) > 75 > 2 * sum(right[:60])


async def test_confidence_calibration() -> None:
    clock = Clock()
    with optimizer(clock=clock, min_experiences_for_training=400) as subject:
        await live(subject, clock, 660)
        champion = subject._source.in_force.champion
        found = await subject.get_routing_recommendations("find a film about jazz")
        status = subject.get_optimization_status()
    calibration = champion.manifest.calibration
    assert calibration is not None
    assert calibration.ece_after <= calibration.ece_before
    # Right choices earn .9 less the penalty for a second.
    assert found["confidence"] == pytest.approx(0.9, abs=0.12)
    assert status["metrics"]["confidence_accuracy"] > 0.0


def test_exploration_decays_with_promotions_down_to_its_floor() -> None:
    with optimizer() as subject:
        configuration = TrainingConfiguration.from_dict(subject._sink.stream.partition.policies.configuration)
    assert configuration.epsilon_after(22) == pytest.approx(0.089559, abs=1e-6)
    assert configuration.epsilon_after(1000) == 0.05


async def test_a_failed_training_is_no_policy() -> None:
    clock = Clock()
    with optimizer(clock=clock) as subject:
        await live(subject, clock, 40, step_every=1000)
        log = subject._sink.stream.experiences
        log._values[0] = log._values[1]
        result = await subject.run_optimization_step()
        assert (result.verdict, result.reason) == ("failed", "error")
        assert not subject.get_optimization_status()["optimizer_ready"]


async def test_the_metrics_are_those_of_what_was_recorded() -> None:
    with optimizer() as subject:
        for number in range(120):
            good = number >= 100
            await subject.record_routing_experience(
                "q", [], [], "q", VIDEO, 0.9 if good else 0.3, float(good), good, user_satisfaction=float(good)
            )
        metrics = subject.get_optimization_status()["metrics"]
    assert metrics["total_experiences"] == 120
    assert (metrics["successful_routes"], metrics["failed_routes"]) == (20, 100)
    assert metrics["success_rate"] == metrics["avg_reward"] == pytest.approx(0.167)
    assert metrics["agent_preferences"] == {VIDEO: 0.167}
    assert metrics["confidence_accuracy"] == 1.0
    assert metrics["improvement_rate"] == pytest.approx(0.2)
    assert metrics["last_updated"] == START.timestamp()


async def test_an_outcome_finds_the_decision_that_its_metadata_names() -> None:
    sink, clock = Sink(), Clock()
    with AdvancedRoutingOptimizer(publisher=sink, seed=1, clock=clock) as subject:
        made = await subject.optimize_routing_decision(
            "find a video", [], [], "video", {"recommended_agent": VIDEO}
        )
        reward = await subject.record_routing_experience(**MARIE, metadata={"decision_id": made["decision_id"]})
        status = subject.get_optimization_status()
    assert [decision.decision_id for decision in sink.decisions] == [made["decision_id"]]
    assert [(o.decision_id, o.search_quality) for o in sink.outcomes] == [(made["decision_id"], 0.92)]
    assert round(reward, 3) == 0.923
    assert (status["total_experiences"], status["optimizer_ready"]) == (1, False)


async def test_an_unknown_decision_is_told_once_and_its_experience_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with optimizer() as subject:
        for name in ("x", "y", "x"):
            await subject.record_routing_experience(**MARIE, metadata={"decision_id": name})
        stored = [decode(Experience, data) for data in subject._sink.stream.experiences.newest(9)]
    assert [(one.decision_id, one.decision.propensity) for one in stored] == [("x", None), ("y", None)]
    assert [record.args[0] for record in caplog.records] == ["x"]
    sink = Sink()
    with AdvancedRoutingOptimizer(publisher=sink, clock=Clock()) as subject:
        await subject.record_routing_experience(**MARIE, metadata={"decision_id": "z"})
    # The service may know it.
    assert ([one.decision_id for one in sink.outcomes], sink.decisions) == (["z"], [])
    assert "the service may know it" in caplog.text


@pytest.mark.parametrize("stored", [False, True])
async def test_a_closed_one_says_so(tmp_path: Path, stored: bool) -> None:
    subject = optimizer(tmp_path if stored else None)
    subject.close()
    subject.close()
    calls = [
        lambda: subject.record_routing_experience(**MARIE),
        lambda: subject.get_routing_recommendations("q"),
        lambda: subject.optimize_routing_decision("q", [], [], None, None),
        subject.run_optimization_step,
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="this optimizer is closed"):
            await call()
    for method in (subject.save_checkpoint, subject.load_checkpoint, subject.reset):
        with pytest.raises(ConfigurationError, match="this optimizer is closed"):
            method()
    assert subject.get_optimization_status()["total_experiences"] == 0


async def test_a_step_trains_on_what_came_during_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    began, ends, trained = [], threading.Event(), LocalLoop._job

    def held(self: LocalLoop, trigger: OptimizationTrigger) -> Any:
        began.append((trigger.trigger_id, trigger.ranges[0].end))
        assert ends.wait(30)
        return trained(self, trigger)

    monkeypatch.setattr(LocalLoop, "_job", held)
    clock = Clock()
    with optimizer(clock=clock) as subject:
        await live(subject, clock, 300, step_every=1000)
        step = asyncio.create_task(subject.run_optimization_step())
        await asyncio.sleep(0)
        ends.set()
        result = await step
    assert result is not None
    assert began[0][1] < 300
    assert (result.trigger_id, 300) == began[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source": object()}, "without a publisher"),
        ({"publisher": Sink(), "storage_dir": "x"}, "storage_dir"),
        ({"tenant_id": "../other"}, "tenant_id"),
        ({"candidates": []}, "candidates"),
        ({"candidates": ["a", "b", "a"]}, "candidates: each agent once"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        AdvancedRoutingOptimizer(AdvancedOptimizerConfig(), **arguments)


async def test_with_a_publisher_the_service_learns() -> None:
    with AdvancedRoutingOptimizer(publisher=Sink(), clock=Clock()) as subject:
        for method in (subject.save_checkpoint, subject.load_checkpoint, subject.reset):
            with pytest.raises(ConfigurationError, match="with a publisher"):
                method()
        with pytest.raises(ConfigurationError, match="run_optimization_step"):
            await subject.run_optimization_step()
        for _ in range(500):
            await subject.record_routing_experience(**MARIE)
        # For the metrics alone nothing that grows is kept.
        stream = subject._sink.stream
        assert len(stream.experiences) <= 1200
        assert changes(stream.partition)
