"""A model of the reward for each agent, learned from the chosen agents' rewards only."""

from models.value.online import OnlineValue

__all__ = ["OnlineValue"]
