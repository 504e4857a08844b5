"""Replay: the same processors over the same log, beside what the worker made of it."""
