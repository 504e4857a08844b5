"""What the improvement must exceed."""

import pytest

from models.threshold import Threshold, ThresholdKind


@pytest.mark.parametrize(
    ("kind", "needed"), [("relative", 0.045), ("absolute", 0.05), ("zero", 0.0), ("no_harm", -0.05)]
)
def test_each_kind(kind: ThresholdKind, needed: float) -> None:
    assert Threshold(kind=kind, value=0.05).above(0.9) == pytest.approx(needed)


def test_the_default_is_the_specifications() -> None:
    assert Threshold().above(1.0) == 0.05
