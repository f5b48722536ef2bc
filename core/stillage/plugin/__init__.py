"""Plugins: the specs they register, the hooks they implement and the host that finds them."""

from stillage.plugin.hooks import GROUP, hookimpl, hookspec
from stillage.plugin.spec import API_VERSION

__all__ = ["API_VERSION", "GROUP", "hookimpl", "hookspec"]
