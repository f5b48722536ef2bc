"""Show every notebook as a page of the site, made from its cells when the site is built.

A hook that `mkdocs.yml` names. Nothing is run here: `tests/test_notebooks.py` does that.
"""

from __future__ import annotations

import json
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def as_markdown(notebook: str) -> str:
    """Return the cells of a notebook (its JSON text) as Markdown."""
    parts = []
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        code = cell["cell_type"] == "code"
        parts.append(f"```python\n{source}\n```" if code else source)
    return "\n\n".join(parts) + "\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page beside each notebook, under the same name."""
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            text = Path(config.docs_dir, file.src_uri).read_text(encoding="utf-8")
            page = file.src_uri.removesuffix(".ipynb") + ".md"
            download = f"\n[Download this notebook]({Path(file.src_uri).name})\n"
            files.append(File.generated(config, page, content=as_markdown(text) + download))
    return files
