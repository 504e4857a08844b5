import pytest

from signalbox.errors import ConfigurationError
from streams.settings import Settings, load_settings
from streams.worker.policies import policies_from


def test_defaults_are_those_of_the_specification() -> None:
    settings = Settings()
    assert (settings.search_quality_weight, settings.agent_success_weight) == (0.4, 0.3)
    assert (settings.user_satisfaction_weight, settings.processing_time_penalty) == (0.3, 0.1)
    assert (settings.experience_replay_size, settings.batch_size, settings.update_frequency) == (1000, 32, 10)
    assert (settings.exploration_epsilon, settings.epsilon_decay, settings.min_epsilon) == (0.1, 0.995, 0.05)
    assert settings.min_experiences_for_training == 50
    assert settings.improvement_threshold == 0.05


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALBOX_JOIN_WINDOW_S", "120")
    monkeypatch.setenv("SIGNALBOX_TENANT_SHARDS", '{"big": 4}')
    settings = load_settings()
    assert settings.join_window_s == 120
    assert settings.tenant_shards == {"big": 4}


def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALBOX_JOIN_WINDOWS", "120")
    with pytest.raises(ConfigurationError, match="SIGNALBOX_JOIN_WINDOWS: there is no such setting"):
        load_settings()


def test_a_wrong_value_is_named_with_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALBOX_PARTITIONS", "many")
    with pytest.raises(ConfigurationError, match=r"SIGNALBOX_PARTITIONS: .*got 'many'"):
        load_settings()


def test_decisions_must_be_remembered_at_least_as_long_as_they_wait() -> None:
    with pytest.raises(ConfigurationError, match="less than the join window"):
        load_settings(join_window_s=7200, remember_decisions_s=3600)


def test_a_password_is_never_shown() -> None:
    settings = load_settings(
        bootstrap_servers="localhost:1",
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="router",
        sasl_password="hunter2",
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.connection())


def test_a_cluster_must_be_named_where_one_is_needed() -> None:
    with pytest.raises(ConfigurationError, match="SIGNALBOX_BOOTSTRAP_SERVERS"):
        load_settings().connection()


def test_settings_reach_the_processors() -> None:
    policies = policies_from(
        load_settings(join_window_s=30, without_outcome="default", default_reward=0.2, windows=3, cool_down_s=7)
    )
    assert (policies.join.window_s, policies.join.default_reward) == (30, 0.2)
    assert (policies.buffer.windows, policies.trigger.cool_down_s) == (3, 7)
    assert policies_from(load_settings()).join.default_reward is None


def test_topics_take_the_prefix() -> None:
    settings = load_settings(topic_prefix="blue.")
    assert settings.topic("journal") == "blue.journal"
    assert settings.changelog_topic == "blue.signalbox-worker-state-changelog"
