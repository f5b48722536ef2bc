"""Machines that age, fail, wait for crews and spare parts, and are repaired or maintained."""
