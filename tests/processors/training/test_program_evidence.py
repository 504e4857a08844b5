"""A language model is asked about the decisions that tell most."""

from msgspec import structs

from processors.training.program_evidence import most_telling
from signalbox.events import Experience
from tests.models.logs import log


def drawn(item: Experience, surest: float) -> Experience:
    agents = item.decision.candidate_agents
    rest = (1.0 - surest) / (len(agents) - 1)
    probabilities = tuple(surest if agent == item.decision.chosen_agent else rest for agent in agents)
    decision = structs.replace(item.decision, probabilities=probabilities, propensity=surest)
    return structs.replace(item, decision=decision, propensity=surest)


def test_wide_draws_come_before_newer_ones_that_were_sure() -> None:
    items = log(12)
    wide, sure = [drawn(item, 0.4) for item in items[:6]], [drawn(item, 0.99) for item in items[6:]]
    assert most_telling([*wide, *sure], 6) == wide
    assert most_telling([*wide, *sure], 8) == [*wide, *sure[-2:]]
    assert most_telling([*wide, *sure], 4) == wide[-4:]


def test_what_carries_no_probabilities_is_no_evidence() -> None:
    first, second, third = log(3)
    without = structs.replace(first, decision=structs.replace(first.decision, probabilities=None))
    unknown = structs.replace(second, propensity=None)
    assert most_telling([without, unknown, third], 10) == [third]
