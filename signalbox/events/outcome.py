"""What came of a decision."""

from __future__ import annotations

from msgspec import Struct, structs

from signalbox.events.fields import Cost, Count, DurationS, Event, Id, Ratio


class Signals(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Measured consequences of one decision; what wasn't measured is absent."""

    search_quality: Ratio | None = None
    agent_success: bool | None = None
    user_satisfaction: Ratio | None = None
    processing_time_s: DurationS | None = None
    cost: Cost | None = None
    result_count: Count | None = None
    error_class: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured at all."""
        return _nothing_in(self)

    @property
    def is_complete(self) -> bool:
        """Whether every signal that the reward weighs is present, so that nothing needs waiting for."""
        return (
            self.search_quality is not None
            and self.agent_success is not None
            and self.user_satisfaction is not None
            and self.processing_time_s is not None
        )

    def updated_with(self, newer: Signals) -> Signals:
        """These signals, with those that `newer` has in their place."""
        return Signals(
            **{
                name: fresh if (fresh := getattr(newer, name)) is not None else getattr(self, name)
                for name in SIGNAL_FIELDS
            }
        )


SIGNAL_FIELDS = tuple(field.name for field in structs.fields(Signals))


class RoutingOutcome(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What came of a decision, whole or in part; it may come late, early or twice."""

    decision_id: Id
    search_quality: Ratio | None = None
    agent_success: bool | None = None
    user_satisfaction: Ratio | None = None
    processing_time_s: DurationS | None = None
    cost: Cost | None = None
    result_count: Count | None = None
    error_class: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured at all."""
        return _nothing_in(self)

    def signals(self) -> Signals:
        """The measured consequences alone."""
        return Signals(
            search_quality=self.search_quality,
            agent_success=self.agent_success,
            user_satisfaction=self.user_satisfaction,
            processing_time_s=self.processing_time_s,
            cost=self.cost,
            result_count=self.result_count,
            error_class=self.error_class,
        )


def _nothing_in(outcome: Signals | RoutingOutcome) -> bool:
    # The likeliest signals come first: one of them ends the search.
    return (
        outcome.search_quality is None
        and outcome.agent_success is None
        and outcome.user_satisfaction is None
        and outcome.processing_time_s is None
        and outcome.cost is None
        and outcome.result_count is None
        and outcome.error_class is None
    )
