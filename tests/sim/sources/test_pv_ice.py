"""PV_ICE's tables in the forms of its releases, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_sim.sources.pv_ice import (
    ROUTES,
    end_of_life_routes,
    material_energies,
    material_yields,
    read_baseline,
)

GLASS = """\
year,mat_virgin_eff,mat_massperm2,mat_MFG_eff,mat_MFG_scrap_Recycled,mat_MFG_scrap_Recycling_eff,\
mat_MFG_scrap_Recycled_into_HQ,mat_MFG_scrap_Recycled_into_HQ_Reused4MFG,mat_PG3_ReMFG_target,\
mat_ReMFG_yield,mat_PG4_Recycling_target,mat_Recycling_yield,mat_EOL_Recycled_into_HQ,\
mat_EOL_RecycledHQ_Reused4MFG
year,%,g,%,%,%,%,%,%,%,%,%,%,%
2019,60,8450,96.4,80,50,20,10,0,50,90,40,15,8
2020,60,8764.1,96.6,80,50,20,10,0,50,90,40,15,8
2021,60,9076.6,96.9,80,50,20,10,0,50,90,40,15,8
"""
OLD_GLASS = """\
year,mat_virgin_eff,mat_massperm2,mat_MFG_eff,mat_MFG_scrap_recycled,mat_MFG_scrap_recycling_eff,\
mat_MFG_scrap_Recycled_into_HQ,mat_MFG_scrap_Recycled_into_HQ_Reused4MFG,\
mat_EOL_collected_Recycled,mat_EOL_Recycling_eff,mat_EOL_Recycled_into_HQ,\
mat_EOL_RecycledHQ_Reused4MFG
year,%,kg,%,%,%,%,%,%,%,%,%
2020,99.9,8.8,83,80,50,20,10,100,40,15,8
"""
SILICON_ENERGY = """\
year,e_mat_extraction,e_mat_MFG,e_mat_MFG_fuelfraction,e_mat_MFGScrap_LQ,e_mat_MFGScrap_HQ,\
e_mat_Landfill,e_mat_Landfill_fuelfraction,e_mat_EoL_ReMFG_clean,e_mat_Recycled_LQ,e_mat_Recycled_HQ
year,kWh/kg,kWh/kg,%,kWh/kg,kWh/kg,kWh/kg,%,kWh/kg,kWh/kg,kWh/kg
2019,0.0062,119.7507873,0,1,1.6,0.08,0,0.4,,
2020,0.0062,121.3702208,0,1,1.6,0.08,0,0.4,,
"""
MODULES = """\
year,new_Installed_Capacity_[MW],mod_eff,mod_EOL_collection_eff,mod_EOL_pg0_resell,\
mod_EOL_pg1_landfill,mod_EOL_pg2_stored,mod_EOL_pg3_reMFG,mod_EOL_pg4_recycled,\
mod_EOL_pb1_landfill,mod_EOL_pb2_stored,mod_EOL_pb3_reMFG,mod_EOL_pb4_recycled
year,MW,%,%,%,%,%,%,%,%,%,%,%
2020,14903.79,20,15,0,60,0,0,40,60,0,0,40
2021,16455.56,20.9,15,5,55,0,0,40,60,0,0,40
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mass_table(tmp_path: Path) -> None:
    baseline = read_baseline(write(tmp_path, GLASS))
    assert baseline.years.tolist() == [2019, 2020, 2021]
    found = material_yields(baseline)
    assert found.kg_per_m2.tolist() == pytest.approx([8.45, 8.7641, 9.0766])
    assert found.manufacturing_yield[baseline.row(2020)] == pytest.approx(0.966)
    assert found.eol_recovered == pytest.approx([0.36] * 3)
    assert found.eol_closed_loop == pytest.approx([0.36 * 0.15 * 0.08] * 3)
    assert baseline.column("MAT_remfg_YIELD")[1].tolist() == [0.5] * 3


def test_a_table_of_an_older_release(tmp_path: Path) -> None:
    found = material_yields(read_baseline(write(tmp_path, OLD_GLASS)))
    assert found.kg_per_m2.tolist() == [8.8]
    assert found.scrap_recycled.tolist() == [0.8]
    assert found.eol_recycled.tolist() == [1.0]
    assert found.eol_recovered == pytest.approx([0.4])


def test_an_energy_table_and_its_empty_cells(tmp_path: Path) -> None:
    baseline = read_baseline(write(tmp_path, SILICON_ENERGY))
    found = material_energies(baseline)
    assert found.manufacturing.tolist() == [119.7507873, 121.3702208]
    assert np.isnan(found.recycled_high_quality).all()
    assert baseline.units["e_mat_MFG"] == "kWh/kg"


def test_routes_at_the_end_of_life(tmp_path: Path) -> None:
    baseline = read_baseline(write(tmp_path, MODULES))
    good, bad = end_of_life_routes(baseline), end_of_life_routes(baseline, good=False)
    assert good[1] == pytest.approx([0.05, 0.55, 0.0, 0.0, 0.4])
    assert bad[0] == pytest.approx([0.0, 0.6, 0.0, 0.0, 0.4])
    assert good.shape == (2, len(ROUTES))
    assert baseline.units["new_Installed_Capacity_[MW]"] == "MW"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("2020,60,8764.1", "2020,60,x", "table.csv, line 4, column 'mat_massperm2': found 'x'"),
        ("2020,60,", "2020,160,", "line 4, column 'mat_virgin_eff': found 160"),
        ("2020,60,", "2020,,", "line 4, column 'mat_virgin_eff': found an empty cell"),
        ("2020,60,8764.1", "2020,60,-1", "line 4, column 'mat_massperm2': found -0.001"),
        ("2020,60,", "2019,60,", "line 4, column 'year': found 2019, expected whole years"),
        ("2020,60,", "2020.5,60,", "line 4, column 'year'"),
        ("year,%,g", "2018,60,8450", "a line of units that begins with year"),
        ("year,%,g", "year,%,MW", "line 2, column 'mat_massperm2': found unit 'MW'"),
        ("year,%,g", "year,%,", "line 2, column 'mat_massperm2': found no unit"),
        ("mat_MFG_eff", "mat_MFG_effect", "line 1: found no column 'mat_MFG_eff'"),
        ("mat_MFG_eff", "mat_Virgin_eff", "names that differ in case"),
        ("year,mat_virgin", "jahr,mat_virgin", "no column 'year'"),
        ("2020,60,8764.1", "2020,60", "line 4: found 13 cells, expected 14"),
    ],
)
def test_faults_are_named_with_line_and_column(
    tmp_path: Path, old: str, new: str, found: str
) -> None:
    assert old in GLASS
    path = write(tmp_path, GLASS.replace(old, new, 1))
    with pytest.raises(BadInput) as caught:
        material_yields(read_baseline(path))
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)


def test_years_are_not_extrapolated(tmp_path: Path) -> None:
    baseline = read_baseline(write(tmp_path, GLASS))
    with pytest.raises(BadInput, match="no year 2030, expected one of 2019 to 2021"):
        baseline.row(2030)


def test_routes_that_do_not_sum_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, MODULES.replace("15,5,55", "15,5,60"))
    with pytest.raises(BadInput, match=r"line 4, column 'mod_EOL_pg0\.\.\.': found a sum of 105 %"):
        end_of_life_routes(read_baseline(path))


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no years"):
        read_baseline(write(tmp_path, "year,mat_MFG_eff\nyear,%\n"))
    with pytest.raises(BadInput, match="No such file"):
        read_baseline(tmp_path / "none.csv")
