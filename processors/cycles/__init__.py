"""The orchestrator's cycles: when they are due, what they remember, and what they say of themselves."""
