"""What `stillage plugins` and `stillage scenarios` say, and a plugin begun with `new`."""

from __future__ import annotations

import ast
import json
from importlib.metadata import version
from pathlib import Path

import pytest

from stillage.cli.main import run
from stillage.cli.skeleton import write_skeleton
from stillage.errors import BadInput
from stillage.plugin.host import Host, get_host
from stillage.plugin.loading import PluginStatus
from stillage.plugin.spec import Cost, ModalitySpec, SampleSpec

CONTRACT = {
    "name", "distribution", "version", "status", "modalities", "readers", "fusions",
    "objectives", "scenarios", "policies",
}  # fmt: skip


def test_list_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "list", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert all(set(entry) >= CONTRACT for entry in listed.values())
    assert {"led", "nir"} <= set(listed["spectral"]["modalities"])
    assert "plastic-scanner" in listed["spectral"]["readers"]
    assert {"concat", "gated"} <= set(listed["core"]["fusions"])
    assert "sorting" in listed["scenarios"]["scenarios"]
    assert listed["core"]["distribution"] == "stillage"
    assert listed["core"]["version"] == version("stillage")
    assert listed["core"]["formats"]["reader manifest"] == ["csv"]
    assert "led8.csv" in listed["spectral"]["formats"]["reader plastic-scanner"][0]
    assert {"events", "thermal", "spectral", "audiovideo", "sensors"} <= set(listed)


def test_list_json_names_own_suffixes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ModalitySpec(
        name="sonar",
        summary="echoes",
        factory="json:loads",
        sample=SampleSpec(shape=(8,), dtype="float32", unit="mm", axes=("spot",)),
        cost=Cost(price_eur=1, energy_j=1, time_s=1),
        suffixes=(".son", ".ech"),
    )
    host = Host([PluginStatus("sonar", "sonar.plugin", "stillage-sonar", "1.2", specs=(spec,))])
    monkeypatch.setattr("stillage.plugin.host.get_host", lambda: host)
    assert run(["plugins", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["distribution"], listed["version"]) == ("stillage-sonar", "1.2")
    assert listed["modalities"] == ["sonar"]
    assert listed["formats"] == {"modality sonar": [".son", ".ech"]}


def test_list_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "distribution", "status", "provides"]
    assert any("led, nir" in line for line in lines)


def test_doctor_finds_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "doctor"]) == 0, capsys.readouterr().out
    assert "broken" not in capsys.readouterr().out


def test_check_of_one_thing_and_of_an_unknown_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "check", "gated"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) > 5
    assert all(line.startswith("pass  fusion gated: ") for line in out)
    assert run(["plugins", "check", "gatedd"]) == 2
    assert "did you mean 'gated'?" in capsys.readouterr().err


def test_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenarios", "--json"]) == 0
    (sorting,) = [s for s in json.loads(capsys.readouterr().out) if s["name"] == "sorting"]
    assert {"oracle", "random", "distilled_int8"} <= set(sorting["policies"])
    assert {"name": "purity", "unit": "1", "better": "higher"} in sorting["kpis"]
    assert run(["scenarios", "show", "sorting", "--json"]) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    (picks,) = [s for s in settings["settings"] if s["key"] == "picks_per_min"]
    assert (picks["unit"], picks["default"]) == ("1/min", 60.0)
    assert picks["source"]
    assert "replicas" in [s["key"] for s in settings["run"]]
    assert run(["scenarios", "show", "sorting"]) == 0
    assert "picks_per_min" in capsys.readouterr().out


def test_shown_defaults_are_those_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenarios", "show", "sorting", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert run(["run", "sorting", "--dry-run", "--json"]) == 0
    config = json.loads(capsys.readouterr().out)["config"]
    parts = {"run": config, "distillation": config["distillation"], "settings": config["settings"]}
    for part, values in parts.items():
        defaults = {setting["key"]: setting["default"] for setting in shown[part]}
        assert defaults == {key: values[key] for key in defaults}
        assert defaults
    keys = {setting["key"] for part in shown.values() for setting in part}
    nested = {"distillation", "settings", "bundles", "outside", "kind", "scenario", "fingerprint"}
    assert keys == {key for values in parts.values() for key in values} - nested


def test_new_refuses_a_folder_with_files(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(BadInput, match="expected a new or empty folder"):
        write_skeleton("sonar", tmp_path)
    assert (tmp_path / "kept.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert write_skeleton("sonar", tmp_path / "empty")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="expected a new or empty folder"):
        write_skeleton("sonar", tmp_path / "link")
    with pytest.raises(BadInput, match="expected a folder that can be made"):
        write_skeleton("sonar", tmp_path / "kept.txt" / "inside")


@pytest.mark.parametrize(
    "name",
    ["", "../evil", "a/b", "Sonar", "sönar", "声纳", "sonar\n", "sonar ", "3d", "-x", "x-", "a--b",
     "a_b", "$name", "${x}", "a\x00b", "s" * 41, "٣", "ﬁ", "led", "thermal", "core", "sim"],
)  # fmt: skip
def test_new_refuses_hostile_and_taken_names_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run(["plugins", "new", "--", name, str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "plugin name" in said[0]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["true", "none", "class", "any", "modality", "view", "a1-b2"])
def test_new_writes_python_whatever_the_name_means_to_it(tmp_path: Path, name: str) -> None:
    for path in write_skeleton(name, tmp_path / name):
        if path.suffix == ".py":
            tree = ast.parse(path.read_text())
            defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
            imported = {
                alias.asname or alias.name
                for node in tree.body
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            assert not defined & imported


def test_new_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "new", "echo", str(tmp_path / "echo")]) == 0
    assert "next: pip install -e" in capsys.readouterr().out
    assert (tmp_path / "echo" / "stillage_echo" / "plugin.py").is_file()


def test_names_of_listed_kinds_cover_all_specs() -> None:
    from stillage.cli.plugins import LISTED

    kinds = {type(spec) for status in get_host().statuses() for spec in status.specs}
    assert kinds <= set(LISTED.values())
