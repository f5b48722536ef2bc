"""The report: one self-contained page of a run, for a phone as for a desk."""
