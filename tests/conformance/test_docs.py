"""Every command, topic, setting, reason and word is documented, and the tables say what the code says."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

import pytest
from pydantic_core import PydanticUndefined

from signalbox.events import DeadLetterReason, VerdictReason
from signalbox.topics import TOPICS
from streams.cli import COMMANDS
from streams.settings import Settings

OPERATIONS = Path("docs/operations.md")
GLOSSARY = Path("docs/glossary.md")

# The vocabulary of the design; code and documents use these words for these things and no others.
WORDS = """decision; candidate agents; propensity; outcome; reward; experience; replay buffer; trigger; scope;
policy; champion; candidate; artifact; lineage; gate; screen; trial; verdict; agent card"""


def table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, re.sub(r"[^|]+", "---", head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def commands() -> str:
    rows = [(f"`signalbox {name}`", meaning) for name, meaning in COMMANDS.items()]
    return table("| Command | What it does |", rows)


def topics() -> str:
    rows = [
        (f"`{spec.name}`", spec.direction, spec.key, "yes" if spec.compacted else "", spec.meaning)
        for spec in TOPICS.values()
    ]
    return table("| Topic | Direction | Key | Compacted | Meaning |", rows)


def settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        assert field.description, f"{name} has no description"
        assert field.default is not PydanticUndefined, f"{name} has no default"
        default = "" if field.default in (None, "") else f"`{field.default}`"
        rows.append((f"`SIGNALBOX_{name.upper()}`", default, field.description.replace("|", r"\|")))
    return table("| Variable | Default | Meaning |", rows)


@pytest.mark.parametrize(
    ("section", "content"), [("commands", commands), ("topics", topics), ("settings", settings)]
)
def test_a_table_of_the_operations_page_says_what_the_code_says(
    section: str, content: Callable[[], str], update_golden: bool
) -> None:
    page = OPERATIONS.read_text()
    head, opening, rest = page.partition(f"<!-- {section} -->\n")
    body, closing, tail = rest.partition(f"<!-- /{section} -->\n")
    assert opening
    assert closing
    expected = content() + "\n"
    if update_golden:
        OPERATIONS.write_text(head + opening + expected + closing + tail)
        body = expected
    assert body == expected, "out of date; pytest tests/conformance/test_docs.py --update-golden"


def test_every_reason_of_a_dead_letter_is_explained() -> None:
    _, _, section = OPERATIONS.read_text().partition("## Dead letters\n")
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    assert set(get_args(DeadLetterReason)) == explained


@pytest.mark.parametrize("reason", ["not_proven", "stale_champion"])
def test_answers_that_an_operator_meets_are_explained(reason: str) -> None:
    assert reason in get_args(VerdictReason)
    assert f"`{reason}`" in OPERATIONS.read_text()


@pytest.mark.parametrize("word", [word.strip() for word in WORDS.replace("\n", " ").split(";")])
def test_every_word_of_the_design_is_in_the_glossary(word: str) -> None:
    defined = re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", GLOSSARY.read_text(), re.MULTILINE)
    assert len(dict(defined)[word]) > 15


def test_the_glossary_is_in_alphabetical_order_without_repeats() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\*", GLOSSARY.read_text(), re.MULTILINE)
    assert words == sorted(set(words))


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [*Path("docs").rglob("*.md"), Path("CHANGELOG.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())]
    local = [(page, link) for page, link in links if not link.startswith("https://")]
    assert local
    assert [(str(page), link) for page, link in local if not (page.parent / link).exists()] == []


def test_every_decision_record_says_what_why_and_what_not() -> None:
    records = sorted(Path("docs/decisions").glob("*.md"))
    numbers = [int(path.name[:4]) for path in records]
    assert len(set(numbers)) == len(numbers) >= 5
    for path in records:
        text = path.read_text()
        assert re.match(r"# \d+\. \S", text), path
        assert {"**Decision.**", "**Why.**", "**Not taken.**"} <= set(re.findall(r"\*\*[^*]+\.\*\*", text)), (
            path
        )


def test_the_quickstart_is_python_that_compiles_and_names_what_exists() -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", Path("docs/quickstart.md").read_text(), re.DOTALL))
    compile(code, "quickstart", "exec")
    import signalbox

    imported = re.findall(r"from signalbox import (.+)", code)
    assert imported
    assert all(hasattr(signalbox, name.strip()) for name in ",".join(imported).split(","))
