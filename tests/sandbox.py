"""An environment of its own, in which a plugin can be installed without touching this one.

It sees what this process sees through a ``.pth`` file, so that nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


class Sandbox:
    """A fresh virtual environment in ``folder``."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        self.bin = folder / "bin"
        (site,) = (folder / "lib").glob("python*/site-packages")
        library = Path(sysconfig.get_path("stdlib"))
        own = (library, library / "lib-dynload")
        seen = [path for path in map(Path, sys.path) if path.is_dir() and path not in own]
        (site / "seen.pth").write_text("".join(f"{path.resolve()}\n" for path in seen))

    def run(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Standard output of ``python *command``; its failure is the test's."""
        done = subprocess.run(
            [str(part) for part in (self.bin / "python", *command)],
            capture_output=True,
            text=True,
            cwd=cwd,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PIP_NO_INDEX": "1"},
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def install(self, what: Path, *options: str) -> None:
        """Install a wheel or a project by pip, without its dependencies."""
        pip = ("-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps")
        self.run(*pip, "--no-build-isolation", *options, what)

    def plugin(self, name: str) -> dict[str, object]:
        """The entry of a plugin in ``plugins list --json``; it must work."""
        found = json.loads(self.run("-m", "stillage", "plugins", "list", "--json"))
        (entry,) = [entry for entry in found if entry["name"] == name]
        assert entry["status"] == "ok"
        return dict(entry)
