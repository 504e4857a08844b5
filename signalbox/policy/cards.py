"""What a policy makes of the agents' cards: who is who, who has left, and what newcomers are good at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from signalbox.events import AgentCard


def card_text(card: AgentCard) -> str:
    """What an agent says of itself, as one text; its identifier where it has no name."""
    name = card.name or card.agent.replace("_", " ").replace("-", " ")
    return " ".join(part for part in (name, card.description, *card.examples) if part)


def names_of(cards: Iterable[AgentCard]) -> dict[str, tuple[str, ...]]:
    """For each name that a card gives, all names of the same agent, its own first.

    A name that is some agent's own, or that several agents claim, is nobody's alias.
    """
    known = {card.agent: card for card in cards}
    claims: dict[str, list[str]] = {}
    for agent, card in known.items():
        for alias in dict.fromkeys(card.aliases):
            if alias not in known:
                claims.setdefault(alias, []).append(agent)
    owner = {alias: agents[0] for alias, agents in claims.items() if len(agents) == 1}
    names: dict[str, tuple[str, ...]] = {}
    for agent, card in known.items():
        same = (agent, *(alias for alias in dict.fromkeys(card.aliases) if owner.get(alias) == agent))
        names.update(dict.fromkeys(same, same))
    return names


def resolve(
    agents: Sequence[str], columns: Mapping[str, int], names: Mapping[str, tuple[str, ...]]
) -> list[int | None]:
    """The column of each agent: its own, or else that of another of its names; None where there is none."""
    found: list[int | None] = []
    for agent in agents:
        same = (agent, *names.get(agent, ()))
        found.append(next((columns[name] for name in same if name in columns), None))
    return found
