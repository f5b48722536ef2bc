"""Run the stages: record, distil, export, perceive, simulate, report; each can be resumed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillage.compute import Executor, open_executor
from stillage.distillation.arm_table import DISTILLED
from stillage.errors import BadInput, Incomplete
from stillage.plugin.overrides import checked
from stillage.rundir import RunDir, Stage
from stillage.storage.atomic import atomic_file, write_json
from stillage_sim.policy.registered import content_of
from stillage_sim.run import casting, deploy, figures, replicas
from stillage_sim.run.configure import scenario_of
from stillage_sim.run.context import Context
from stillage_sim.scenario import Totals, World

if TYPE_CHECKING:
    from stillage.distillation import SeedResult
    from stillage.recording import Recording

STAGES = ("record", "distill", "export", "perceive", "simulate", "report")


class Quiet:
    """A progress that nobody watches."""

    def advance(self, done: str = "") -> None:
        """Do nothing."""


Progress = Callable[[str, int], AbstractContextManager[Any]]
"""``progress(title, total)`` gives a context whose value has ``advance(done)``."""


def quiet(title: str, total: int) -> AbstractContextManager[Quiet]:
    """Open a progress that prints nothing."""
    return nullcontext(Quiet())


class Pipeline:
    """A driver at work on one run directory.

    Parameters
    ----------
    run : RunDir
        Holds the complete configuration.
    open_workers : callable
        Gives the executor; called when a stage has work to do.
    progress : callable
        See :data:`Progress`.
    """

    def __init__(
        self,
        run: RunDir,
        open_workers: Callable[[], Executor],
        progress: Progress = quiet,
        chunk: int = replicas.CHUNK,
    ) -> None:
        self.run = run
        self.config = run.config
        self.context = Context(run, scenario_of(run.config.scenario))
        self.progress = progress
        self.chunk = chunk
        self.at = STAGES[0]
        self._open_workers = open_workers

    @functools.cached_property
    def executor(self) -> Executor:
        """Return the executor in which tasks run, opened when it is first needed."""
        return self._open_workers()

    def close(self) -> None:
        """Let the workers go, if any came."""
        if "executor" in self.__dict__:
            self.executor.close()

    def stage(self, name: str, **inputs: Any) -> Stage:
        """Open a stage whose key also holds our version."""
        self.at = name
        self.run.set_status("running", name)
        return self.run.stage(name, {**inputs, "version": version("stillage")})

    def everything(self) -> dict[str, Any]:
        """Do all that is missing, and return the figures."""
        recording = self.record()
        with recording:
            results = self.distil(recording)
            self.export(results)
            cast_key = self.perceive(recording, results)
            world, totals = self.simulate(recording, results, cast_key)
            found = figures.assemble(self.context, recording, results, world, totals)
        self.at = "report"
        self.run.set_status("running", "report")
        figures.write_replicas(self.run.path / "replicas.h5", world, totals, self.config)
        write_json(self.run.path / "kpis.json", found)
        self.report()
        return found

    def record(self) -> Recording:
        """Open the recording; render it first where the scenario makes its own."""
        from stillage.recording import Recording
        from stillage.recording.info import describe

        config = self.config
        source = {"fingerprint": config.fingerprint} if config.recording else {
            "scenario": config.scenario, "items": config.items, "seed": config.seed
        }  # fmt: skip
        stage = self.stage("record", **source)
        rendered = stage.folder / "recording.h5"
        path = Path(config.recording) if config.recording else rendered
        if not stage.finished:
            stage.begin()
            with self.progress("record", 1) as bar:
                if not config.recording:
                    with atomic_file(rendered) as part:
                        self.context.scenario.record(config.items, config.seed, part)
                with Recording.open(path) as recording:
                    self._check(recording)
                    write_json(stage.folder / "info.json", describe(recording))
                bar.advance(path.name)
            stage.finish()
        recording = Recording.open(path)
        self._check(recording)
        return recording

    def _check(self, recording: Recording) -> None:
        wanted = self.config.fingerprint
        if wanted and recording.fingerprint != wanted:
            raise BadInput(
                recording.path,
                f"content {recording.fingerprint[:12]}",
                f"the recording of this run ({wanted[:12]})",
            )

    def distil(self, recording: Recording) -> tuple[SeedResult, ...]:
        """Train all seeds, if any policy needs a trained model."""
        if not self.context.models:
            return ()
        from stillage.distillation import SeedResult, distill, seed_folder

        plan = self.config.distillation
        about = {"recording": recording.fingerprint, "plan": plan.model_dump(mode="json")}
        stage = self.stage("distill", **about)
        if stage.finished:
            folders = [seed_folder(stage.folder, seed) for seed in plan.seed_numbers]
            return tuple(SeedResult.load(folder) for folder in folders)
        stage.begin()
        with self.progress("distill", plan.seeds) as bar:
            result = distill(
                recording, plan, self.executor, stage.folder,
                progress=lambda seed: bar.advance(f"seed {seed.seed}"),
            )  # fmt: skip
        stage.finish()
        return result.seeds

    def export(self, results: tuple[SeedResult, ...]) -> None:
        """Export each seed's distilled student in this process: what is measured is undisturbed."""
        if not any(arm.export for arm in self.context.arms):
            return
        stage = self.stage("export", distill=self.key("distill"))
        if stage.finished:
            return
        stage.begin()
        folders = {r.seed: self.context.export_folder(r.seed) for r in results}
        todo = {seed: path for seed, path in folders.items() if not deploy.exported(path)}
        with self.progress("export", len(todo)) as bar:
            for seed, path in todo.items():
                deploy.export(self.context.model_folder(seed, DISTILLED), path)
                bar.advance(f"seed {seed}")
        stage.finish()

    def key(self, name: str) -> str:
        """Read the key of a finished stage."""
        return str(self.run.read_json(f"stages/{name}/done.json").get("key", ""))

    def perceive(self, recording: Recording, results: tuple[SeedResult, ...]) -> str:
        """Perceive the held-out items with every model and bundle; return the stage's key."""
        stage = self.stage(
            "perceive",
            recording=recording.fingerprint,
            distill=self.key("distill") if self.context.models else "",
            models=self.context.models,
            bundles={k: deploy.fingerprint(path) for k, path in self.config.bundles.items()},
            profile=self.config.profile,
        )
        if stage.finished:
            return stage.key
        stage.begin()
        held_out = casting.held_out(self.context, recording, results)
        wanted = deploy.perceptions(self.context, recording, results, held_out)
        tasks = [task for task in wanted if not task.path.exists()]
        with self.progress("perceive", len(tasks)) as bar:
            if tasks:
                self.executor.map(
                    deploy.perceive, tasks, [task.key for task in tasks],
                    lambda key, _: bar.advance(key),
                )  # fmt: skip
        stage.finish()
        return stage.key

    def simulate(
        self, recording: Recording, results: tuple[SeedResult, ...], perceived: str
    ) -> tuple[World, Mapping[str, Totals]]:
        """Roll every policy out over all replicas."""
        config = self.config
        settings = checked(self.context.scenario.Settings, config.settings, "settings")
        cast = casting.build_cast(self.context, recording, results, settings)
        world = self.context.scenario.world(settings, cast, self.context.outside)
        names = [name for name in config.policies if name in world.policies]
        stage = self.stage(
            "simulate", perceive=perceived, policies=names, settings=config.settings,
            replicas=config.replicas, days=config.days, worlds=config.worlds, seed=config.seed,
            scenario=config.scenario, **self._outside(),
        )  # fmt: skip
        finished = stage.finished
        if not finished:
            stage.begin()
        total = sum(-(-config.replicas // self.chunk) for _ in names)
        with self.progress("simulate", total) as bar:
            totals = replicas.simulate(
                world, names, config.replicas, config.days, config.seed,
                self._executor_or_none(finished), stage.folder, bar.advance, self.chunk,
            )  # fmt: skip
        if not finished:
            stage.finish()
        return world, totals

    def _outside(self) -> dict[str, Any]:
        """Return what decides policies that no plugin registers, for a stage's key."""
        places = self.config.outside
        told = {name: content_of(place) for name, place in places.items()}
        return {"outside": told} if told else {}

    def _executor_or_none(self, finished: bool) -> Executor:
        """Return workers where there is work; a finished stage is only read."""
        return open_executor(0) if finished else self.executor

    def report(self) -> None:
        """Write the page."""
        from stillage.report.page import write_report

        with self.progress("report", 1) as bar:
            write_report(self.run)
            bar.advance("report.html")


def execute(
    run: RunDir,
    workers: int | None = None,
    address: str | None = None,
    progress: Progress = quiet,
    chunk: int = replicas.CHUNK,
) -> dict[str, Any]:
    """Do what is missing in a run directory, and return its figures.

    However it ends, ``status.json`` says so; an error carries the command that resumes.

    Raises
    ------
    BadInput
        If another driver is at work on it, or its inputs have changed or do not fit.
    Incomplete
        If workers died too often for some tasks.
    """
    with run.lock():
        pipeline = Pipeline(run, lambda: open_executor(workers, address), progress, chunk)
        try:
            found = pipeline.everything()
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            incomplete = isinstance(error, Incomplete)
            state = "interrupted" if interrupted else "incomplete" if incomplete else "failed"
            run.set_status(state, pipeline.at, str(error))  # type: ignore[arg-type]
            error.add_note(f"continue with: {run.resume_command}")
            raise
        finally:
            pipeline.close()
        run.set_status("finished")
    return found
