"""Seeded histories of trainings whose truth is known, for the tests of models/meta."""

import numpy as np
from hypothesis import strategies as st

from models.meta import ModelingContext, QueryModality, TrainingStrategy

VIDEO = QueryModality.VIDEO
ratio = st.none() | st.floats(0.0, 1.0)
any_context = st.builds(
    ModelingContext,
    modality=st.sampled_from(QueryModality),
    real_sample_count=st.integers(0, 500),
    synthetic_sample_count=st.integers(0, 500),
    success_rate=ratio,
    avg_confidence=ratio,
    days_since_last_training=st.floats(0.0, 999.0),
    data_quality_score=ratio,
    feature_diversity=ratio,
)


def contexts(count: int, seed: int = 0) -> list[ModelingContext]:
    """Contexts in which the rules would train, and no floor applies."""
    rng = np.random.default_rng(seed)
    return [
        ModelingContext(
            modality=VIDEO,
            real_sample_count=int(rng.integers(50, 100)),
            synthetic_sample_count=int(rng.integers(200)),
            success_rate=float(rng.uniform(0.3, 0.8)),
            avg_confidence=float(rng.uniform(0.4, 0.9)) if rng.random() < 0.8 else None,
            days_since_last_training=float(rng.uniform(0.0, 13.0)),
            data_quality_score=float(rng.random()),
            feature_diversity=float(rng.random()),
        )
        for _ in range(count)
    ]


def improvements(given: list[ModelingContext]) -> list[float]:
    """A training pays where queries are diverse, which the rules don't know."""
    return [0.06 if (context.feature_diversity or 0.0) > 0.5 else -0.01 for context in given]


def strategies(given: list[ModelingContext]) -> list[TrainingStrategy]:
    """The classes 0 and 3 only: what pays is trained on real examples."""
    return [TrainingStrategy.PURE_REAL if gain > 0 else TrainingStrategy.SKIP for gain in improvements(given)]
