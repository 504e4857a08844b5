"""From settings to the processors' policies."""

from __future__ import annotations

from models.configuration import TrainingConfiguration
from models.programs import ProgramConfiguration
from processors.buffer import BufferPolicy
from processors.cost import CostPolicy
from processors.cycles.schedule import CyclePolicy
from processors.join_state import JoinPolicy
from processors.policies import Policies
from processors.reward import RewardPolicy
from processors.trigger import TriggerPolicy
from signalbox.version import VERSION
from streams.settings import Settings


def policies_from(settings: Settings) -> Policies:
    """What the processors are told; the same settings give the same results on the same log."""
    return Policies(
        join=JoinPolicy(
            window_s=settings.join_window_s,
            remember_s=settings.remember_decisions_s,
            default_reward=settings.default_reward if settings.without_outcome == "default" else None,
        ),
        reward=RewardPolicy(
            search_quality_weight=settings.search_quality_weight,
            agent_success_weight=settings.agent_success_weight,
            user_satisfaction_weight=settings.user_satisfaction_weight,
            time_penalty=settings.processing_time_penalty,
            time_half_s=settings.processing_time_half_s,
        ),
        cost=CostPolicy(weight=settings.cost_weight, tenant_weights=settings.tenant_cost_weights),
        buffer=BufferPolicy(
            window_s=settings.window_s, windows=settings.windows, capacity=settings.experience_replay_size
        ),
        trigger=TriggerPolicy(
            min_experiences=settings.min_experiences_for_training,
            update_frequency=settings.update_frequency,
            reward_drop=settings.reward_drop,
            interval_s=settings.optimization_interval_s,
            cool_down_s=settings.cool_down_s,
            timeout_s=settings.trigger_timeout_s,
            trial_frequency=settings.trial_frequency,
            trial_decisions=settings.trial_decisions,
            trial_s=settings.trial_s,
            drift_error=settings.drift_error,
            promise_error=settings.promise_error,
            min_annotations=settings.min_annotations_for_optimization,
        ),
        cycles=CyclePolicy(
            intervals_s={
                "span_evaluation": 60.0 * settings.span_eval_interval_minutes,
                "annotation": 60.0 * settings.annotation_interval_minutes,
                "feedback": 60.0 * settings.feedback_interval_minutes,
                "metrics": 60.0 * settings.metrics_interval_minutes,
            },
            overlap_s=settings.span_overlap_s,
            retention_s=3600.0 * settings.retention_hours,
        ),
        prefix=settings.topic_prefix,
        max_future_s=settings.max_future_s,
        seed=settings.seed,
        code_version=VERSION,
        configuration=training_configuration(settings).to_dict(),
    )


def training_configuration(settings: Settings) -> TrainingConfiguration:
    """What the training of policies and programs is told."""
    return TrainingConfiguration(
        learner=settings.learner,
        exploration=settings.exploration,
        gamma=settings.gamma,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        start=settings.grpo_start,
        epsilon=settings.exploration_epsilon,
        epsilon_decay=settings.epsilon_decay,
        min_epsilon=settings.min_epsilon,
        min_experiences=settings.min_experiences_for_training,
        held_out_share=settings.held_out_share,
        improvement_threshold=settings.improvement_threshold,
        gate_error=settings.gate_error,
        threshold_kind=settings.threshold_kind,
        min_effective_samples=settings.min_effective_samples,
        min_agreement=settings.min_agreement,
        time_penalty=settings.processing_time_penalty,
        time_half_s=settings.processing_time_half_s,
        trials=settings.trials,
        trial_share=settings.trial_share,
        trial_harm=settings.trial_harm,
        trial_decisions=settings.trial_decisions,
        trial_s=settings.trial_s,
        program=program_configuration(settings),
        seed=settings.seed,
    )


def program_configuration(settings: Settings) -> ProgramConfiguration:
    """What the training of a prompt program is told; the gate's calls come out of the same budget."""
    calls = settings.language_model_budget_calls - 2 * settings.program_held_out
    return ProgramConfiguration(
        optimizer_strategy=settings.optimizer_strategy,
        force_optimizer=settings.force_optimizer,
        enable_multi_stage=settings.enable_multi_stage,
        bootstrap_threshold=settings.bootstrap_threshold,
        simba_threshold=settings.simba_threshold,
        mipro_threshold=settings.mipro_threshold,
        gepa_threshold=settings.gepa_threshold,
        min_confidence=settings.min_confidence,
        min_quality=settings.min_quality,
        positive_reward=settings.positive_reward,
        effort=settings.program_effort,
        max_calls=max(calls, 1),
        concurrency=settings.language_model_concurrency,
        seed=settings.seed,
    )
