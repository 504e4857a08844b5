"""A scope's state as a JSON file: what was learned of a tenant, and up to which offsets."""

from streams.checkpoint.load import load_checkpoint
from streams.checkpoint.save import save_checkpoint

__all__ = ["load_checkpoint", "save_checkpoint"]
