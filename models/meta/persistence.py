"""Meta-models as bytes and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from models.meta.classifier import Classifier
from models.meta.context import FEATURES
from models.meta.decision import TrainingDecisionModel
from models.meta.envelope import SavedModel, pack, unpack
from models.meta.strategy import TrainingStrategy
from models.meta.strategy_model import STRATEGY_FEATURES, TrainingStrategyModel
from signalbox.errors import ArtifactError


def save(model: TrainingDecisionModel | TrainingStrategyModel) -> bytes:
    """The model as bytes, the same ones for the same model."""
    if isinstance(model, TrainingDecisionModel):
        return _save_classifier("training_decision", FEATURES, model.classifier, {"gain": model.gain})
    return _save_classifier("training_strategy", STRATEGY_FEATURES, model.classifier)


def load_decision_model(data: bytes) -> TrainingDecisionModel:
    """The model that `save` wrote; raises `ArtifactError` where `data` is none that this code can run."""
    saved, classifier = _load_classifier(data, "training_decision", FEATURES, labels=2)
    if saved.numbers.keys() != {"gain"}:
        raise ArtifactError(f"meta-model: numbers {saved.numbers}, not the gain alone")
    return TrainingDecisionModel(classifier, saved.numbers["gain"])


def load_strategy_model(data: bytes) -> TrainingStrategyModel:
    """The model that `save` wrote; raises `ArtifactError` where `data` is none that this code can run."""
    labels = len(TrainingStrategy)
    return TrainingStrategyModel(_load_classifier(data, "training_strategy", STRATEGY_FEATURES, labels)[1])


def _save_classifier(
    kind: str,
    features: Sequence[str],
    classifier: Classifier | None,
    numbers: Mapping[str, float] = MappingProxyType({}),
) -> bytes:
    if classifier is None:
        return pack(kind, features, None, numbers=numbers)
    return pack(kind, features, classifier.booster, classifier.classes, numbers)


def _load_classifier(
    data: bytes, kind: str, features: Sequence[str], labels: int
) -> tuple[SavedModel, Classifier | None]:
    saved, booster = unpack(data, kind, features)
    if booster is None:
        return saved, None
    classifier, classes = Classifier(saved.classes, booster), saved.classes
    if len(classes) < 2 or list(classes) != sorted(set(classes) & set(range(labels))):
        raise ArtifactError(f"meta-model: {classes} are no ascending classes of {labels}")
    found = classifier.probabilities(np.zeros((1, len(features)), np.float32)).shape[1]
    if found != len(classes):
        raise ArtifactError(f"meta-model: {found} probabilities for the classes {classes}")
    return saved, classifier
