"""Meta-models: whether to train and on which data, learned from past trainings, with rules until then."""

from models.meta.comparison import Report, Score
from models.meta.context import FEATURES, NEVER_DAYS, ModelingContext, rows_of
from models.meta.decision import TrainingDecisionModel
from models.meta.features import detected_modalities, example_features
from models.meta.history import (
    PastTraining,
    TrainingPlan,
    decision_history,
    past_trainings,
    strategy_history,
)
from models.meta.measuring import context_of
from models.meta.modality import QueryModality
from models.meta.persistence import load_decision_model, load_strategy_model, save
from models.meta.rules import must_train, rules_decide
from models.meta.strategy import (
    SampleCounts,
    TrainingStrategy,
    rules_select,
    sample_counts,
)
from models.meta.strategy_model import TrainingStrategyModel, strategy_rows

__all__ = [
    "FEATURES",
    "NEVER_DAYS",
    "ModelingContext",
    "PastTraining",
    "QueryModality",
    "Report",
    "SampleCounts",
    "Score",
    "TrainingDecisionModel",
    "TrainingPlan",
    "TrainingStrategy",
    "TrainingStrategyModel",
    "context_of",
    "decision_history",
    "detected_modalities",
    "example_features",
    "load_decision_model",
    "load_strategy_model",
    "must_train",
    "past_trainings",
    "rows_of",
    "rules_decide",
    "rules_select",
    "sample_counts",
    "save",
    "strategy_history",
    "strategy_rows",
]
