"""The modalities that are trained each for itself."""

from __future__ import annotations

from enum import StrEnum


class QueryModality(StrEnum):
    """A query's medium, equal to the `modality` of its decision.

    "mixed" is none: such a query belongs to the modalities that it mixes, the first of which is its primary
    one. The order is that of priority.
    """

    VIDEO = "video"
    IMAGE = "image"
    AUDIO = "audio"
    DOCUMENT = "document"
    TEXT = "text"
