"""Age goods in use by cohorts; what has served comes back, graded by its age.

Cohorts hold kilograms only; the materials of all goods of one use are well mixed (an assumption:
products change slowly against their lives). The account of the use is the ledger; cohorts and
what is due add up to it.
"""

from __future__ import annotations

from stillage_sim.chain.arrays import Chain, State
from stillage_sim.chain.stages.flows import move, total
from stillage_sim.engine import shared, stage
from stillage_sim.engine.cycles import place, turns


@stage
def _grade_age(chain: Chain, state: State, r: int, u: int, age: int) -> int:
    """Return the age class by which goods are graded: their age times how hard they were used."""
    wear = chain.uses.wear[u]
    if wear < 0:
        return age
    worn: int = max(min(int(age * state.quantity[r, wear]), chain.uses.hazard.shape[1] - 1), 0)
    return worn


@shared
def slot(newest: int, age: int, cohorts: int) -> int:
    """Return where the cohort of an age lies in the ring of cohorts."""
    return newest - age if newest >= age else newest - age + cohorts


@stage
def _age_stage(chain: Chain, state: State, r: int, u: int, cohort: int) -> None:
    """Begin cohort ``cohort``: of every older one the share of its age leaves use.

    What leaves is due in equal parts over the periods of the new cohort. The slot of the oldest,
    which leaves whole, becomes the slot of the new.
    """
    uses = chain.uses
    cohorts, grades = uses.hazard.shape[1], uses.grade.shape[2]
    collected, part = state.quantity[r, uses.collected[u]], 1.0 / uses.width[u]
    newest = place(cohort + cohorts - 1, cohorts)
    for g in range(grades):
        kg = 0.0
        for age in range(cohorts):
            leaving = state.cohort[r, u, slot(newest, age, cohorts)] * uses.hazard[u, age]
            kg += leaving * uses.grade[u, _grade_age(chain, state, r, u, age), g]
        state.due[r, u, g] = kg * part * collected
    kg = 0.0
    for age in range(cohorts):
        here = slot(newest, age, cohorts)
        leaving = state.cohort[r, u, here] * uses.hazard[u, age]
        state.cohort[r, u, here] -= leaving
        kg += leaving
    state.due[r, u, grades] = kg * part * (1.0 - collected)


@stage
def return_stage(chain: Chain, state: State, r: int, u: int, period: int) -> None:
    """Bring back, graded, what is due of a use in this period, or lose it to the loop."""
    uses = chain.uses
    if place(period, uses.width[u]) == 0:
        _age_stage(chain, state, r, u, turns(period, uses.width[u]))
    grades = uses.grade.shape[2]
    way = (
        chain.processes.sink.shape[0] + chain.makers.sink.shape[0]
        + chain.markets.account.shape[0] + 2 * u
    )  # fmt: skip
    account = uses.account[u]
    for g in range(grades + 1):
        due = state.due[r, u, g]
        if due > 0.0:
            held = total(chain.materials, state.mass[r, account])
            portion = due / held if due < held else 1.0
            sink = uses.sink[u, g] if g < grades else uses.lost[u]
            flow = state.flow[r, way + (0 if g < grades else 1)]
            move(chain.materials, state.mass[r, account], state.mass[r, sink], flow, portion)
