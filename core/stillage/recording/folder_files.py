"""List the files of a folder that may come from anywhere."""

from __future__ import annotations

from pathlib import Path

from stillage.errors import BadInput

MAX_FILES = 100_000


def files_under(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """List files with one of ``suffixes`` (lower case) in a folder and its folders, by name.

    Links that lead out of the folder are left out.

    Raises
    ------
    BadInput
        If there is no such folder, or it holds more than 100,000 such files.
    """
    if not folder.is_dir():
        raise BadInput(folder, "no such folder", f"a folder of files {', '.join(suffixes)}")
    root = folder.resolve()
    found: list[Path] = []
    for file in sorted(folder.rglob("*")):
        # A link in a circle is no file, and must not be resolved.
        if file.suffix.lower() not in suffixes or not file.is_file():
            continue
        if file.resolve().is_relative_to(root):
            found.append(file)
        if len(found) > MAX_FILES:
            raise BadInput(folder, f"over {MAX_FILES} files", f"at most {MAX_FILES}")
    return found
