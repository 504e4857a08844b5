"""Seeded scenarios with permanent ids, peers measured in the same run."""
