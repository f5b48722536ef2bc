"""The readers of the plugin: ``read`` of each module named here makes a recording of real files."""

__all__ = ["clips", "knock"]
