"""``stillage run closed-loop``: from held-out items to the page, and again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.report import plots
from stillage.report.comparison import compare_runs
from stillage.rundir import RunDir
from stillage_scenarios.chains.files import chain_path
from stillage_scenarios.chains.kpis import KPIS
from stillage_scenarios.chains.report.charts import from_zero
from stillage_scenarios.chains.report.flows import STAGES, Link, Node, network
from stillage_scenarios.chains.report.results import Band, Results
from stillage_scenarios.chains.report.sankey import STANDING, place, sankey
from stillage_sim.run.configure import configure
from stillage_sim.run.evaluate import Outcome, evaluate, resume
from tests.phone import CHROMIUM, scrolled_width
from tests.scenarios.chains.conftest import REPLICAS

STILLAGE = [sys.executable, "-m", "stillage"]
POLICIES = ["oracle", "majority", "blind", "bare"]
SMALL: dict[str, Any] = {"items": 60, "worlds": 3, "batches": 2, "batch_items": 100}
SECTIONS = (
    "material-flow", "worth-of-decisions", "over-time", "machine-timelines", "energy-balance",
    "chain",
)  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    out = tmp_path_factory.mktemp("loop") / "run"
    return evaluate(
        "closed-loop", POLICIES, SMALL, replicas=REPLICAS, days=5, seed=2, workers=0, out=out
    )


def test_figures_are_complete(ran: Outcome) -> None:
    figures = ran.figures
    assert list(figures["policies"]) == POLICIES
    assert {row["name"] for row in figures["kpis"]} == set(KPIS)
    assert figures["headline"] == "profit_eur"
    assert figures["left_out"] == []
    assert max(figures["audit"].values()) < 1e-9
    assert figures["policies"]["oracle"]["purity"]["mean"] > 0.95
    assert figures["policies"]["bare"]["recycled_kg"]["mean"] == 0.0
    assert any("no held-out item of LDPE, other" in note for note in figures["notes"])
    assert str(ran.folder.parent) not in json.dumps(figures)


def test_chunks_and_resuming_change_nothing(ran: Outcome, tmp_path: Path) -> None:
    again = evaluate(
        "closed-loop", POLICIES, SMALL, replicas=REPLICAS, days=5, seed=2, workers=0,
        out=tmp_path / "again", chunk=4,
    )  # fmt: skip
    assert (again.folder / "kpis.json").read_bytes() == (ran.folder / "kpis.json").read_bytes()
    assert compare_runs(RunDir.open(ran.folder), RunDir.open(again.folder))["identical"]
    shutil.rmtree(again.folder / "stages" / "simulate")
    (again.folder / "kpis.json").unlink()
    assert resume(again.folder, workers=0).figures == ran.figures


def test_periods_of_every_replica_are_kept(ran: Outcome) -> None:
    with h5py.File(ran.folder / "replicas.h5") as file:
        group = file["000"]
        frames = group["totals/frame_kpis"][()]
        assert frames.shape == (REPLICAS, 5, len(KPIS))
        profit = frames[..., list(KPIS).index("profit_eur")].sum(1)
        np.testing.assert_allclose(profit, group["kpis/profit_eur"][()], rtol=1e-9)


def test_the_page_has_every_section(ran: Outcome) -> None:
    page = ran.report.read_text(encoding="utf-8")
    assert "could not be made" not in page
    for name in SECTIONS:
        assert f'<section id="{name}"' in page
    assert "<script" not in page
    assert "refinery" in page
    assert "PET line" in page


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_the_page_fits_a_phone(ran: Outcome, tmp_path: Path) -> None:
    wide, high, inner = scrolled_width(ran.report.read_text(encoding="utf-8"), 390, tmp_path)
    assert high > 3000
    assert wide <= inner


def test_the_picture_keeps_the_mass(ran: Outcome) -> None:
    results = Results(RunDir.open(ran.folder))
    model = results.model
    for policy in POLICIES:
        totals = {name: results.mean(policy, name) for name in ("flow", "mass")}
        nodes, links = network(model, totals)
        names = [node.name for node in nodes]
        kilograms = {(names[link.source], names[link.sink]): float(link.kg.sum()) for link in links}
        factory = sum(kg for ends, kg in kilograms.items() if ends[1] == "factory")
        assert factory == pytest.approx(kilograms["factory", "shops"], rel=1e-9)
        virgin = -totals["mass"][model.account("refinery")].sum()
        assert kilograms["refinery", "factory"] == pytest.approx(virgin, rel=1e-9)
        sold = kilograms["shops", "packaging in use"]
        kpi = results.figures["policies"][policy]["sold_kg"]["mean"]
        assert sold == pytest.approx(kpi, rel=1e-9)
        back = ("recycler", "factory")
        assert (back in kilograms) == (policy != "bare")


def test_the_picture_is_sound_svg(ran: Outcome) -> None:
    results = Results(RunDir.open(ran.folder))
    totals = {name: results.mean("oracle", name) for name in ("flow", "mass")}
    nodes, links = network(results.model, totals)
    hostile = ("<script>", *results.model.materials[1:])
    text = str(sankey("flow0", nodes, links, hostile))
    ET.fromstring(f"<div>{text}</div>")
    assert "<script>" not in text
    for node in nodes:
        assert text.count(f">{node.name}</tspan>") == 2  # lying and standing
    assert "nothing" in str(sankey("none", nodes, [], hostile)).lower()


def test_names_below_bars_stand_apart() -> None:
    kinds = (("in use", "use"), ("residual waste", "disposal"), ("landfill", "disposal"))
    nodes = [Node(name, kind, STAGES[kind]) for name, kind in kinds]
    links = [Link(0, n, np.array([1.0])) for n in (1, 2)]
    placed, _, _ = place(nodes, [*links, Link(0, 1, np.array([18.0]))], STANDING)
    one, other = sorted(placed[1:], key=lambda each: each.v)
    middles = other.v + other.breadth / 2.0 - one.v - one.breadth / 2.0
    assert middles >= 4.6 * (len(one.node.name) + len(other.node.name))


def test_a_mean_above_its_band_is_in_the_picture() -> None:
    rare = Band(mean=np.array([0.0, 5.0]), low=np.zeros(2), high=np.zeros(2))
    with plots.figure(1.9, 3.5) as (_, axes):
        from_zero(axes, rare, None)
        assert axes.get_ylim() == pytest.approx((0.0, 5.25))


def test_a_chain_file_that_changed_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(chain_path("plastics").read_text(encoding="utf-8"), encoding="utf-8")
    config = configure("closed-loop", {"chain": str(file)})
    assert config.settings["chain"] == str(file)
    assert config.settings["digest"]
    (tmp_path / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    assert configure(tmp_path / "config.toml").settings == config.settings
    file.write_text(file.read_text(encoding="utf-8") + "\n# other\n", encoding="utf-8")
    with pytest.raises(BadInput, match="the chain of this run"):
        configure(tmp_path / "config.toml")


def test_a_month_is_the_default_and_every_key_is_shown() -> None:
    assert configure("closed-loop").days == 30.0
    assert configure("sorting").days == 2.0
    assert configure("closed-loop", {"days": 3}).days == 3.0
    found = subprocess.run(
        [*STILLAGE, "scenarios", "show", "closed-loop", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(found.stdout)
    keys = {row["key"]: row for row in told["settings"]["settings"]}
    assert keys["chain"]["default"] == "plastics"
    assert {row["key"]: row["default"] for row in told["settings"]["run"]}["days"] == 30.0
    assert {"maintenance", "antithetic", "strata", "frames", "batches"} <= set(keys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "chain=plastic"], "did you mean 'plastics'"),
        (["-o", "chain=absent.toml"], "absent.toml"),
        (["-o", "maintenance=never"], "maintenance"),
        (["-o", "strata=0"], "strata"),
        (["-o", "chain=wrong.toml"], "wrong.toml: materials: found nothing"),
        (["-o", "chain=long.toml"], "chain long.toml: found a longer file, expected at most"),
        (["-o", "chain=pipe.toml"], "'pipe.toml' (No regular file)"),
        (["-o", "replicas=1" + "0" * 5000], "-o replicas: found"),
        (["-o", "replicas=" + "[" * 5000], "-o replicas: found"),
    ],
)
def test_bad_input_exits_2_with_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("[chain]\nname = 'one'\n")
    (tmp_path / "long.toml").write_bytes(b"#\n" * 600_000)
    os.mkfifo(tmp_path / "pipe.toml")
    found = subprocess.run(
        [*STILLAGE, "run", "closed-loop", *words, "--dry-run"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert found.returncode == 2, found.stdout
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1
