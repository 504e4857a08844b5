"""Over HTTP: whether the worker is well, how the learning of its tenants goes, and numbers for Prometheus."""

from streams.web.site import WebSite
from streams.web.source import CycleView, ScopeView, Source, TenantView

__all__ = ["CycleView", "ScopeView", "Source", "TenantView", "WebSite"]
