"""Labels: what each is worth, whose counts, and how far an annotator is to be trusted."""

from models.labels.agreement import Agreement, trust_of
from models.labels.choice import Verdict, newest_annotations, verdict_of
from models.labels.meaning import LABELS, is_known, label_signals

__all__ = [
    "LABELS",
    "Agreement",
    "Verdict",
    "is_known",
    "label_signals",
    "newest_annotations",
    "trust_of",
    "verdict_of",
]
