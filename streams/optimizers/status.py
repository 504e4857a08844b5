"""The specification's status of an optimiser."""

from __future__ import annotations

from signalbox.in_force import ActivePolicy
from signalbox.recommend.optimization_status import OptimizationStatus, current_epsilon, training_step
from streams.optimizers.configuration import AdvancedOptimizerConfig
from streams.optimizers.experience_log import NEWEST
from streams.optimizers.metrics import metrics_of
from streams.optimizers.stream import LocalStream

_CONFIG = ("learning_rate", "batch_size", "experience_replay_size", "min_experiences_for_training")


def status_of(
    stream: LocalStream, tenant_id: str, champion: ActivePolicy | None, config: AdvancedOptimizerConfig
) -> OptimizationStatus:
    """The status from what went through `stream`, and from the policy in force."""
    with stream.lock:
        ledger = stream.partition.ledger
        agents = {agent: known for (key, agent), known in ledger.agents.items() if key == tenant_id}
        buffer = ledger.buffers.get(tenant_id)
        metrics = metrics_of(agents, stream.experiences.newest(NEWEST))
        kept = len(buffer) if buffer else 0
    return OptimizationStatus(
        optimizer_ready=champion is not None,
        total_experiences=metrics["total_experiences"],
        experience_replay_size=kept,
        training_step=training_step(champion),
        current_epsilon=current_epsilon(champion, config.exploration_epsilon),
        metrics=metrics,
        config={name: getattr(config, name) for name in _CONFIG},
    )
