"""From the trigger of a program and its records to the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from adapters.language_model import Interrupted, LanguageModelConfiguration
from adapters.phoenix.projects import TEMPLATE
from models.programs.result import Progress
from signalbox.errors import SignalboxError
from signalbox.events import Annotation, Experience, decode
from streams.language_model import spend_text
from streams.trainer.job import MESSAGE_LENGTH, Answer, TrainingJob, without_training
from streams.trainer.replay_buffer import materialise, sample


@dataclass(frozen=True, kw_only=True)
class ProgramJob(TrainingJob):
    """All that the answer to a program's trigger is made from, but for what the language model will say.

    `annotations` are the labels on its decisions, newest last. `held_out` is how many held-out experiences the
    gate may ask the programs about, because each is a call of the language model. The training is traced to
    Phoenix at `phoenix_url`, if there is one, in the project that `phoenix_project` names.
    """

    language_model: LanguageModelConfiguration
    annotations: tuple[bytes, ...] = ()
    held_out: int = 400
    time_limit_s: float = 1800.0
    phoenix_url: str | None = None
    phoenix_api_key: str | None = field(default=None, repr=False)
    phoenix_project: str = TEMPLATE


Run = Callable[[ProgramJob, Callable[[Progress], None]], Answer]


def attempt_program(run: Run, job: ProgramJob, tell: Callable[[Progress], None]) -> Answer:
    """The answer to a job; whatever goes wrong inside becomes the answer `failed`.

    What isn't ours to raise is named by its kind only: the texts of other people's errors quote prompts.
    """
    try:
        return run(job, tell)
    except (SignalboxError, Interrupted) as error:
        message = str(error)
    except Exception as error:  # noqa: BLE001 a training that fails is an event, whatever the failure
        message = f"the training raised {type(error).__name__}"
    return without_training(job.trigger, "failed", "error", message[:MESSAGE_LENGTH])


def run_program_job(job: ProgramJob, tell: Callable[[Progress], None]) -> Answer:
    """Train a program on what the buffer holds and what was annotated, and judge it on what is held out."""
    from adapters.language_model import connect
    from models.configuration import TrainingConfiguration
    from processors.training.program_answer import answer_program

    configuration = TrainingConfiguration.from_dict(job.trigger.configuration)
    model = connect(job.language_model)
    revisions = [decode(Experience, record) for record in job.records]
    with _traced(job):
        answered = answer_program(
            job.trigger,
            revisions,
            [decode(Annotation, record) for record in job.annotations],
            job.champion,
            configuration,
            model.lm,
            model.name,
            sample(materialise(job.trigger, revisions), revisions),
            most_held_out=job.held_out,
            progress=tell,
            spent=lambda: spend_text(model.spend),
        )
    return Answer(answered.result, answered.artifact)


@contextmanager
def _traced(job: ProgramJob) -> Iterator[None]:
    if job.phoenix_url is None:
        yield
        return
    import dspy

    from adapters.phoenix.training_trace import training_trace

    trigger = job.trigger
    known = {"signalbox.trigger_id": trigger.trigger_id, "signalbox.scope": trigger.scope}
    name = f"train {trigger.scope}"
    trace = training_trace(
        job.phoenix_url,
        trigger.tenant_id,
        name,
        known,
        api_key=job.phoenix_api_key,
        template=job.phoenix_project,
    )
    with trace as callback, dspy.context(callbacks=[callback]):
        yield
