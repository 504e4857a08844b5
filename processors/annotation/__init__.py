"""Which decisions deserve a label, who gives it, and what is still waiting for one."""

from processors.annotation.agent import AnnotationAgent, AnnotationPolicy, Selection
from processors.annotation.auto import AutoLabels, LLMAutoAnnotator
from processors.annotation.queue import Status, Waiting, ordered, status_of
from processors.annotation.storage import AnnotationStorage

__all__ = [
    "AnnotationAgent",
    "AnnotationPolicy",
    "AnnotationStorage",
    "AutoLabels",
    "LLMAutoAnnotator",
    "Selection",
    "Status",
    "Waiting",
    "ordered",
    "status_of",
]
