"""The code of docs/serving.md, as it stands there: the recommender on a real broker, the optimizer without."""

import os
import re
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.broker import Broker
from streams.settings import load_settings
from streams.topics import ensure_topics

pytestmark = pytest.mark.integration

ROUTER, _, OPTIMIZER = re.findall(r"```python\n(.*?)```", Path("docs/serving.md").read_text(), re.DOTALL)


async def run(code: str, replacements: dict[str, str], **given: Any) -> dict[str, Any]:
    """What the code's variables are at its end."""
    for there, here in replacements.items():
        assert there in code
        code = code.replace(there, here)
    body = textwrap.indent(code, "    ")
    names = dict(given)
    exec(f"async def page():\n{body}\n    return locals()", names)
    found: dict[str, Any] = await names["page"]()
    return found


async def test_the_page_s_recommender_recommends_and_decides(kafka: Broker, tmp_path: Path) -> None:
    prefix = f"serving-{os.getpid()}."
    servers = kafka.connection.bootstrap_servers
    settings = load_settings(
        bootstrap_servers=servers, topic_prefix=prefix, partitions=2, data_folder=tmp_path, broker="external"
    )
    await ensure_topics(kafka.connection, settings)
    found = await run(
        ROUTER,
        {
            "localhost:9092": servers,
            "Publisher(connection": f"Publisher(connection, topic_prefix={prefix!r}",
            'connection, "acme"': f'connection, "acme", topic_prefix={prefix!r}',
        },
        call_agent=lambda agent: SimpleNamespace(ok=True),
    )
    assert found["found"]["recommended_agent"] == "video_search_agent"
    assert (found["decision"]["source"], found["decision"]["failure"]) == ("baseline", None)
    assert found["publisher"].counts.delivered == 2


async def test_the_page_s_optimizer_returns_the_specification_s_reward(tmp_path: Path) -> None:
    question: dict[str, Any] = {"query": "q", "entities": [], "relationships": [], "enhanced_query": "q"}
    prediction = {"recommended_agent": "summarizer_agent"}
    folder = str(tmp_path / "optimization")
    found = await run(OPTIMIZER, {"data/optimization": folder}, prediction=prediction, **question)
    found["optimizer"].close()
    assert round(found["reward"], 3) == 0.923
    assert (tmp_path / "optimization" / "acme" / "state").exists()
