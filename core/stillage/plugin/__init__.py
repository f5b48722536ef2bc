"""Plugins: the specs they register, the hooks they implement and the host that finds them."""

from stillage.plugin.hooks import GROUP, hookimpl, hookspec
from stillage.plugin.host import Host, get_host
from stillage.plugin.options import Options, option
from stillage.plugin.spec import API_VERSION

__all__ = [
    "API_VERSION",
    "GROUP",
    "Host",
    "Options",
    "get_host",
    "hookimpl",
    "hookspec",
    "option",
]
