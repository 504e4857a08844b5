"""What a context holds, what it refuses, and what experiences make of it (scenario group 12)."""

import math
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from models.meta import (
    FEATURES,
    NEVER_DAYS,
    ModelingContext,
    QueryModality,
    context_of,
    detected_modalities,
    example_features,
    rows_of,
)
from signalbox.events import Experience, RoutingDecision, Signals
from tests.models.logs import START, experience

AGENTS = ("alpha", "beta", "gamma", "delta", "epsilon")
DAY = timedelta(days=1)


def example(
    query: str = "find the video",
    agent: str = "alpha",
    confidence: float | None = None,
    reward: float = 0.5,
    modality: Any = "video",
    **outcome: Any,
) -> Experience:
    decision = RoutingDecision(
        tenant_id="acme",
        occurred_at=START,
        decision_id=f"{query}/{agent}",
        query=query,
        candidate_agents=AGENTS,
        chosen_agent=agent,
        confidence=confidence,
        modality=modality,
    )
    return structs.replace(experience(decision, reward), outcome=Signals(**outcome))


def test_what_is_left_out_has_a_default() -> None:
    context = ModelingContext(
        modality=QueryModality.VIDEO, real_sample_count=100, success_rate=0.85, days_since_last_training=30
    )
    assert context.modality is QueryModality.VIDEO
    assert (context.synthetic_sample_count, context.avg_confidence) == (0, None)
    assert (context.data_quality_score, context.feature_diversity) == (0.8, 0.7)
    assert ModelingContext().days_since_last_training == NEVER_DAYS == 999
    assert msgspec.json.decode(msgspec.json.encode(context), type=ModelingContext) == context
    by_name: Any = "video"
    assert ModelingContext(modality=by_name).modality is QueryModality.VIDEO


def test_performance_is_mostly_success() -> None:
    known = ModelingContext(success_rate=0.8, avg_confidence=0.6)
    assert known.current_performance_score == pytest.approx(0.74)
    assert ModelingContext(success_rate=0.8).current_performance_score is None
    given_score = ModelingContext(success_rate=0.8, avg_confidence=0.6, current_performance_score=0.1)
    assert given_score.current_performance_score == 0.1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("real_sample_count", -1),
        ("real_sample_count", 1.5),
        ("synthetic_sample_count", None),
        ("synthetic_sample_count", math.nan),
        ("success_rate", 1.01),
        ("avg_confidence", -0.1),
        ("data_quality_score", math.inf),
        ("feature_diversity", "high"),
        ("feature_diversity", True),
        ("days_since_last_training", -1),
        ("days_since_last_training", math.inf),
        ("days_since_last_training", math.nan),
        ("real_sample_count", 10**400),
        ("modality", "smell"),
    ],
)
def test_what_cannot_be_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"ModelingContext\.{field}: "):
        ModelingContext(**{field: value})


def test_unknown_is_missing_in_a_row() -> None:
    rows = rows_of(
        [ModelingContext(success_rate=math.nan), ModelingContext(success_rate=0.5, avg_confidence=1)]
    )
    assert rows.shape == (2, 8) == (2, len(FEATURES))
    assert math.isnan(rows[0, 2])
    assert rows[1].tolist() == pytest.approx([0, 0, 0.5, 1, 999, 0.65, 0.8, 0.7])
    assert rows_of([]).shape == (0, 8)


def test_three_examples() -> None:
    log = [
        example("q one", "alpha", 0.9, agent_success=True),
        example("q two", "beta", 0.85, agent_success=True),
        example("q three", "gamma", 0.7, agent_success=False),
    ]
    context = context_of(log, None, START, modality=QueryModality.VIDEO)
    assert context.real_sample_count == 3
    assert context.success_rate == pytest.approx(2 / 3)
    assert context.avg_confidence == pytest.approx(0.8167, abs=1e-4)
    assert context.days_since_last_training == 999
    assert context.feature_diversity == pytest.approx(0.9)


def test_one_full_example() -> None:
    full = example("find the video", confidence=0.9, result_count=4)
    assert len(example_features(full)) > 5
    assert context_of([full], None, START).data_quality_score == pytest.approx(0.7)
    bare = example("find it")
    assert context_of([bare], None, START).data_quality_score == 0.0
    assert context_of([bare], None, START).avg_confidence is None


@pytest.mark.parametrize(
    ("trained", "days"), [(START - 2.5 * DAY, 2.5), (START + DAY, 0.0), (START - 2000 * DAY, 999.0)]
)
def test_days_are_of_event_time(trained: Any, days: float) -> None:
    context = context_of([], trained, START, synthetic=7)
    assert context.days_since_last_training == days
    assert (context.real_sample_count, context.synthetic_sample_count) == (0, 7)
    assert (context.success_rate, context.data_quality_score, context.feature_diversity) == (None, 0.8, 0.7)


@pytest.mark.parametrize(
    ("item", "success"),
    [
        (example(agent_success=True, reward=0.1), 1.0),
        (example(agent_success=True, error_class="Timeout"), 0.0),
        (example(agent_success=False, reward=0.9), 0.0),
        (example(reward=0.6), 1.0),
        (example(reward=0.59), 0.0),
    ],
)
def test_success_is_told_or_else_the_reward(item: Experience, success: float) -> None:
    assert context_of([item], None, START).success_rate == success


@given(st.permutations(range(12)))
def test_order_says_nothing(order: list[int]) -> None:
    log = [
        example(f"query {i % 7}", AGENTS[i % 5], confidence=(i * 0.37) % 1.0, reward=(i * 0.61) % 1.0)
        for i in range(12)
    ]
    assert context_of([log[i] for i in order], None, START) == context_of(log, None, START)


def test_features_of_a_query() -> None:
    features = example_features(
        example("When does Tesla appear in the clip?", confidence=0.8, result_count=3, agent_success=True)
    )
    assert features == {
        "video_keywords": ["clip"],
        "has_video": True,
        "temporal_keywords": ["when"],
        "has_temporal": True,
        "query_length": 7,
        "has_question": True,
        "has_specific_entity": True,
        "detected_modalities": ["video"],
        "routing_confidence": 0.8,
        "result_count": 3,
    }
    # "History" holds no "his", and a query's first word is always capitalised.
    plain = example_features(example("History lesson", modality="text"))
    assert plain == {
        "query_length": 2,
        "has_question": False,
        "has_specific_entity": False,
        "detected_modalities": ["text"],
    }
    other = example_features(example("compare the chart with the song", modality="image"), QueryModality.AUDIO)
    assert other["music_keywords"] == ["song"]
    assert "has_diagram" not in other


@pytest.mark.parametrize(
    ("query", "modality", "found"),
    [
        ("a photo and a video", "mixed", ["video", "image"]),
        ("nothing of the kind", "mixed", ["text"]),
        ("a photo and a video", "document", ["document", "video", "image"]),
        ("", "audio", ["audio"]),
    ],
)
def test_the_primary_modality_comes_first(query: str, modality: str, found: list[str]) -> None:
    assert list(detected_modalities(example(query, modality=modality).decision)) == found
