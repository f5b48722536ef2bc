"""Simulate queues exactly, event by event, or in slots of time.

``heap`` is the calendar, ``timelaws`` the laws of times, ``queues`` networks of stations with
failing servers and blocking, ``belt`` such a network ready made, ``slotted`` queues and lines in
equal slots, ``theory`` the closed forms that all of them are tested against.

Times are drawn by logarithms, so compiled and interpreted runs agree to a relative 1e-12; the
slotted stages, like the rest of the stepped engine, agree to the last bit.
"""

__all__ = ["arrays", "belt", "heap", "queues", "slotted", "stages", "theory", "timelaws"]
