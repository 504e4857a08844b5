"""Arize Phoenix: where a training run can be looked at."""
