"""Settings of the orchestrator: its timers, what it reads from Phoenix, and which decisions deserve a label."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr


class OrchestrationSettings(BaseModel):
    """A part of `Settings`; defaults are those of the specification."""

    span_eval_interval_minutes: float = Field(
        15, gt=0, description="Time between two readings of Phoenix's spans, minutes."
    )
    annotation_interval_minutes: float = Field(
        30, gt=0, description="Time between two choices of decisions that deserve a label, minutes."
    )
    feedback_interval_minutes: float = Field(
        15, gt=0, description="Time between two collections of labels from Phoenix, minutes."
    )
    metrics_interval_minutes: float = Field(
        5, gt=0, description="Time between two reports of metrics, minutes."
    )
    tick_s: float = Field(10.0, gt=0, description="How often the leader looks at the timers, seconds.")

    phoenix_url: str | None = Field(
        None,
        description="Phoenix server: spans and labels are read there; labels and traces with prompts written.",
    )
    phoenix_api_key: SecretStr | None = Field(None, description="Its key; never logged.")
    phoenix_project: str = Field(
        "signalbox-{tenant_id}",
        pattern=r"^[^{}/]*\{tenant_id\}[^{}/]*$",
        description="Name of a tenant's Phoenix project.",
    )
    span_names: tuple[str, ...] = Field(
        ("signalbox.routing", "cogniverse.routing", "cogniverse.gateway"),
        min_length=1,
        description="Names of the spans that tell of a routing decision, as JSON.",
    )
    span_lookback_s: int = Field(
        86_400, ge=1, description="How far back the first reading of spans goes, seconds."
    )
    span_overlap_s: int = Field(
        3600, ge=0, description="How late a span may arrive in Phoenix and still be read, seconds."
    )

    confidence_threshold: float = Field(
        0.6, ge=0, le=1, description="Below this confidence a decision deserves a label."
    )
    annotation_budget: int = Field(50, ge=0, description="Most labels that one cycle asks for, of a tenant.")
    auto_annotations: int = Field(
        10, ge=0, description="How many of them the language model labels in the same cycle."
    )
    annotation_scan: int = Field(
        20_000, ge=1, description="Newest experiences that one cycle looks at, of a tenant."
    )
    min_annotations_for_optimization: int = Field(50, ge=1, description="New labels after which to train.")
    min_agreement: float = Field(
        0.7, ge=0, le=1, description="Agreement with people below which a model's labels lose weight."
    )

    web_host: str = Field("127.0.0.1", description="Where /health and /metrics are served.")
    web_port: int | None = Field(
        None, ge=0, le=65_535, description="Their port; without one nothing is served, 0 takes a free one."
    )
