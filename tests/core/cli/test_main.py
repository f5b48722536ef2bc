"""Every way in which a command can end has one exit code and at most one line."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from stillage.cli import main as module
from stillage.cli.console import Settings, progress, settings, table
from stillage.cli.failures import report_failure
from stillage.errors import BadInput, Incomplete, PluginBroken, StillageError


def noted(error: BaseException, *notes: str) -> BaseException:
    for note in notes:
        error.add_note(note)
    return error


ENDINGS: dict[str, tuple[Any, int, str]] = {
    "failed": (StillageError("no luck"), 1, "no luck"),
    "bad input": (BadInput("a.h5", "empty", "a recording"), 2, "a.h5: found empty, expected a rec"),
    "incomplete": (Incomplete("2 of 9 missing"), 3, "2 of 9 missing"),
    "broken": (PluginBroken("p is broken"), 4, "p is broken"),
    "missing file": (FileNotFoundError(errno.ENOENT, "No such file", "x.h5"), 2, "x.h5: No such"),
    "unwritable": (PermissionError(errno.EACCES, "Permission denied", "/r"), 2, "/r: Permission"),
    "read-only": (OSError(errno.EROFS, "Read-only file system", "/r"), 2, "/r: Read-only"),
    "disk full": (OSError(errno.ENOSPC, "No space left on device", "/d"), 1, "/d: No space left"),
    "two-line os": (OSError("one\ntwo"), 1, "one two"),
    "memory": (MemoryError("Unable to allocate 7 TiB"), 1, "out of memory: Unable to allocate"),
    "bug": (KeyError("key"), 1, "unexpected KeyError: 'key'; run with -v to see where"),
    "library": (ModuleNotFoundError("x", name="numpy"), 1, "this needs module 'numpy', which"),
    "interrupted": (KeyboardInterrupt(), 130, "interrupted"),
    "click": (click.UsageError("odd\nusage"), 2, "end: odd usage"),
    "click file": (click.FileError("f", "gone"), 2, "Could not open file 'f': gone"),
    "returned": (3, 3, ""),
    "nothing": (None, 0, ""),
    "exit": (SystemExit(5), 5, ""),
}


Ending = Callable[[Any], None]


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Ending:
    """A command ``end`` that ends as it is told."""
    how: list[Any] = [None]

    @click.command()
    @click.option("--number", type=int)
    def end(number: int | None) -> Any:
        if isinstance(how[0], BaseException):
            raise how[0]
        return how[0]

    monkeypatch.setitem(module.cli.commands, "end", module.share_options(end))

    def set_up(result: Any) -> None:
        how[0] = result

    return set_up


@pytest.mark.parametrize("case", ENDINGS)
def test_endings(ending: Ending, capsys: pytest.CaptureFixture[str], case: str) -> None:
    result, code, line = ENDINGS[case]
    ending(result)
    assert module.run(["end"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == (1 if line else 0)
    if line:
        assert lines[0].startswith(f"stillage: {line}")


def test_verbose_shows_tracebacks_of_bugs_but_not_of_bad_input(
    ending: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    ending(KeyError("key"))
    assert module.run(["end", "-v"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert module.run(["-v", "end"]) == 1
    assert "Traceback" in capsys.readouterr().err
    ending(BadInput("here", "x", "y"))
    assert module.run(["-v", "end"]) == 2
    assert capsys.readouterr().err == "stillage: here: found x, expected y\n"


def test_interruption_names_how_to_resume(
    ending: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    ending(noted(KeyboardInterrupt(), "resume with: stillage resume runs/a"))
    assert module.run(["end"]) == 130
    assert capsys.readouterr().err.strip().splitlines() == [
        "stillage: interrupted",
        "stillage: resume with: stillage resume runs/a",
    ]


USAGE = {
    ("plugin",): "command 'plugin': found no such command, expected one of",
    ("plugins", "lst"): "plugins: No such command 'lst'. Did you mean 'list'?",
    ("plugins", "list", "--jsn"): "plugins list: No such option '--jsn'. Did you mean '--json'?",
    ("plugins",): "plugins: found no command, expected one of check, doctor, list, new",
    ("--jsn",): "No such option '--jsn'.",
    ("end", "--number", "x"): "end: Invalid value for '--number': 'x' is not a valid integer.",
    ("--device", "gpu", "plugins", "list"): "--device: found 'gpu', expected cpu, cuda, cuda:N",
    ("scenarios", "show", "sortin"): "scenario 'sortin': found no such scenario, expected one of",
}


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_usage_errors_are_one_line(
    ending: Ending, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert module.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"stillage: {USAGE[arguments]}")
    assert len(err.strip().splitlines()) == 1


def test_unknown_command_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    assert module.run(["scenario"]) == 2
    assert "did you mean 'scenarios'?" in capsys.readouterr().err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert module.run([]) == 0
    text = capsys.readouterr().out
    for command in ("record", "distill", "export", "plugins", "scenarios", "report", "compare"):
        assert f"\n  {command} " in text
    assert module.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("stillage 0.")
    assert module.run(["plugins", "--help"]) == 0
    assert "doctor" in capsys.readouterr().out


def test_shared_options_reach_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    @click.command()
    def look() -> None:
        seen.append(settings())

    monkeypatch.setitem(module.cli.commands, "look", module.share_options(look))
    assert module.run(["look", "--device", "cuda:1", "-v"]) == 0
    assert module.run(["--device", "auto", "look"]) == 0
    assert seen == [Settings(True, "cuda:1"), Settings(False, "auto")]
    assert settings() == Settings()


def test_doctor_is_there_when_core_is_broken(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['stillage.builtin'] = None\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "stillage.cli.main", "plugins", "doctor"],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert "core (stillage" in done.stdout
    assert done.stderr.startswith("stillage: broken: core")


def test_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m stillage.cli.main plugins list --json | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_full_disk_on_standard_output() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "stillage.cli.main", "plugins", "list", "--json"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("stillage: No space left on device")
    assert "Traceback" not in done.stderr


def test_ctrl_c_of_a_real_process(tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text(
        "import click, time\n"
        "from stillage.cli import main\n"
        "@click.command()\n"
        "def wait():\n"
        "    click.echo('ready')\n"
        "    time.sleep(60)\n"
        "main.cli.commands['wait'] = wait\n"
        "import sys\n"
        "sys.exit(main.run(['wait']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == "stillage: interrupted"


def test_report_failure_never_raises_when_stderr_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, text: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        def flush(self) -> None:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(sys, "stderr", Closed())
    assert report_failure(BadInput("x")) == 2


def test_plain_output_when_not_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table(["a", "bb"], [["ccc", 1]])
    with progress("work", 2) as bar:
        bar.advance("first")
        bar.advance()
    out, err = capsys.readouterr()
    assert out == "a    bb\nccc  1\n"
    assert err == "work: 1/2 first\nwork: 2/2\n"


def test_a_note_of_an_unexpected_error_is_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report_failure(noted(RuntimeError("odd"), "continue with: x")) == 1
    assert capsys.readouterr().err.splitlines() == [
        "stillage: unexpected RuntimeError: odd; run with -v to see where",
        "stillage: continue with: x",
    ]
