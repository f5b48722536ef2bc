"""The event camera plugin."""
