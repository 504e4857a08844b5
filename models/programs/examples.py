"""Experiences with their annotations, and rows of a file, as examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from models.gate import RewardModel
from models.labels import Verdict, newest_annotations, verdict_of
from models.programs.configuration import ProgramConfiguration
from models.programs.example import ProgramExample
from signalbox.events import Annotation, Experience
from signalbox.policy import DecisionFeatures
from signalbox.program import SignatureSpec, inputs_of
from signalbox.program.answers import listed

_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True)
class ExampleSet:
    """Examples, and how many experiences gave none, because they have neither propensity nor label."""

    examples: list[ProgramExample]
    without_propensity: int = 0


def examples_of(
    spec: SignatureSpec,
    experiences: Sequence[Experience],
    annotations: Iterable[Annotation],
    configuration: ProgramConfiguration,
    expected: RewardModel | None = None,
    trust: Mapping[str, float] = MappingProxyType({}),
) -> ExampleSet:
    """What a program that chooses an agent can learn from what was tried and from what people say of it.

    An annotated experience is what its annotation says: the suggested or confirmed agent is right, or the
    chosen one is wrong. Others show the right agent from the configured reward on; below, the chosen agent is
    one to avoid. Those weigh reward (or what is missing from 1) by propensity, clipped, as an importance-
    weighted estimate does; a label weighs the annotator's confidence, as it doesn't depend on what the router
    tried, times the `trust` in the annotator (1 where nothing is said of it), unless a person gave or approved
    it. `expected` tells what agents that weren't tried may be expected to earn. Raises `ValueError` for a
    program that answers more than an agent.
    """
    unknown = [name for name, output in spec.outputs.items() if output.kind not in {"agent", "confidence"}]
    if unknown:
        raise ValueError(f"{spec.name}: experiences show no {unknown[0]}; train it on rows that do")
    by_decision = newest_annotations(annotations)
    found: list[ProgramExample] = []
    skipped = 0
    for item in experiences:
        label = verdict_of(item.decision, by_decision.get(item.decision_id, ()))
        if label is not None:
            trusted = 1.0 if label.by_person else trust.get(label.annotator, 1.0)
            found.append(_labelled(spec, item, label, expected, trusted))
        elif item.propensity:
            found.append(_tried(spec, item, item.propensity, configuration, expected))
        else:
            skipped += 1
    return ExampleSet(found, skipped)


def examples_from_rows(spec: SignatureSpec, rows: Iterable[Mapping[str, Any]]) -> list[ProgramExample]:
    """Flat rows with inputs and outputs, as the specification has them; `validate` says what is wrong with one.

    Fields that the signature doesn't have are left out.
    """
    found = []
    for place, row in enumerate(rows):
        inputs = {name: row[name] for name in spec.inputs if name in row}
        text = isinstance(inputs.get(spec.candidates or ""), str)
        found.append(
            ProgramExample(
                name=f"row {place + 1}",
                inputs=inputs,
                outputs={name: row[name] for name in spec.outputs if name in row},
                candidates=listed(spec, inputs) if text else None,
            )
        )
    return found


def _labelled(
    spec: SignatureSpec, item: Experience, label: Verdict, expected: RewardModel | None, trusted: float
) -> ProgramExample:
    chosen = item.decision.chosen_agent
    known = {
        "weight": max(label.confidence * trusted, _LEAST_WEIGHT),
        "source": "annotation",
        "feedback": label.reasoning,
    }
    if label.agent is None:
        return _example(spec, item, avoided=(chosen,), **known, **_expected(item, expected))
    quality = item.reward if label.agent == chosen else 1.0
    outputs = _outputs(spec, label.agent, label.confidence)
    return _example(spec, item, outputs=outputs, confidence=label.confidence, quality=quality, **known)


def _tried(
    spec: SignatureSpec,
    item: Experience,
    propensity: float,
    configuration: ProgramConfiguration,
    expected: RewardModel | None,
) -> ProgramExample:
    chosen, reward = item.decision.chosen_agent, item.reward
    good = reward >= configuration.positive_reward
    worth = reward if good else 1.0 - reward
    weight = min(max(worth / propensity, _LEAST_WEIGHT), configuration.max_weight)
    if good:
        return _example(spec, item, outputs=_outputs(spec, chosen, reward), weight=weight, **_trust(item))
    feedback = f"{chosen} earned {reward:.2f} of 1 with this query."
    return _example(
        spec, item, avoided=(chosen,), feedback=feedback, weight=weight, **_expected(item, expected)
    )


def _trust(item: Experience) -> dict[str, float]:
    """What the specification's filter asks: the router's confidence and the search's quality, or the reward."""
    confidence, quality = item.decision.confidence, item.outcome.search_quality
    return {
        "confidence": 1.0 if confidence is None else confidence,
        "quality": item.reward if quality is None else quality,
    }


def _expected(item: Experience, model: RewardModel | None) -> dict[str, dict[str, float]]:
    if model is None:
        return {}
    agents = item.decision.candidate_agents
    rewards = model.predict(DecisionFeatures.of(item.decision), agents).clip(0.0, 1.0).tolist()
    return {"expected": dict(zip(agents, rewards, strict=True))}


def _outputs(spec: SignatureSpec, agent: str, confidence: float) -> dict[str, str]:
    values = {"agent": agent, "confidence": f"{confidence:.2f}"}
    return {name: values[output.kind] for name, output in spec.outputs.items()}


def _example(spec: SignatureSpec, item: Experience, **known: Any) -> ProgramExample:
    decision = item.decision
    content: dict[str, Any] = {"outputs": None, "source": "experience", **known}
    return ProgramExample(
        name=item.decision_id,
        inputs=inputs_of(spec, DecisionFeatures.of(decision), decision.candidate_agents),
        candidates=decision.candidate_agents,
        reward=item.reward,
        **content,
    )
