"""The page "How we know it is right", from the figures of the tests themselves.

``python -m tests.sim.evidence`` simulates every case and writes docs/simulator/evidence.md.
"""

from __future__ import annotations

import hashlib

from tests.sim import parts
from tests.sim.chain import test_analytic_flows as flows
from tests.sim.chain import test_analytic_machines as machines
from tests.sim.chain import test_analytic_trade as trade
from tests.sim.chain.cases import HEAD, PAGE, Simulation

SECTIONS: dict[str, list[Simulation]] = {
    "Flows and goods in use, in a chain": flows.SIMULATIONS,
    "Orders and stocks, in a chain": trade.SIMULATIONS,
    "Machines that drive a chain's processes": machines.SIMULATIONS,
    "Queues and lines, by events and by slots": parts.QUEUES,
    "Wear, crews and spare parts": parts.MACHINES,
    "Batteries and indicators": parts.OTHERS,
}

INTRODUCTION = """# How we know it is right

Every figure below has a closed form. It is simulated by the very code that scenarios run: the
cases of a chain are short chain files (`tests/sim/chain`), the others call the part itself
(`tests/sim/parts.py`). Each test asserts that the value of theory lies in the 99 % interval of
what was simulated (Student's, over independent replicas), that the whole interval lies within 2 %
of theory, so that an error of 2 % would fail, and that this page says what was simulated, to the
printed digit. All luck is a hash of seed and replica, so the figures are the same on every run.

    python -m tests.sim.evidence    # simulates all of it, and writes this page
"""
CLOSING = """## What holds for every chain

Tested in every single step of random chains, of which random actions are taken
(`tests/sim/chain/test_conservation.py`):

- Mass of every material, joules and euros balance: what one account loses another gains, to 1e-9
  of what moved.
- No stock but that of a virgin supply or the outside is negative.
- Goods in use are the sum of their cohorts and of what is still due; goods under way are the sum
  of what is to arrive.
- A lane holds no more than its room, unless goods arrive by a transport with a lead or from use.
- An action that is not legal is counted, and nothing of the above breaks.

And of the plastics loop (`tests/sim/chain/test_reference.py`):

- The interpreted source gives the same bytes as the compiled one.
- A replica's figures depend on its number alone: one batch of 64 is two of 32.
- Antithetic pairs and strata lower the variance of a mean, and leave the mean where it was.

Not covered by a closed form: several processes that compete for one lane, spare parts under
crews, perception, and rules that maintain by condition. There the tests check limits and
directions only.
"""


def page(rows: dict[str, list[str]]) -> str:
    """The page of these rows by section; a digest of them is its last line."""
    parts_of = [INTRODUCTION]
    for title, lines in rows.items():
        parts_of.append(f"## {title}\n\n" + "\n".join((*HEAD, *lines)) + "\n")
    text = "\n".join([line for lines in rows.values() for line in lines])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return "\n".join([*parts_of, CLOSING]) + f"\n<!-- rows: {digest} -->\n"


def rows_of(text: str) -> dict[str, list[str]]:
    """The rows of a page by section."""
    found: dict[str, list[str]] = {}
    for block in text.split("\n## ")[1:]:
        title, *lines = block.splitlines()
        if HEAD[0] in lines:
            start = lines.index(HEAD[1]) + 1
            found[title] = [line for line in lines[start:] if line.startswith("|")]
    return found


def simulated() -> dict[str, list[str]]:
    """Simulate all cases; their rows by section."""
    return {
        title: [case.row for simulation in simulations for case in simulation()]
        for title, simulations in SECTIONS.items()
    }


if __name__ == "__main__":
    PAGE.write_text(page(simulated()), "utf-8")
