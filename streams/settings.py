"""Every setting of the service, read from the environment as SIGNALBOX_<NAME>; the only reader of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from streams.orchestration_settings import OrchestrationSettings


class Settings(OrchestrationSettings, BaseSettings):
    """Defaults are those of the specification; every field says what it means and in which unit."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True, extra="forbid")

    broker: Literal["auto", "external", "kafka", "container", "in-process"] = Field(
        "auto", description="Which broker to use or start; auto takes the first that this machine can run."
    )
    bootstrap_servers: str | None = Field(None, description="host:port,... of a cluster that you have.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to the external cluster."
    )
    ssl_ca_file: Path | None = Field(None, description="PEM file of the certificate authority.")
    ssl_cert_file: Path | None = Field(None, description="PEM file of the client certificate.")
    ssl_key_file: Path | None = Field(None, description="PEM file of the client key.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="SASL mechanism of the external cluster."
    )
    sasl_username: str | None = Field(None, description="SASL user.")
    sasl_password: SecretStr | None = Field(None, description="SASL password; never logged.")
    topic_prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", description="Put before every topic's name.")
    partitions: int = Field(8, ge=1, le=1000, description="Partitions of every topic, when it is created.")
    replication_factor: int = Field(1, ge=1, description="Replicas of every topic, when it is created.")
    retention_hours: float = Field(168, gt=0, description="How long records are kept that replay may need.")
    tenant_shards: dict[str, int] = Field(
        {}, description='Tenants too large for one partition, as JSON: {"big": 4}.'
    )
    data_folder: Path = Field(
        Path("signalbox-data"), description="Where the local broker and the Faust worker keep their files."
    )
    store_url: str | None = Field(
        None, description="fsspec URL of the artifact archive; default: artifacts/ in data_folder."
    )

    join_window_s: int = Field(600, ge=1, description="How long after its decision an outcome counts, seconds.")
    without_outcome: Literal["skip", "default"] = Field(
        "skip", description="What a decision without any outcome becomes when its window ends."
    )
    default_reward: float = Field(0.0, ge=0, le=1, description="Its reward, where without_outcome=default.")
    remember_decisions_s: int = Field(86_400, ge=60, description="How long decision ids are known, seconds.")
    max_future_s: int = Field(300, ge=0, description="How far an event may lie ahead of its record, seconds.")

    search_quality_weight: float = Field(0.4, ge=0, description="Weight of search quality in the reward.")
    agent_success_weight: float = Field(0.3, ge=0, description="Weight of agent success in the reward.")
    user_satisfaction_weight: float = Field(0.3, ge=0, description="Weight of satisfaction in the reward.")
    processing_time_penalty: float = Field(0.1, ge=0, le=1, description="Largest penalty for time taken.")
    processing_time_half_s: float = Field(2.8, gt=0, description="Seconds that cost half that penalty.")

    cost_weight: float = Field(0.0, ge=0, description="What a unit of an outcome's cost takes from the reward.")
    tenant_cost_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {}, description='The same for single tenants, as JSON: {"frugal": 2.5}; a request may say its own.'
    )

    window_s: int = Field(3600, ge=1, description="Length of a replay-buffer window, whole seconds.")
    windows: int = Field(24, ge=1, description="Replay-buffer windows kept.")
    experience_replay_size: int = Field(1000, ge=1, description="Experiences kept in a window.")

    min_experiences_for_training: int = Field(50, ge=1, description="Experiences before the first trigger.")
    update_frequency: int = Field(10, ge=1, description="Further experiences before each later trigger.")
    reward_drop: float = Field(
        0.1, gt=0, le=1, description="Fall of the mean reward that triggers; a smaller one is no drift."
    )
    optimization_interval_s: int = Field(3600, ge=1, description="Event time after which to train anyway.")
    cool_down_s: int = Field(30, ge=0, description="Least event time between two triggers of a scope.")
    trigger_timeout_s: int = Field(21_600, ge=1, description="Event time after which a trigger is given up.")
    trial_frequency: int = Field(20, ge=1, description="Experiences on trial before each judgement of it.")
    trial_decisions: int = Field(5000, ge=1, description="Decisions after which a trial ends.")
    trial_s: int = Field(86_400, ge=1, description="Event time after which a trial ends, seconds.")
    drift_error: float = Field(
        0.1, gt=0, le=1, description="False alarms of drift to be expected in 100,000 experiences, at most."
    )
    promise_error: float = Field(
        0.01, gt=0, lt=1, description="Chance that a champion that earns what was promised is ever suspected."
    )
    seed: int = Field(0, ge=0, description="Seed of everything random.")

    learner: Literal["value", "grpo"] = Field("value", description="What trains the routing policy.")
    learning_rate: float | None = Field(None, gt=0, description="Step size; default: the learner's own.")
    batch_size: int = Field(
        32, ge=1, description="Experiences in a mini-batch of grpo; the value learner takes one at a time."
    )
    grpo_start: Literal["champion", "value"] = Field(
        "champion", description="Whose weights grpo begins with: the champion's, or a value model's."
    )
    exploration: Literal["squarecb", "epsilon_greedy"] = Field(
        "squarecb", description="How policies of the value learner explore; those of grpo are epsilon-greedy."
    )
    gamma: float = Field(1000.0, ge=0, description="SquareCB's: the larger, the less is explored.")
    exploration_epsilon: float = Field(
        0.1, ge=0, le=1, description="Share of decisions that explore, where a policy is epsilon-greedy."
    )
    epsilon_decay: float = Field(0.995, gt=0, le=1, description="Factor on it with each promoted policy.")
    min_epsilon: float = Field(0.05, ge=0, le=1, description="It never falls below this.")
    improvement_threshold: float = Field(
        0.05, ge=0, le=1, description="Improvement over the champion that a candidate must prove."
    )
    gate_error: float = Field(0.05, gt=0, lt=1, description="Chance of a wrong promotion per champion.")
    threshold_kind: Literal["relative", "absolute", "zero", "no_harm"] = Field(
        "relative",
        description="What the improvement is: relative to the champion, absolute, any, or no worse than that.",
    )
    min_effective_samples: float = Field(
        10.0, ge=0, description="With less of what a policy would do, a log is insufficient evidence of it."
    )
    trials: bool = Field(True, description="Try promising candidates on live disagreements with the champion.")
    trial_share: float = Field(
        0.5, gt=0, lt=1, description="Share of a trial's draws that are the candidate's."
    )
    trial_harm: float = Field(25.0, gt=0, description="Reward that a trial may cost before it is stopped.")
    held_out_share: float = Field(0.2, gt=0, lt=1, description="Share of experiences kept from training.")

    enable_multi_stage: bool = Field(
        True, description="Train prompt programs after policies, and bootstrap before any other optimiser."
    )
    optimizer_strategy: Literal["adaptive", "bootstrap", "simba", "mipro", "gepa"] = Field(
        "adaptive", description="Which optimiser trains programs; adaptive goes by the number of examples."
    )
    force_optimizer: Literal["bootstrap", "simba", "mipro", "gepa"] | None = Field(
        None, description="The one optimiser to take, whatever the strategy says."
    )
    bootstrap_threshold: int = Field(20, ge=1, description="Examples from which bootstrap is the choice.")
    simba_threshold: int = Field(50, ge=1, description="Examples from which SIMBA is.")
    mipro_threshold: int = Field(100, ge=1, description="Examples from which MIPROv2 is.")
    gepa_threshold: int = Field(200, ge=1, description="Examples from which GEPA is.")
    min_confidence: float = Field(0.7, ge=0, le=1, description="Least confidence of a demonstration.")
    min_quality: float = Field(0.6, ge=0, le=1, description="Least search quality of a demonstration.")
    positive_reward: float = Field(
        0.6, ge=0, le=1, description="Reward from which an experience shows a program the right agent."
    )
    program_effort: Literal["light", "medium", "heavy"] = Field(
        "light", description="How long SIMBA, MIPROv2 and GEPA search."
    )
    program_interval_s: int = Field(
        600, ge=0, description="Least event time between two triggers of a program, seconds."
    )
    program_held_out: int = Field(
        400, ge=10, description="Held-out experiences about which the gate asks a program, each with a call."
    )
    program_time_limit_s: float = Field(
        1800.0, gt=0, description="Time after which the training of a program is ended as failed, seconds."
    )

    language_model: str = Field(
        "offline",
        description="What trains programs: a LiteLLM name such as openai/my-model, or the offline model.",
    )
    language_model_api_base: str | None = Field(None, description="URL of an OpenAI-compatible server.")
    language_model_api_key: SecretStr | None = Field(None, description="Its key; never logged.")
    language_model_timeout_s: float = Field(30.0, gt=0, description="Time that a call may take, seconds.")
    language_model_retries: int = Field(2, ge=0, description="Further attempts at a call that failed.")
    language_model_concurrency: int = Field(4, ge=1, description="Calls at the same time.")
    language_model_budget_calls: int = Field(5000, ge=1, description="Calls that one training may make.")
    language_model_budget_money: float | None = Field(
        None, gt=0, description="What one training may cost, in the unit of the prices."
    )
    language_model_input_price: float = Field(0.0, ge=0, description="Price of a million input tokens.")
    language_model_output_price: float = Field(0.0, ge=0, description="Price of a million output tokens.")

    dead_letter_limit: float = Field(
        0.5, gt=0, le=1, description="Share of bad records, over the last 1000, that stops the worker."
    )
    batch_records: int = Field(500, ge=1, description="Most records of a partition applied as one batch.")
    instance_id: str | None = Field(
        None, description="Stable name of this process, so that a restart gets its partitions back at once."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Log level.")

    @model_validator(mode="after")
    def _check_memory(self) -> Settings:
        if self.remember_decisions_s < self.join_window_s:
            raise ValueError(
                f"SIGNALBOX_REMEMBER_DECISIONS_S: {self.remember_decisions_s} s is less than the join window,"
                f" {self.join_window_s} s: a decision could be taken for new while it waits"
            )
        return self

    @property
    def artifact_url(self) -> str:
        """Where artifacts are archived."""
        return self.store_url or str((self.data_folder / "artifacts").absolute())

    @property
    def worker_group(self) -> str:
        """The workers' consumer group, which is also the Faust app's id."""
        return self.topic("signalbox-worker")

    @property
    def changelog_topic(self) -> str:
        """Where the workers' state goes; Faust derives the name from the app's and the table's."""
        return f"{self.worker_group}-state-changelog"

    def topic(self, name: str) -> str:
        """The topic's full name."""
        return self.topic_prefix + name

    def connection(self, bootstrap_servers: str | None = None) -> Connection:
        """How to reach the cluster: the configured one, or the local one at `bootstrap_servers`."""
        if bootstrap_servers is not None:
            return Connection(bootstrap_servers=bootstrap_servers)
        if self.bootstrap_servers is None:
            raise ConfigurationError("SIGNALBOX_BOOTSTRAP_SERVERS: needed to reach a running cluster")
        return Connection(
            bootstrap_servers=self.bootstrap_servers,
            security_protocol=self.security_protocol,
            ssl_ca_file=_text(self.ssl_ca_file),
            ssl_cert_file=_text(self.ssl_cert_file),
            ssl_key_file=_text(self.ssl_key_file),
            sasl_mechanism=self.sasl_mechanism,
            sasl_username=self.sasl_username,
            sasl_password=self.sasl_password.get_secret_value() if self.sasl_password else None,
        )


def load_settings(**overrides: object) -> Settings:
    """The settings from the environment, with `overrides`; raises `ConfigurationError` naming the setting."""
    known = {name.upper() for name in Settings.model_fields}
    for variable in os.environ:
        name = variable.removeprefix("SIGNALBOX_")
        if name != variable and name not in known:
            raise ConfigurationError(f"{variable}: there is no such setting")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise ConfigurationError(first["msg"].removeprefix("Value error, ")) from None
        name = "_".join(str(part) for part in first["loc"][:1]).upper()
        raise ConfigurationError(f"SIGNALBOX_{name}: {first['msg']}, got {first['input']!r}") from None


def child_environment(**settings: object) -> dict[str, str]:
    """This process's environment with `settings` in it, for a service process that it starts."""
    return os.environ | {f"SIGNALBOX_{name.upper()}": str(value) for name, value in settings.items()}


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
