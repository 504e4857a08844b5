"""Words that tell of a modality."""

from __future__ import annotations

from models.meta.modality import QueryModality

_GROUPS = {
    QueryModality.VIDEO: {
        "video": "video videos clip clips footage film films movie movies",
        "visual": "watch see show look visual visuals appears",
        "temporal": "when moment moments minute minutes second seconds scene scenes before after during",
        "action": "tutorial tutorials demo demonstrate demonstration happens doing steps",
    },
    QueryModality.IMAGE: {
        "image": "image images picture pictures photo photos photograph photographs screenshot screenshots",
        "diagram": "diagram diagrams chart charts graph graphs map maps plot plots illustration illustrations",
        "appearance": "color colors colour colours looks style shape pattern",
    },
    QueryModality.AUDIO: {
        "audio": "audio podcast podcasts recording recordings",
        "sound": "listen hear sound sounds noise",
        "speech": "speech interview interviews voice voices said lecture lectures",
        "music": "music song songs melody album albums",
    },
    QueryModality.DOCUMENT: {
        "document": "document documents pdf pdfs paper papers report reports article articles",
        "research": "research study studies thesis survey citation citations journal",
        "structure": "section sections chapter chapters page pages table tables appendix",
    },
    QueryModality.TEXT: {
        "text": "text texts passage passages paragraph paragraphs sentence sentences quote quotes",
        "explanation": "explain describe define definition meaning mean means",
        "comparison": "compare comparison difference differences versus vs between",
    },
}

KEYWORDS: dict[QueryModality, dict[str, frozenset[str]]] = {
    modality: {group: frozenset(words.split()) for group, words in groups.items()}
    for modality, groups in _GROUPS.items()
}
"""Whole words, in lower case, by modality and group."""

MEDIA: dict[QueryModality, frozenset[str]] = {
    modality: groups[modality.value] for modality, groups in KEYWORDS.items()
}
"""The words that name a modality's medium itself."""

QUESTIONS = frozenset(
    "what who where when why how which whose is are was were do does did can could should".split()  # noqa: SIM905
)
"""Words that a question begins with."""
