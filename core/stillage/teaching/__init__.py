"""Define teachers, the bank of their outputs and the objectives that students learn by."""

__all__ = ["bank", "objectives", "specs", "teacher"]
