"""Off-policy evaluation: what a policy would earn, from another policy's log."""

from models.ope.ips import Ips
from models.ope.overlap import Overlap
from models.ope.snips import Snips

__all__ = ["Ips", "Overlap", "Snips"]
