"""How wide a page is on a narrow screen."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def scrolled_width(page: str, width: int, folder: Path) -> tuple[int, int, int]:
    """Width and height of a page's content, and the width of its window, pixels."""
    frame = folder / "frame.html"
    frame.write_text(
        f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(page)}">'
        "</iframe><p></p><script>addEventListener('load', () => {"
        "const page = document.querySelector('iframe').contentDocument.documentElement;"
        "document.querySelector('p').textContent = `wide ${page.scrollWidth} high "
        "${page.scrollHeight} in ${page.clientWidth}`})</script>",
        encoding="utf-8",
    )
    assert CHROMIUM is not None
    dump = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-quic", f"--user-data-dir={folder / 'profile'}", "--dump-dom",
            frame.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    found = re.search(r"wide (\d+) high (\d+) in (\d+)", dump)
    assert found, "the page did not load"
    wide, high, inner = map(int, found.groups())
    return wide, high, inner
