"""Teaching: teachers, the bank of what they say, and the objectives that pass it on."""

__all__ = ["bank", "objectives", "specs", "teacher"]
