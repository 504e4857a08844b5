"""The trainer: a process that answers every optimization trigger exactly once."""
