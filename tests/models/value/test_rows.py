"""Rows get places as they occur; rare ones weigh more."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.value.rows import GrowingRows

BATCHES = st.lists(st.lists(st.integers(0, 255), min_size=1, unique=True, max_size=20), min_size=1, max_size=20)


@settings(deadline=None)
@given(BATCHES)
def test_a_row_keeps_its_place_and_places_follow_each_other(batches: list[list[int]]) -> None:
    rows = GrowingRows(8)
    kept: dict[int, int] = {}
    for batch in batches:
        places = rows.places(np.array(batch))
        for row, place in zip(batch, places.tolist(), strict=True):
            assert kept.setdefault(row, place) == place
    assert sorted(kept.values()) == list(range(len(rows)))
    assert rows.rows.tolist() == sorted(kept, key=lambda row: kept[row])


def test_many_rows_grow_the_capacity() -> None:
    rows = GrowingRows(12)
    assert rows.places(np.arange(4096)).tolist() == list(range(4096))
    assert rows.capacity >= 4096


def test_vectors_have_norm_one_and_rare_rows_weigh_more() -> None:
    rows = GrowingRows(8)
    often, rarely = rows.places(np.array([7, 9]))
    for _ in range(9):
        rows.count(np.array([often]))
    rows.count(np.array([rarely]))
    vector = rows.weighted(np.array([often, rarely]), np.ones(2, np.float32))
    assert np.linalg.norm(vector.values) == pytest.approx(1.0, abs=1e-6)
    expected = ((np.log(11 / 2) + 1) / (np.log(11 / 10) + 1)) ** 1.5
    assert vector.values[1] / vector.values[0] == pytest.approx(expected, rel=1e-5)
    assert rows.unseen_idf() == pytest.approx((np.log(11) + 1) ** 1.5)
