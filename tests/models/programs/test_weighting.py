"""Weights as order and repetition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.programs.weighting import by_weight, divided, resampled, validation_size
from tests.models.programs.routing_rows import row

WEIGHTS = st.lists(st.floats(0.01, 10.0), min_size=1, max_size=40)


@given(WEIGHTS, st.integers(0, 1000))
def test_each_row_comes_as_often_as_its_weight_says_to_within_one(weights: list[float], seed: int) -> None:
    rows = [row("q", "alpha", str(i), weight=weight) for i, weight in enumerate(weights)]
    found = resampled(rows, seed)
    assert found == resampled(rows, seed)
    assert len(found) == len(rows)
    for each in rows:
        assert abs(found.count(each) - len(rows) * each.weight / sum(weights)) < 1.0 + 1e-9


def test_equal_weights_leave_every_row_as_it_is() -> None:
    rows = [row("q", "alpha", str(i), weight=0.3) for i in range(41)]
    assert resampled(rows, 5) == rows


def test_the_heavier_a_row_the_earlier_it_comes() -> None:
    rows = [row("q", "alpha", str(i), weight=1.0 + 8.0 * (i == 0)) for i in range(2)]
    first = np.mean([by_weight(rows, seed)[0] is rows[0] for seed in range(2000)])
    assert first == pytest.approx(0.9, abs=0.02)
    assert by_weight([], 0) == resampled([], 0) == []


@given(st.integers(0, 200), st.integers(0, 100))
def test_every_row_is_on_one_side(count: int, seed: int) -> None:
    rows = [row("q", "alpha", str(i)) for i in range(count)]
    training, validation = divided(rows, seed)
    if count < 2:
        assert training == validation == rows
    else:
        assert sorted([*training, *validation], key=lambda each: int(each.name)) == rows
        assert len(validation) == validation_size(count)


@pytest.mark.parametrize(
    ("examples", "kept"), [(0, 0), (1, 0), (2, 1), (15, 7), (20, 10), (29, 10), (60, 20), (120, 40), (250, 40)]
)
def test_a_third_is_kept_to_choose_by_but_ten_of_few_and_forty_of_many(examples: int, kept: int) -> None:
    assert validation_size(examples) == kept
