"""The answer to a trigger: a candidate screened, a trial or a canary judged, a promise checked."""

from processors.training.answer import answer
from processors.training.answers import OnTrial, TrainingAnswer
from processors.training.split import newest_revisions

__all__ = ["OnTrial", "TrainingAnswer", "answer", "newest_revisions"]
