"""Every reader of the distribution keeps the kit's promises, on an example of each format."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillage.cli.main import run
from stillage.plugin.host import get_host
from stillage.testing import PROMISES, check_reader
from tests.plugins.reader_examples import EXAMPLES

OURS = [
    spec.name
    for status in get_host().statuses()
    if status.distribution == "stillage"
    for spec in status.specs
    if spec.kind == "reader"
]
FORMATS = [(reader, name) for reader in OURS for name in EXAMPLES.get(reader, {"none": None})]


def test_every_reader_has_an_example() -> None:
    assert set(OURS) <= set(EXAMPLES)
    assert set(EXAMPLES) - set(OURS) <= {"aedat4"}  # disabled where its library is not installed
    assert len(OURS) == len(set(OURS))


@pytest.mark.parametrize(("reader", "name"), FORMATS)
def test_reader_conforms(tmp_path: Path, reader: str, name: str) -> None:
    example = EXAMPLES[reader][name](tmp_path)
    passed = check_reader(reader, example.path, cut=example.cut, **example.parameters)
    assert len(passed) == len(PROMISES["reader"])


@pytest.mark.parametrize("reader", OURS)
def test_the_command_says_so_line_by_line(
    tmp_path: Path, reader: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make = next(iter(EXAMPLES[reader].values()))
    path, parameters, _ = make(tmp_path)
    options = [word for key, value in parameters.items() for word in ("-o", f"{key}={value}")]
    assert run(["plugins", "check", reader, "--path", str(path), *options]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == len(PROMISES["reader"])
    assert all(line.startswith(f"pass  reader {reader}: ") for line in out)


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = EXAMPLES["manifest"]["csv"](tmp_path)
    (tmp_path / "4.npy").write_bytes(b"")
    assert run(["plugins", "check", "manifest", "--path", str(example.path)]) == 1
    assert "FAIL  reader manifest: the reader turns the example" in capsys.readouterr().out
