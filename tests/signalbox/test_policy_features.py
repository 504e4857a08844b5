"""Features: the same vector in every process, blocks of norm 1, nothing that breaks it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.events import Entity, Relationship
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Featurizer

SNIPPET = """
from signalbox.policy import *
rows, values = Featurizer(FeatureConfiguration()).vector(DecisionFeatures("Größe der Nadel?", modality="image"))
print(rows.tolist(), values.tolist())
"""


def vector(
    query: str, entities: Sequence[Entity] = (), modality: str = "text", **configuration: int
) -> tuple[Any, Any]:
    return Featurizer(FeatureConfiguration(**configuration)).vector(DecisionFeatures(query, entities, modality))


@pytest.mark.parametrize("seed", ["0", "12345"])
def test_another_process_makes_the_same_vector(seed: Any) -> None:
    root = Path(__file__).parents[2]
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
    output = subprocess.run(
        [sys.executable, "-c", SNIPPET], env=environment, cwd=root, capture_output=True, text=True, check=True
    ).stdout
    rows, values = vector("Größe der Nadel?", modality="image")
    assert output.strip() == f"{rows.tolist()} {values.tolist()}"


@settings(deadline=None)
@given(
    st.text(max_size=300), st.lists(st.builds(Entity, st.text(max_size=20), st.text(max_size=9)), max_size=4)
)
def test_any_text_gives_a_vector_with_blocks_of_norm_one(query: str, entities: Sequence[Entity]) -> None:
    rows, values = vector(query, entities, bits=12)
    assert len(rows) == len(values) >= 1
    assert rows.min() >= 0
    assert rows.max() < 1 << 12
    blocks = float((values.astype(np.float64) ** 2).sum())
    assert blocks == pytest.approx(round(blocks), abs=1e-4)


def test_what_differs_differs_in_its_rows() -> None:
    plain = set(vector("play jazz")[0].tolist())
    assert plain != set(vector("jazz play")[0].tolist())
    assert plain != set(vector("play jazz", modality="audio")[0].tolist())
    assert plain < set(vector("play jazz", (Entity("jazz", "genre"),))[0].tolist())


def test_case_and_punctuation_do_not_matter() -> None:
    assert vector("Play, JAZZ!")[0].tolist() == vector("play jazz")[0].tolist()


def test_a_cached_word_gives_the_same_rows() -> None:
    featurizer = Featurizer(FeatureConfiguration())
    first, second = (featurizer.vector(DecisionFeatures("the moon the moon")) for _ in range(2))
    assert first[0].tolist() == second[0].tolist()
    assert first[1].tolist() == second[1].tolist()


def test_policies_of_one_configuration_share_words_and_a_query_s_vector() -> None:
    one, other = (Featurizer.shared(FeatureConfiguration(bits=10)) for _ in range(2))
    query = DecisionFeatures("the moon")
    assert one is other is not Featurizer.shared(FeatureConfiguration(bits=11))
    assert one.vector(query) is other.vector(query)
    assert one.vector(DecisionFeatures("the sun"))[0].tolist() != one.vector(query)[0].tolist()


def test_a_full_cache_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox.policy.features._CACHED_WORDS", 3)
    featurizer = Featurizer(FeatureConfiguration())
    query = DecisionFeatures("one two three four five six seven")
    assert featurizer.vector(query)[0].tolist() == featurizer.vector(query)[0].tolist()


def test_words_beyond_the_limit_are_not_read() -> None:
    assert vector("one two three", max_words=2)[0].tolist() == vector("one two", max_words=2)[0].tolist()


def test_what_an_analysis_said_is_a_block_of_its_own() -> None:
    featurizer = Featurizer(FeatureConfiguration())

    def rows_of(analysis: dict[str, str] | None) -> list[int]:
        rows, values = featurizer.vector(DecisionFeatures("play jazz", query_analysis=analysis))
        assert (values.astype(np.float64) ** 2).sum() == pytest.approx(3.0 + bool(analysis))
        return list(rows.tolist())

    plain = rows_of(None)
    said = rows_of({"intent": "Search", "complexity": "simple"})
    assert rows_of({}) == plain
    assert said[: len(plain)] == plain
    assert said == rows_of({"complexity": "simple", "intent": "search"})
    assert set(said) - set(plain) != set(rows_of({"intent": "simple", "complexity": "search"})) - set(plain)


def test_relationships_and_the_enhanced_query_are_no_features() -> None:
    featurizer = Featurizer(FeatureConfiguration())
    more = DecisionFeatures("jazz", relationships=(Relationship(relation="is"),), enhanced_query="jazz music")
    assert featurizer.vector(more)[0].tolist() == featurizer.vector(DecisionFeatures("jazz"))[0].tolist()
