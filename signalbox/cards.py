"""What is known of a tenant's agents, as it follows from the records of `agent-card`."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from signalbox import topics
from signalbox.errors import InvalidEvent
from signalbox.events import AgentCard, decode
from signalbox.policy.cards import names_of

logger = logging.getLogger(__name__)

MAX_CARDS = 512
"""As many agents as a decision may choose from; further cards are refused."""


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards by agent, the agents that have `gone`, and `aliases` (an earlier name to the agent's own).

    A name that is an agent's own, or that several agents claim, is nobody's alias.
    """

    by_agent: Mapping[str, AgentCard]
    gone: frozenset[str]
    aliases: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = names_of(self.by_agent.values())
        aliases = {name: same[0] for name, same in names.items() if name != same[0]}
        object.__setattr__(self, "by_agent", MappingProxyType(dict(self.by_agent)))
        object.__setattr__(self, "aliases", MappingProxyType(aliases))

    def __bool__(self) -> bool:
        return bool(self.by_agent or self.gone)


NO_CARDS = Cards({}, frozenset())


class CardBook:
    """One tenant's cards; `current` is a snapshot that is replaced as a whole when records change it.

    A record that is no card of the tenant and agent in its key is refused, counted by reason in `refused`, and
    changes nothing.
    """

    def __init__(self, tenant_id: str) -> None:
        self.current = NO_CARDS
        self.refused: Counter[str] = Counter()
        self._tenant_id = tenant_id

    def apply(self, records: Iterable[tuple[bytes | None, bytes | None]]) -> bool:
        """Take keys with their values, in the order of the log; whether anything is known anew."""
        by_agent, gone = dict(self.current.by_agent), set(self.current.gone)
        for key, value in records:
            try:
                agent = self._agent_of(key)
                if agent is None:
                    continue
                if value is None:
                    by_agent.pop(agent, None)
                    gone.add(agent)
                else:
                    self._take(agent, value, by_agent)
                    gone.discard(agent)
            except InvalidEvent as error:
                self.refused[error.reason] += 1
                logger.warning("agent card %r: refused: %s", key, error)
        if by_agent == self.current.by_agent and gone == self.current.gone:
            return False
        self.current = Cards(by_agent, frozenset(gone))
        return True

    def _agent_of(self, key: bytes | None) -> str | None:
        """The agent in a key, None if it is another tenant's."""
        prefix = topics.card_key(self._tenant_id, "")
        if not key or not key.startswith(prefix):
            return None
        try:
            return key[len(prefix) :].decode()
        except UnicodeDecodeError as error:
            raise InvalidEvent("wrong_key", f"key: {error}") from None

    def _take(self, agent: str, value: bytes, by_agent: dict[str, AgentCard]) -> None:
        card = decode(AgentCard, value)
        if (card.tenant_id, card.agent) != (self._tenant_id, agent):
            raise InvalidEvent("wrong_key", f"the card is {card.tenant_id}/{card.agent}'s")
        if agent not in by_agent and len(by_agent) >= MAX_CARDS:
            raise InvalidEvent("too_large", f"agent {agent!r}: there are {MAX_CARDS} cards already")
        by_agent[agent] = card
