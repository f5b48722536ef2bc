"""Exact discrete-event simulation: a calendar, queueing networks, and their slotted counterpart."""
