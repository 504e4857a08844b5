"""docs/annotation.md: its commands exist, its screen is the screen, and its code publishes a label."""

import re
import shlex
from pathlib import Path

import click
import pytest

from adapters.broker import Broker
from signalbox.connection import Connection
from signalbox.events import Annotation, decode
from signalbox.topics import ANNOTATION
from streams.cli.annotate import command
from streams.settings import Settings
from tests.integration.trainer_support import read_topic
from tests.streams.annotating.test_screen import SCREEN

PAGE = Path("docs/annotation.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^signalbox annotate(.*)$", PAGE, re.MULTILINE)


def test_the_page_s_screen_is_what_people_see() -> None:
    assert [block for kind, block in BLOCKS if kind == "text"] == [SCREEN]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_the_page_s_commands_have_the_options_that_they_name(arguments: str) -> None:
    context = command.make_context("annotate", shlex.split(arguments))
    assert isinstance(context, click.Context)


@pytest.mark.integration
async def test_the_page_s_program_labels(kafka: Broker, settings: Settings, connection: Connection) -> None:
    (code,) = [block for kind, block in BLOCKS if kind == "python"]
    code = code.replace("localhost:9092", kafka.connection.bootstrap_servers)
    code = code.replace(
        "Publisher(connection)", f"Publisher(connection, topic_prefix={settings.topic_prefix!r})"
    )
    exec(compile(code, "docs/annotation.md", "exec"), {})
    (record,) = await read_topic(connection, settings, ANNOTATION)
    label = decode(Annotation, record.value)
    assert (label.annotator, label.label, label.suggested_agent) == (
        "clicks-2026",
        "wrong_routing",
        "summarizer",
    )
    assert record.key == b"acme"
