"""What can go wrong, split by what to do about it.

SignalboxError
├── Retry            the same call may succeed later (broker away, store busy)
├── SlowDown         the caller is faster than the system; wait, then go on
├── ProgramError     a prompt program or its language model gave no answer; decide without it
│   └── AnswerError      it answered, but malformed or with what isn't a candidate
├── Unusable         this record can never be used; keep its bytes as a dead letter and go on
│   └── InvalidEvent     it can't be decoded or breaks its schema
└── Stop             going on would lose or corrupt something; a person must look
    ├── ConfigurationError   a setting is wrong or missing
    ├── BrokerUnavailable    no broker can be started or reached
    ├── ArtifactError        a policy's bytes don't match its digest or format
    └── TooManyDeadLetters   so much input is bad that the fault is probably ours
"""

from __future__ import annotations


class SignalboxError(Exception):
    """The root of every error that Signalbox raises on purpose."""


class Retry(SignalboxError):
    """The same call may succeed later."""


class SlowDown(SignalboxError):
    """The caller is faster than the system."""


class ProgramError(SignalboxError):
    """A prompt program or its language model gave no answer."""


class AnswerError(ProgramError):
    """A prompt program's answer is malformed or names what isn't a candidate; the message names the field."""


class Unusable(SignalboxError):
    """A record that can never be used.

    `reason` is one of `signalbox.events.DeadLetterReason`; the message names the field and the value.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class InvalidEvent(Unusable):
    """A record that can't be decoded or breaks its schema."""


class Stop(SignalboxError):
    """Going on would lose or corrupt something."""


class ConfigurationError(Stop):
    """A setting is wrong or missing; the message names it."""


class BrokerUnavailable(Stop):
    """No broker can be started or reached; the message says in one line what is needed."""


class ArtifactError(Stop):
    """A policy's bytes don't match its digest, its format or the tenant it was asked for."""


class TooManyDeadLetters(Stop):
    """The dead-letter rate is above its limit, so the fault is probably not in the input."""
