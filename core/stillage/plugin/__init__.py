"""Plugins: the specs they register and the host that finds them."""
