"""Indicators of circular supply chains: vectorised functions of masses, hours and energies.

A share of nothing is 0 (an empty bale is not pure), but where a docstring says otherwise.
"""

__all__ = ["circularity", "effectiveness", "emissions", "shares"]
