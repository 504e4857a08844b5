"""Train a candidate: the policy as a router would run it, and its manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from models.calibration.policy import calibrate
from models.configuration import TrainingConfiguration
from models.learner import Trained, learner_for
from processors.training.answers import Deployed
from processors.training.cards import cards_digest
from processors.training.former import is_void
from processors.training.lineage import lineage_of
from processors.training.split import Split
from signalbox.events import AgentCard, Estimate, OptimizationTrigger
from signalbox.policy import Artifact, Manifest, Policy, pack


@dataclass(frozen=True)
class Candidate:
    """What came of training; `policy` knows the agents' cards."""

    policy: Policy
    manifest: Manifest
    trained: Trained

    def artifact(self, estimates: dict[str, Estimate]) -> tuple[bytes, Manifest]:
        """The bytes that go out, with what is estimated of the policy in their manifest."""
        manifest = structs.replace(self.manifest, estimates=estimates)
        return pack(Artifact(manifest, self.trained.tensors)), manifest


def train(
    trigger: OptimizationTrigger,
    parts: Split,
    champion: Deployed | None,
    configuration: TrainingConfiguration,
    cards: Sequence[bytes],
    agents: Sequence[AgentCard],
    former: Deployed | None = None,
) -> Candidate:
    """A candidate from what training may see; `agents` are the decoded `cards`.

    After a change of the rewards training starts without a champion from before it, whose knowledge of agents
    holds no more; `former` is the one whose knowledge of queries does. Raises `NothingToLearn`, or
    `ArtifactError` for tensors that no router can run.
    """
    start = champion.policy if champion and not is_void(champion.policy.manifest, trigger) else None
    trained = learner_for(configuration).fit(
        parts.training, start, configuration, agents, former.policy if former else None, parts.weights
    )
    manifest = structs.replace(
        manifest_of(trigger, champion, configuration, trained, former), cards_digest=cards_digest(cards)
    )
    # Through its bytes, so that the gate judges what a router will run, stored precision included.
    policy = Policy.load(pack(Artifact(manifest, trained.tensors)))
    policy = policy.with_cards(agents) if agents else policy
    manifest = structs.replace(manifest, calibration=calibrate(policy, parts.held_out))
    return Candidate(policy, manifest, trained)


def manifest_of(
    trigger: OptimizationTrigger,
    champion: Deployed | None,
    configuration: TrainingConfiguration,
    trained: Trained,
    former: Deployed | None = None,
) -> Manifest:
    """What a policy with these tensors says of itself, before it is calibrated and judged."""
    promotions = 1 + (champion.policy.manifest.lineage.promotions if champion else 0)
    return Manifest(
        kind=trained.kind,
        tenant_id=trigger.tenant_id,
        scope=trigger.scope,
        agents=trained.agents,
        epsilon=configuration.epsilon_after(promotions),
        exploration=configuration.exploration if trained.kind == "value" else "epsilon_greedy",
        gamma=configuration.gamma_after(trained.samples),
        costs=trained.costs,
        cost_weight=configuration.cost_weight,
        features=configuration.features,
        lineage=lineage_of(
            trigger,
            configuration,
            samples=trained.samples,
            promotions=promotions,
            former_digest=former.digest if former else None,
        ),
    )
