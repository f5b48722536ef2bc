"""One plugin's failure is its own; what several claim is nobody's; order never matters."""

from __future__ import annotations

import itertools
import pickle
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from stillage.errors import BadInput, PluginBroken
from stillage.plugin.host import Host, get_host
from stillage.plugin.loading import PluginStatus
from stillage.plugin.spec import EncoderSpec, FusionSpec, PolicySpec
from stillage.sensing.modality import get_modality
from tests.core.plugin.conftest import Plant

GOOD = """
@hookimpl
def register():
    return [fusion("good")]
"""


def only(host: Host, name: str) -> PluginStatus:
    (status,) = [status for status in host.statuses() if status.name == name]
    return status


BROKEN = {
    "import error": ("import no_such_module_at_all\n", "No module named 'no_such_module_at_all'"),
    "syntax": ("def (:\n", "SyntaxError"),
    "exit": ("raise SystemExit(3)\n", "SystemExit: 3"),
    "raising hook": ("@hookimpl\ndef register():\n    return [1 / 0]\n", "ZeroDivisionError"),
    "misspelt hook": ("@hookimpl\ndef registr():\n    return []\n", "did you mean 'register'?"),
    "no marker": ("def register():\n    return []\n", "register() lacks @hookimpl"),
    "nothing": ("x = 1\n", "no hook is implemented: expected register or worker_setup"),
    "argument": ("@hookimpl\ndef register(host):\n    return []\n", "{'host'} are declared"),
    "none": ("@hookimpl\ndef register():\n    return 3\n", "returned int, expected a list"),
    "one spec": ("@hookimpl\ndef register():\n    return fusion('a')\n", "returned FusionSpec"),
    "no specs": (
        "@hookimpl\ndef register():\n    return ['a']\n",
        "returned a str",
    ),
    "bad spec": ("@hookimpl\ndef register():\n    return [fusion('UPPER')]\n", "ValidationError"),
    "bad string": ("@hookimpl\ndef register():\n    return [fusion('a', 'x')]\n", "factory"),
    "twice": (
        "@hookimpl\ndef register():\n    return [fusion('a'), fusion('a')]\n",
        "fusion 'a' is twice in bad (stillage-bad 1.0)",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_plugin_is_reported_and_others_work(plant: Plant, case: str) -> None:
    source, reason = BROKEN[case]
    host = Host.load([plant("bad", source), plant("fine", GOOD)], disabled=())
    bad = only(host, "bad")
    assert bad.status == "broken"
    assert reason in bad.reason
    assert "\n" not in bad.reason
    assert only(host, "fine").status == "ok"
    assert [spec.name for spec in host.specs(FusionSpec) if spec.name != "a"] == ["good"]


def test_missing_module_and_foreign_target(plant: Plant) -> None:
    stray = EntryPoint("stray", "nowhere_to_be_found.plugin", "stillage")
    host = Host.load([stray, plant("fine", GOOD)], disabled=())
    assert only(host, "stray").status == "broken"
    assert only(host, "stray").distribution == "unknown"
    assert "nowhere_to_be_found" in only(host, "stray").traceback
    assert only(host, "fine").status == "ok"


def test_traceback_names_the_plugins_own_line(plant: Plant) -> None:
    host = Host.load([plant("bad", BROKEN["raising hook"][0])], disabled=())
    assert "return [1 / 0]" in only(host, "bad").traceback


def test_ctrl_c_is_not_swallowed(plant: Plant) -> None:
    with pytest.raises(KeyboardInterrupt):
        Host.load([plant("bad", "raise KeyboardInterrupt\n")], disabled=())


def test_duplicate_is_nobodys_and_names_both(plant: Plant) -> None:
    two = "@hookimpl\ndef register():\n    return [fusion('same'), fusion('{}')]\n"
    points = [
        plant("one", two.format("first"), "dist-one", "1.0"),
        plant("two", two.format("second"), "dist-two", "2.5"),
    ]
    for order in itertools.permutations(points):
        host = Host.load(order, disabled=())
        assert [spec.name for spec in host.specs(FusionSpec)] == ["first", "second"]
        for name in ("one", "two"):
            assert only(host, name).status == "broken"
            assert only(host, name).reason == (
                "fusion 'same' is both registered by one (dist-one 1.0) and two (dist-two 2.5)"
            )
        with pytest.raises(PluginBroken, match=r"dist-one 1\.0.*dist-two 2\.5"):
            host.spec(FusionSpec, "same")


def test_encoders_of_one_size_are_duplicates(plant: Plant) -> None:
    source = """
    from stillage.plugin.spec import EncoderSpec
    @hookimpl
    def register():
        return [EncoderSpec(name="{}", modality="led", size="small", summary="", factory="a:b")]
    """
    points = [plant("one", source.format("led-small")), plant("two", source.format("led-tiny"))]
    host = Host.load(points, disabled=())
    assert not host.specs(EncoderSpec)
    assert "encoder size 'small' of led" in only(host, "one").reason


def test_policies_are_unique_within_their_scenario(plant: Plant) -> None:
    source = """
    @hookimpl
    def register():
        return [PolicySpec(name="rule", scenario="{}", summary="", factory="json:loads")]
    """
    host = Host.load([plant("a", source.format("one")), plant("b", source.format("two"))], ())
    assert [s.status for s in host.statuses()] == ["ok", "ok"]
    assert host.spec(PolicySpec, "rule", scenario="two").scenario == "two"
    assert [spec.scenario for spec in host.scenario_specs(PolicySpec, "one")] == ["one"]
    with pytest.raises(BadInput, match="none is installed"):
        host.spec(PolicySpec, "rule", scenario="three")


def test_order_never_matters(plant: Plant) -> None:
    names = ("c", "a", "b")
    points = [plant(name, GOOD.replace("good", f"fusion-{name}")) for name in names]
    views = set()
    for order in itertools.permutations(points):
        host = Host.load(order, disabled=())
        manifest = tuple(host.manifest().items())
        views.add((tuple(spec.name for spec in host.specs(FusionSpec)), manifest))
    assert len(views) == 1
    assert next(iter(views))[0] == ("fusion-a", "fusion-b", "fusion-c")


OTHER_API = "@hookimpl\ndef register():\n    return [fusion('x', api_version={}{})]\n"


@pytest.mark.parametrize("more", ["", ", brand_new_field=3"])
def test_other_api_version_is_incompatible(plant: Plant, more: str) -> None:
    host = Host.load([plant("old", OTHER_API.format(99, more)), plant("fine", GOOD)], ())
    old = only(host, "old")
    assert old.status == "incompatible"
    assert "plugin API 99, this is 1" in old.reason
    assert only(host, "fine").status == "ok"


def test_unknown_field_of_this_api_version_is_broken(plant: Plant) -> None:
    host = Host.load([plant("odd", OTHER_API.format(1, ", brand_new_field=3"))], disabled=())
    assert only(host, "odd").status == "broken"
    assert "brand_new_field" in only(host, "odd").reason


def test_requirement_that_is_not_installed_disables(plant: Plant) -> None:
    needy = "@hookimpl\ndef register():\n    return [fusion('needy', requires=('no_such_lib',))]\n"
    some = "@hookimpl\ndef register():\n    return [fusion('n', requires=('lib_x',)), fusion('o')]"
    host = Host.load([plant("all", needy), plant("some", some)], disabled=())
    assert only(host, "all").status == "disabled"
    assert only(host, "all").reason == "needs module 'no_such_lib', which is not installed"
    assert only(host, "some").status == "ok"
    assert [spec.name for spec in host.specs(FusionSpec)] == ["o"]
    with pytest.raises(PluginBroken, match=r"fusion 'needy' of plugin all .* needs module"):
        host.spec(FusionSpec, "needy")


@pytest.mark.parametrize("named", ["fine", "stillage-fine", " fine , other"])
def test_disabled_by_variable(plant: Plant, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("STILLAGE_DISABLE_PLUGINS", named)
    host = Host.load([plant("fine", "raise RuntimeError\n")])
    assert only(host, "fine").status == "disabled"
    assert only(host, "fine").reason == "by STILLAGE_DISABLE_PLUGINS"
    assert host.manifest()[f"fine = {only(host, 'fine').value}"].endswith("disabled")


def test_unknown_name_suggests(plant: Plant) -> None:
    host = Host.load([plant("fine", GOOD), plant("bad", "1 / 0\n")], disabled=())
    with pytest.raises(BadInput) as caught:
        host.spec(FusionSpec, "godo")
    assert str(caught.value) == (
        "fusion 'godo': found no such fusion, expected one of good; did you mean 'good'?"
        " (broken: bad; see `stillage plugins doctor`)"
    )
    assert caught.value.exit_code == 2


def test_create_and_resolve(plant: Plant) -> None:
    source = """
    @hookimpl
    def register():
        return [fusion("json"), fusion("typo", "json:lods"), fusion("gone", "nowhere.at:all")]
    """
    host = Host.load([plant("fine", source)], disabled=())
    with pytest.raises(PluginBroken, match="fusion 'json': its factory gave a list"):
        host.create(FusionSpec, "json", "[1, 2]")
    assert host.resolve("math:pi") == pytest.approx(3.14159, abs=1e-5)
    with pytest.raises(PluginBroken) as typo:
        host.create(FusionSpec, "typo")
    assert str(typo.value) == (
        "fusion 'typo' of plugin fine (stillage-fine 1.0): module 'json' has no 'lods';"
        " did you mean 'loads'?"
    )
    with pytest.raises(PluginBroken, match="there is no module 'nowhere'"):
        host.create(FusionSpec, "gone")


def test_resolve_tells_a_missing_library_from_a_missing_module(
    plant: Plant, tmp_path: Path
) -> None:
    (tmp_path / "needs_lib.py").write_text("import lib_that_is_not_there\n")
    (tmp_path / "raises.py").write_text("raise ValueError('two\\nlines')\n")
    host = Host.load([plant("fine", GOOD)], disabled=())
    with pytest.raises(PluginBroken, match="'needs_lib' needs module 'lib_that_is_not_there'"):
        host.resolve("needs_lib:x")
    with pytest.raises(PluginBroken, match="importing 'raises' failed: ValueError: two lines"):
        host.resolve("raises:x")


def test_manifest_changes_with_version_and_specs(plant: Plant) -> None:
    manifests = [
        set(Host.load([plant("p", GOOD, version=version)], disabled=()).manifest().values())
        for version in ("1.0", "1.1")
    ]
    other = Host.load([plant("p", GOOD.replace("good", "better"))], disabled=()).manifest()
    digests = {value.split()[-1] for manifest in (*manifests, other.values()) for value in manifest}
    assert manifests[0] != manifests[1]
    assert len(digests) == 2


def test_worker_setup_is_isolated(plant: Plant) -> None:
    source = """
    import sys
    @hookimpl
    def worker_setup(context):
        {}
    """
    points = [
        plant("a", source.format("1 / 0")),
        plant("b", source.format("sys.planted_context = dict(context)")),
    ]
    host = Host.load(points, disabled=())
    assert [status.status for status in host.statuses()] == ["ok", "ok"]
    failed = host.setup_worker({"workers": "ray"})
    assert [status.name for status in failed] == ["a"]
    assert only(host, "a").reason.startswith("worker_setup failed: ZeroDivisionError")
    assert sys.__dict__.pop("planted_context") == {"workers": "ray"}


def test_two_distributions_may_use_one_entry_point_name(plant: Plant) -> None:
    points = [
        plant("p", GOOD, "dist-one"),
        plant("p", GOOD.replace("good", "better"), "dist-two"),
    ]
    host = Host.load(points, disabled=())
    assert [spec.name for spec in host.specs(FusionSpec)] == ["good", "better"]
    assert len(host.manifest()) == 2


def test_modality_is_cached_and_must_be_one(plant: Plant) -> None:
    host = get_host()
    assert get_modality("led") is get_modality("led", host)
    source = """
    @hookimpl
    def register():
        return [ModalitySpec(name="odd", summary="", factory="builtins:dict",
            sample=SampleSpec(shape=(1,), dtype="float32", unit="1", axes=("x",)),
            cost=Cost(price_eur=1, energy_j=1, time_s=1))]
    """
    odd = Host.load([plant("odd", source)], disabled=())
    with pytest.raises(PluginBroken, match="its factory gave a dict"):
        get_modality("odd", odd)
    generic = odd.encoder("odd", "linear")
    assert (generic.size, generic.factory) == ("linear", "stillage.network.encoders:FlattenEncoder")
    with pytest.raises(BadInput, match="no such size, expected one of linear"):
        odd.encoder("odd", "huge")
    with pytest.raises(BadInput, match="modality 'none'"):
        odd.encoder("none", "linear")


def test_installed_plugins_all_load() -> None:
    host = get_host()
    ours = {s.name: s.status for s in host.statuses() if s.distribution == "stillage"}
    names = (
        "core", "events", "thermal", "spectral", "audiovideo", "sensors", "sim", "scenarios",
    )  # fmt: skip
    assert ours == dict.fromkeys(names, "ok")
    assert host.encoder("led", "linear").modality == "led"


def test_a_host_with_further_specs_leaves_the_first_as_it_was() -> None:
    mine = FusionSpec(name="mine", summary="", factory="builtins:dict")
    base = get_host()
    more = base.plus([mine])
    assert more.spec(FusionSpec, "mine") is mine
    assert len(more.specs(FusionSpec)) == len(base.specs(FusionSpec)) + 1
    twice = base.plus([mine.model_copy(update={"name": "concat"})])
    with pytest.raises(PluginBroken, match=r"both registered by core .* and given"):
        twice.spec(FusionSpec, "concat")
    assert base.spec(FusionSpec, "concat")


def test_a_host_crosses_processes() -> None:
    host = pickle.loads(pickle.dumps(get_host()))
    assert host.manifest() == get_host().manifest()
    assert get_modality("led", host).spec == get_modality("led").spec
