"""What goes wrong on purpose, or because of Kafka, is one line; anything else is our fault, and says so."""

import pytest
from aiokafka.errors import KafkaConnectionError

from signalbox.errors import ConfigurationError
from streams import cli


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigurationError("there is no such setting"), "signalbox: there is no such setting"),
        (KafkaConnectionError("no brokers"), "signalbox: Kafka: KafkaConnectionError: no brokers"),
    ],
)
def test_an_expected_error_is_one_line(
    error: Exception, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.main, "main", fail)
    with pytest.raises(SystemExit) as ended:
        cli.run(["status"])
    assert ended.value.code == 3
    assert capsys.readouterr().err == f"{line}\n"


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli.main, "main", fail)
    with pytest.raises(ZeroDivisionError):
        cli.run(["status"])
