"""The contract for every language, generated from the event types."""
