"""Executor: the same numbers in process and on Ray, through deaths, refusals and Ctrl-C."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stillage.compute import Executor, open_executor
from stillage.compute.in_process import InProcess
from stillage.errors import BadInput, Incomplete

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
jobs = importlib.import_module("jobs")


@pytest.fixture(scope="module")
def on_ray() -> Iterator[Executor]:
    """A private local Ray with two workers, which can import ``jobs``."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), *([before] if before else [])])
    import ray

    assert not ray.is_initialized(), (
        "an earlier test left its Ray running, which cannot import jobs"
    )
    with open_executor(workers=2) as executor:
        yield executor
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


def test_same_numbers_in_process_and_on_ray(on_ray: Executor) -> None:
    matrix = np.random.default_rng(0).normal(size=(700, 300))
    tasks, keys = list(range(9)), [f"task {n}" for n in range(9)]
    done: list[str] = []
    here = InProcess().map(jobs.weigh, tasks, keys, constants=(matrix,))
    there = on_ray.map(
        jobs.weigh, tasks, keys, on_done=lambda key, _: done.append(key), constants=(matrix,)
    )
    assert here == there
    assert sorted(done) == keys


def test_one_thread_everywhere(on_ray: Executor) -> None:
    import torch

    before = torch.get_num_threads()
    for executor in (InProcess(), on_ray):
        for found in executor.map(jobs.threads, [0, 1], ["a", "b"]):
            assert set(found["blas"]) == {1}
            assert found["torch"] == 1
            assert (found["pid"] == os.getpid()) == (executor.workers == 0)
    assert torch.get_num_threads() == before


def test_constants_are_shared_not_copied(on_ray: Executor) -> None:
    assert on_ray.map(jobs.writable, [0], ["a"], constants=(np.zeros(200_000),)) == [False]


def test_killed_worker_loses_nothing(on_ray: Executor, tmp_path: Path) -> None:
    results = on_ray.map(jobs.die_once, [0, 1, 2], ["a", "b", "c"], constants=(str(tmp_path),))
    assert results == [0, 10, 20]


def test_task_that_always_kills_is_named_after_the_rest_is_done(on_ray: Executor) -> None:
    done: dict[str, int] = {}
    with pytest.raises(Incomplete, match=r"4 times on: b \(WorkerCrashedError\)"):
        on_ray.map(jobs.die_always, [0, 1, 2], ["a", "b", "c"], on_done=done.__setitem__)
    assert done == {"a": 0, "c": 2}


@pytest.mark.parametrize("where", ["process", "ray"])
def test_refusals_keep_their_type_and_line(on_ray: Executor, where: str) -> None:
    executor = on_ray if where == "ray" else InProcess()
    with pytest.raises(BadInput) as caught:
        executor.map(jobs.refuse, [1, 2, 3], ["a", "b", "c"])
    assert str(caught.value) == "item 2: found NaN, expected a number"
    assert caught.value.exit_code == 2


def test_differing_plugins_fail_with_the_difference(on_ray: Executor) -> None:
    from stillage.compute.ray import OnRay
    from stillage.errors import PluginBroken

    assert isinstance(on_ray, OnRay)
    true_manifest = on_ray._manifest
    on_ray._manifest = (*true_manifest, ("acme", "acme 1.0"))
    try:
        with pytest.raises(PluginBroken, match=r"acme: driver 'acme 1.0', worker 'none'"):
            on_ray.map(jobs.die_always, [0], ["a"])
    finally:
        on_ray._manifest = true_manifest
    assert on_ray.map(jobs.die_always, [0], ["a"]) == [0]


def test_a_ray_that_is_already_there_stays(on_ray: Executor) -> None:
    import ray

    with open_executor(workers=1) as second:
        assert second.map(jobs.die_always, [0], ["a"]) == [0]
    assert ray.is_initialized()


def test_bad_arguments_get_one_line() -> None:
    with pytest.raises(BadInput, match="--workers: found -1"):
        open_executor(workers=-1)
    with pytest.raises(BadInput, match="one or the other"):
        open_executor(workers=0, address="auto")
    for address in ("127.0.0.1:1", "nonsense", "127.0.0.1:port", "ray://127.0.0.1:1"):
        with pytest.raises(BadInput, match=f"--address: found {address}"):
            open_executor(address=address)
    with pytest.raises(ValueError, match="unique keys"):
        InProcess().map(jobs.die_always, [0, 0], ["a", "a"])


def test_in_process_needs_no_ray() -> None:
    program = (
        "import sys; sys.modules['ray'] = None\n"
        "from stillage.compute import open_executor\n"
        "print(open_executor(workers=0).map(abs, [-3], ['a']))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert out.stdout == "[3]\n"


def test_interrupt_cancels_what_runs(tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import jobs\n"
        "from stillage.compute import open_executor\n"
        "try:\n"
        "    with open_executor(workers=1) as executor:\n"
        "        executor.map(jobs.sleep, [0, 1], ['a', 'b'], constants=(sys.argv[2],))\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(130)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(HERE), str(tmp_path)], env=environment
    ) as driver:
        for _ in range(600):
            if any(tmp_path.iterdir()):
                break
            time.sleep(0.1)
        begun = time.monotonic()
        driver.send_signal(signal.SIGINT)
        assert driver.wait(60) == 130
        assert time.monotonic() - begun < 30
