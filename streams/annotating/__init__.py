"""People label decisions: what waits for them, what they see of it, and what their keys do."""
