"""The offline model: a deterministic in-context learner that stands in where no language model is configured.

It reads the examples and rules in a prompt, and answers by them. It is not a language model: it knows nothing
that the prompt doesn't say.
"""

from adapters.language_model.offline.engine import OFFLINE_MODEL, offline_lm
from adapters.language_model.offline.model import complete
from adapters.language_model.offline.reading import UnreadablePrompt

__all__ = ["OFFLINE_MODEL", "UnreadablePrompt", "complete", "offline_lm"]
