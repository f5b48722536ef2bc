"""Register the simulator's commands."""

from __future__ import annotations

from stillage.plugin.hooks import hookimpl
from stillage.plugin.spec import CommandSpec


@hookimpl
def register() -> list[CommandSpec]:
    """Register the commands ``run``, ``evaluate`` and ``resume``."""
    return [
        CommandSpec(
            name="run",
            summary="Record, distil, deploy, simulate and report a scenario.",
            factory="stillage_sim.run.commands:run",
            api="stillage_sim.run.evaluate:run",
        ),
        CommandSpec(
            name="evaluate",
            summary="Simulate a scenario under some policies and compare them.",
            factory="stillage_sim.run.commands:evaluate",
            api="stillage_sim.run.evaluate:evaluate",
        ),
        CommandSpec(
            name="resume",
            summary="Finish an interrupted run: do only what is missing.",
            factory="stillage_sim.run.commands:resume",
            api="stillage_sim.run.evaluate:resume",
        ),
    ]
