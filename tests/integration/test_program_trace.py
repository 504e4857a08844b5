"""The training of a program, as a person sees it in a real Phoenix server."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from msgspec import structs
from phoenix.client import Client

from adapters.language_model import LanguageModelConfiguration
from adapters.phoenix.projects import project_of
from streams.settings import load_settings
from streams.trainer.program_job import ProgramJob, run_program_job
from streams.worker.policies import policies_from
from tests.integration.phoenix_support import eventually
from tests.integration.test_program_training import asking
from tests.streams.trainer_jobs import last_job

pytestmark = pytest.mark.integration


async def test_a_training_is_traced_where_phoenix_is_configured(phoenix: str) -> None:
    job = last_job(140, policies_from(load_settings(held_out_share=0.5)))
    asked = structs.replace(asking(job.trigger, "bootstrap", None), scope="program:routing", look=1)
    model = LanguageModelConfiguration()
    program = ProgramJob(asked, job.records, None, language_model=model, phoenix_url=phoenix)
    answer = await asyncio.to_thread(run_program_job, program, lambda _: None)
    assert answer.result.verdict == "promoted"
    client = Client(base_url=phoenix)

    def spans() -> list[Any]:
        try:
            found = list(client.spans.get_spans(project_identifier=project_of("acme"), limit=1000))
        except Exception as error:  # noqa: BLE001  # the project is 404 until its first span lands
            assert "404" in str(error), error
            return []
        return found if any(each["name"] == "train program:routing" for each in found) else []

    names = Counter(each["name"] for each in await asyncio.to_thread(lambda: list(eventually(spans))))
    assert names["train program:routing"] == 1
    assert names["compile with BootstrapFewShot"] == 2  # to be chosen, and then on everything
    assert names["language model"] > 50
