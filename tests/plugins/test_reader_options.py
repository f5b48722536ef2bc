"""Every reader's options stand once, in its class: what reads, checks and explains follows it."""

from __future__ import annotations

import inspect
import typing

import pytest

from stillage.cli.main import run
from stillage.cli.record import arguments
from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.settings import settings_of
from stillage.plugin.spec import ReaderSpec

HOST = get_host()
READERS = HOST.specs(ReaderSpec)


@pytest.mark.parametrize("spec", READERS, ids=lambda spec: spec.name)
def test_the_factory_takes_the_options_that_the_spec_declares(spec: ReaderSpec) -> None:
    factory = HOST.resolve(spec)
    taken = inspect.signature(factory).parameters
    if spec.options is None:
        assert list(taken) == ["path", "out"]
        assert spec.arguments() == ()
        return
    assert list(taken) == ["path", "out", "options"]
    assert typing.get_type_hints(factory)["options"] is spec.options
    assert spec.arguments() == (taken["options"].default,)
    assert all(setting.summary for setting in settings_of(spec.options))


@pytest.mark.parametrize(
    ("reader", "pair", "message"),
    [
        ("manifest", "width=-1", "-o width: found -1, expected greater than or equal to 0"),
        ("clips", "seconds=0", "-o seconds: found 0, expected greater than or equal to 0.05"),
        ("clips", "rate=0.1", "-o rate: found 0.1, expected one picture a sample or more"),
        ("event-file", "window_ms=0", "-o window_ms: found 0"),
        ("event-file", "block=0", "-o block: found 0, expected greater than or equal to 1"),
        ("video-events", "frames=1", "-o frames: found 1, expected greater than or equal to 2"),
        ("radiometric", "step=0", "-o step: found 0, expected greater than 0"),
        ("radiometric", "counts=plank", "-o counts: found 'plank', expected 'tlinear' or 'planck'"),
        ("radiometric", "rate=-1", "-o rate: found -1"),
        ("roadscene", "width=0", "-o width: found 0"),
        ("series", "window=nan", "-o window: found nan, expected a finite number"),
        ("series", "life=perhaps", "-o life: found 'perhaps', expected a valid boolean"),
        ("pulsebat", "by=", "-o by: found '', expected 'cell' or 'state'"),
        ("spectra", "tille=4", "-o: found unknown key 'tille', expected one of"),
        ("knock", "rate=1", "-o: found unknown key 'rate', expected none"),
    ],
)
def test_what_does_not_fit_is_one_line(reader: str, pair: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        arguments(HOST.spec(ReaderSpec, reader), [pair])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_nearest_option_is_named() -> None:
    with pytest.raises(BadInput, match="did you mean 'tile'"):
        HOST.spec(ReaderSpec, "spectra").arguments(tille=4)


def test_help_lists_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["record", "import", "--help"]) == 0
    text = "".join(capsys.readouterr().out.split())  # lines break where they must
    for spec in READERS:
        assert f"Reader{spec.name}:" in text
        for setting in settings_of(spec.options) if spec.options else ():
            assert f"-o{setting.key}={setting.type}" in text
            assert "".join(setting.summary.split()) in text


def test_a_changed_default_changes_what_workers_compare() -> None:
    spec = HOST.spec(ReaderSpec, "uniwear")
    assert spec.options is not None
    fields = spec.model_dump(mode="json")["options"]["properties"]
    assert fields["window"]["default"] == 60
