"""The command line: ``stillage``."""
