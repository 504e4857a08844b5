"""What came of a decision, in words."""

from __future__ import annotations

from signalbox.events import AnnotationRequest, Signals

_POOR, _GOOD = 0.4, 0.6
NOTHING = "Nothing is known."


def outcome_in_words(request: AnnotationRequest) -> str:
    """Sentences on what was measured, each with its number; a verdict in words where it is clear.

    A share of at most 0.4 is poor, one of 0.6 or more good. Signs that say the opposite of each other are
    called contradictory. The reward is told only where nothing else is: it is made of the rest.
    """
    signals = request.outcome or Signals()
    signs = [*_signs(signals)]
    if not signs and request.reward is not None:
        signs = [_graded("The reward was", request.reward, "poor", "middling", "good")]
    directions = {direction for _, direction in signs} - {0}
    found = [text for text, _ in signs]
    if len(directions) > 1:
        found.append("These signs are contradictory.")
    return " ".join([*found, *_measures(signals)]) or NOTHING


def _signs(signals: Signals) -> list[tuple[str, int]]:
    """Sentences with what they say of the choice: 1 for it, -1 against it, 0 neither."""
    found: list[tuple[str, int]] = []
    if signals.error_class:
        found.append((f"The agent failed with the error {' '.join(signals.error_class.split())[:200]}.", -1))
    elif signals.agent_success is not None:
        found.append(("The agent succeeded.", 1) if signals.agent_success else ("The agent failed.", -1))
    if signals.search_quality is not None:
        found.append(_graded("The quality was", signals.search_quality, "poor", "middling", "good"))
    if signals.user_satisfaction is not None:
        words = "dissatisfied", "undecided", "satisfied"
        found.append(_graded("The user was", signals.user_satisfaction, *words))
    return found


def _graded(what: str, share: float, poor: str, middling: str, good: str) -> tuple[str, int]:
    word, direction = (poor, -1) if share <= _POOR else (good, 1) if share >= _GOOD else (middling, 0)
    return f"{what} {word} ({share:.2f}).", direction


def _measures(signals: Signals) -> list[str]:
    found = []
    if signals.result_count is not None:
        found.append(f"{signals.result_count} results came back.")
    if signals.processing_time_s is not None:
        found.append(f"It took {signals.processing_time_s:.3g} s.")
    return found
