"""An objective, a fusion, a teacher and a student of an outside package."""

__all__ = ["fusion", "objective", "student", "teacher"]
