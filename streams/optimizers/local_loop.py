"""The whole loop in one process, without Kafka: worker, trainer, and the policies that a router follows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from adapters.artifact_store import ArtifactStore
from adapters.language_model import LanguageModelConfiguration
from signalbox.errors import ArtifactError, Unusable
from signalbox.events import (
    OptimizationTrigger,
    RoutingDecision,
    RoutingOutcome,
    TrainingResult,
    decode,
    encode,
)
from signalbox.in_force import InForce
from signalbox.program.slot import ActiveProgram
from signalbox.topics import OPTIMIZATION_TRIGGER, POLICY_ARTIFACT, TRAINING_RESULT
from streams.optimizers.local_file import Entry, Kept, LocalFile, entries_of
from streams.optimizers.local_jobs import job_of
from streams.optimizers.local_policies import LocalPolicies
from streams.optimizers.local_trainer import LocalTrainer
from streams.optimizers.stream import Batch, LocalStream
from streams.policy_records import Record
from streams.settings import Settings
from streams.trainer.answering import settled
from streams.trainer.job import Answer, TrainingJob, ended, failed
from streams.trainer.program_chain import following_of, is_due
from streams.trainer.records import records_of
from streams.worker.policies import policies_from


class LocalLoop:
    """Takes decisions and outcomes, trains in the background when it is due, and serves what passed the gate.

    It uses the service's own processors, training and gate. With a `folder` everything is kept there, and a
    loop that is made again goes on where this one was; without, all is forgotten at its end.
    """

    def __init__(
        self,
        settings: Settings,
        tenant_id: str,
        folder: Path | None,
        language_model: LanguageModelConfiguration,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._tenant_id = tenant_id
        self._language_model = language_model
        self._clock = clock
        self._file = LocalFile(folder / tenant_id / "state") if folder else None
        url = str((folder / "artifacts").absolute()) if folder else f"memory://signalbox-{uuid.uuid4().hex}"
        self._store = ArtifactStore(url)
        try:
            self.begin(self._file.read() if self._file else Kept())
        except BaseException:
            if self._file:
                self._file.close()
            raise

    @property
    def in_force(self) -> InForce:
        """The policies that decide now."""
        return self.policies.in_force

    @property
    def current(self) -> ActiveProgram | None:
        """The program in force."""
        return self.policies.current

    def publish_decision(self, decision: RoutingDecision) -> bool:
        """Take a decision."""
        return self.stream.publish_decision(decision)

    def knows(self, decision_id: str) -> bool:
        """Whether the decision was made here, not long ago."""
        return self.stream.knows(decision_id)

    def publish_outcome(self, outcome: RoutingOutcome) -> bool:
        """Take what came of one."""
        return self.stream.publish_outcome(outcome)

    def begin(self, kept: Kept) -> None:
        """Go on from what was kept, instead of what is known."""
        self._trained_end = 0
        self.policies = LocalPolicies(self._tenant_id, self._store)
        policies = policies_from(self._settings)
        self.stream = LocalStream(
            self._tenant_id,
            policies,
            self._clock,
            self._on_batch,
            state=kept.state,
            experiences=kept.experiences,
        )
        self.policies.take(kept.records)
        self._rewrite(kept.state)
        self._trainer = LocalTrainer(self._settings, self._language_model, self._job, self._publish)

    def step(self) -> TrainingResult | None:
        """Train a policy on all experiences; blocks.

        Waits for the training that goes on, and trains once more where experiences came after it had been
        asked for. Waits for the program that follows, too, and gives the last answer about a policy: None where
        there is no experience yet, and where the loop was closed meanwhile.
        """
        result = self._waited()
        goes_on = self._trainer.open(programs=False)
        if not goes_on and (result is None or self._trained_end < self.stream.experiences.end):
            self.stream.request()
        result = self._waited() or result
        wait(self._trainer.open(programs=True))
        return result

    def _waited(self) -> TrainingResult | None:
        """The last answer of the trainings of policies that go on, once they have ended."""
        found = self._trainer.open(programs=False)
        wait(found)
        results = [training.result() for training in found if not training.cancelled()]
        return next((result for result in reversed(results) if result is not None), None)

    def close(self) -> None:
        """Stop training, and let another process have the folder."""
        self._trainer.close()
        if self._file:
            self._file.close()

    def restart(self, kept: Kept) -> None:
        """Stop training, and `begin` with something else."""
        self._trainer.close()
        with self.stream.lock:
            self.begin(kept)

    def _on_batch(self, batch: Batch) -> None:
        self._write(Entry(dict(batch.state), batch.start, batch.experiences))
        for trigger in batch.triggers:
            self._trained_end = self.stream.experiences.end
            self._trainer.submit(trigger)

    def _job(self, trigger: OptimizationTrigger) -> TrainingJob | Answer:
        try:
            with self.stream.lock:
                known = settled(trigger, self.policies.ledger)
                return known or job_of(trigger, self.stream.experiences, self.policies)
        except (Unusable, ArtifactError) as error:
            return ended(trigger, error) if trigger.trial_digest else failed(trigger, error)

    def _publish(self, trigger: OptimizationTrigger, answer: Answer, seconds: float) -> TrainingResult:
        with self.stream.lock:
            ledger = self.policies.ledger
            known = settled(trigger, ledger)
            answer = known or self._with_bytes(answer)
            following = None
            if known is None and is_due(self._settings, trigger, answer, ledger):
                following = following_of(trigger, ledger, ())
            if answer.artifact is not None:
                self._store.put(self._tenant_id, answer.artifact)
            records = records_of(self._store, ledger, trigger, answer, seconds, self._clock())
            if following:
                records.append(Record(OPTIMIZATION_TRIGGER, self._tenant_id.encode(), encode(following)))
            records = [record for record in records if record.topic != POLICY_ARTIFACT]
            self.policies.take(records)
            self._write(Entry({}, self.stream.experiences.end, [], entries_of(records)))
            (told,) = [record for record in records if record.topic == TRAINING_RESULT]
            result = decode(TrainingResult, told.value)
            self.stream.answered(result)
        if following:
            self._trainer.submit(following)
        return result

    def _with_bytes(self, answer: Answer) -> Answer:
        """A rollback names its policy only; here are its bytes."""
        result = answer.result
        if result.verdict != "rolled_back" or result.digest is None:
            return answer
        return replace(answer, artifact=self.policies.bytes_of(result.digest))

    def _write(self, entry: Entry) -> None:
        if self._file and self._file.append(entry):
            self._rewrite(self._file.read().state)

    def _rewrite(self, state: Mapping[str, bytes]) -> None:
        """Let the file hold what is needed, and nothing else."""
        if self._file:
            experiences = self.stream.experiences
            values = list(experiences.between(experiences.first, experiences.end))
            self._file.replace(Entry({**state}, experiences.first, values, entries_of(self.policies.needed())))
