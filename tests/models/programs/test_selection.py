"""The optimiser follows from the number of examples, or from who forces it (predecessor, group 3)."""

import msgspec
import pytest

from models.programs import ProgramConfiguration, get_optimization_info
from models.programs.selection import simpler_than, stages_of
from signalbox.errors import ConfigurationError


@pytest.mark.parametrize(
    ("examples", "primary", "applicable", "stages"),
    [
        (0, "bootstrap", 0, ["bootstrap"]),
        (15, "bootstrap", 0, ["bootstrap"]),
        (25, "bootstrap", 1, ["bootstrap"]),
        (49, "bootstrap", 1, ["bootstrap"]),
        (50, "simba", 2, ["bootstrap", "simba"]),
        (60, "simba", 2, ["bootstrap", "simba"]),
        (120, "mipro", 3, ["bootstrap", "mipro"]),
        (199, "mipro", 3, ["bootstrap", "mipro"]),
        (210, "gepa", 4, ["bootstrap", "mipro", "gepa"]),
        (250, "gepa", 4, ["bootstrap", "mipro", "gepa"]),
    ],
)
def test_the_size_of_the_training_set_chooses(
    examples: int, primary: str, applicable: int, stages: list[str]
) -> None:
    info = get_optimization_info(examples)
    named = [("bootstrap", 20), ("simba", 50), ("mipro", 100), ("gepa", 200)]
    assert info == {
        "dataset_size": examples,
        "applicable_optimizers": named[:applicable],
        "primary_optimizer": primary,
        "optimization_stages": stages,
    }
    alone = get_optimization_info(examples, ProgramConfiguration(enable_multi_stage=False))
    assert alone == {**info, "optimization_stages": [primary]}


def test_a_strategy_is_taken_whatever_the_size_and_force_comes_first() -> None:
    named = ProgramConfiguration(optimizer_strategy="gepa")
    assert stages_of(20, named) == ("bootstrap", "gepa")
    assert stages_of(500, msgspec.structs.replace(named, force_optimizer="simba")) == ("bootstrap", "simba")
    assert stages_of(60, ProgramConfiguration(gepa_threshold=60))[-1] == "gepa"


@pytest.mark.parametrize(
    "content",
    [
        {"optimizer_strategy": "copro"},
        {"force_optimizer": "adaptive"},
        {"simba_threshold": 0},
        {"min_confidence": 1.5},
        {"unknown": 1},
    ],
)
def test_what_is_no_configuration_is_an_error_that_names_it(content: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(content))):
        ProgramConfiguration.from_dict(content)


def test_a_configuration_comes_back_from_plain_json_with_the_specifications_defaults() -> None:
    configuration = ProgramConfiguration()
    assert ProgramConfiguration.from_dict(configuration.to_dict()) == configuration
    assert (configuration.optimizer_strategy, configuration.force_optimizer) == ("adaptive", None)
    assert configuration.enable_multi_stage
    assert (configuration.min_confidence, configuration.min_quality) == (0.7, 0.6)


def test_each_optimiser_gives_way_to_the_one_before() -> None:
    assert [simpler_than(name) for name in ("gepa", "mipro", "simba", "bootstrap")] == [
        "mipro",
        "simba",
        "bootstrap",
        None,
    ]
