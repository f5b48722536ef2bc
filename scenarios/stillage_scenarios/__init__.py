"""Scenarios are the concrete worlds: their environments, policies, KPIs and report sections.

Where Gymnasium is imported already, importing this package registers the environments' ids.
"""

import sys

if "gymnasium.envs" in sys.modules:
    from stillage_scenarios import environments as environments

__all__ = ["chains", "closed_loop", "environments", "items", "sorting"]
