"""A finished orchestration as a routing experience (the specification's mapping, UnifiedOptimizer)."""

from __future__ import annotations

from signalbox.events import RoutingDecision, Signals, WorkflowExecution

QUALITY_OF_SUCCESS = 0.8
QUALITY_OF_FAILURE = 0.3
WORTH_LEARNING = 0.6
"""A failed workflow is learned from only if its user was still more satisfied than this."""


def decision_of(workflow: WorkflowExecution) -> RoutingDecision | None:
    """The decision, with its outcome, that the workflow amounts to; None where it teaches nothing new.

    The first agent of the sequence stands for the choice. It has no propensity, because no router drew it. A
    workflow that names the decision that began it adds no second one.
    """
    satisfaction = workflow.user_satisfaction
    if workflow.decision_id is not None or not workflow.agent_sequence:
        return None
    if not workflow.success and (satisfaction is None or satisfaction <= WORTH_LEARNING):
        return None
    quality = satisfaction
    if quality is None:
        quality = QUALITY_OF_SUCCESS if workflow.success else QUALITY_OF_FAILURE
    return RoutingDecision(
        tenant_id=workflow.tenant_id,
        occurred_at=workflow.occurred_at,
        decision_id=f"workflow/{workflow.workflow_id}"[:128],
        query=workflow.query,
        candidate_agents=tuple(dict.fromkeys(workflow.agent_sequence)),
        chosen_agent=workflow.agent_sequence[0],
        confidence=workflow.confidence,
        outcome=Signals(
            search_quality=quality,
            agent_success=workflow.success,
            user_satisfaction=satisfaction,
            processing_time_s=workflow.execution_time_s,
        ),
        attributes={
            "source": "workflow",
            "pattern": workflow.pattern,
            "agent_sequence": list(workflow.agent_sequence),
            "query_type": workflow.query_type,
            "task_count": workflow.task_count,
            "parallel_efficiency": workflow.parallel_efficiency,
            "orchestration_was_beneficial": workflow.success and (satisfaction or 0.0) > 0.7,
            "multi_agent_synergy": len(workflow.agent_sequence) > 1,
        },
    )
