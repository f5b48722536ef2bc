"""Run the command ``stillage`` as ``python -m stillage``."""

from __future__ import annotations

from stillage.cli.main import main

if __name__ == "__main__":
    main()
