"""Whether a routing decision was right, as a prompt program: what is shown, what may be answered."""

from models.annotation.judgement import Judgement, read_judgement
from models.annotation.module import annotation_module, inputs_of
from models.annotation.outcome import outcome_in_words
from models.annotation.signature import ANNOTATION

__all__ = [
    "ANNOTATION",
    "Judgement",
    "annotation_module",
    "inputs_of",
    "outcome_in_words",
    "read_judgement",
]
