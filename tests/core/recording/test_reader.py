"""Reading in batches, in several processes, in little memory."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording, Stream, write_recording


@pytest.fixture(scope="module")
def wide_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 MB of readings: row k holds k, k + 1, ..."""
    path = tmp_path_factory.mktemp("wide") / "wide.h5"
    script = """
        import sys
        import numpy as np
        from stillage.recording import RecordingWriter, Stream
        with RecordingWriter(sys.argv[1]) as writer:
            for first in range(0, 1200, 50):
                rows = np.arange(first, first + 50, dtype=np.float32)[:, None] + np.arange(50_000)
                groups = [str(k) for k in range(first, first + 50)]
                writer.add([Stream("wave", rows.astype(np.float32), "V")], [], groups)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(path)], check=True)
    return path


def total(recording: Recording, samples: list[int]) -> float:
    return float(np.sum(np.asarray(recording.read("wave", np.array(samples)))[:, 0]))


def total_here(recording: Recording, samples: list[int]) -> tuple[int, float]:
    return os.getpid(), total(recording, samples)


def test_order_and_repeats_do_not_matter(wide_file: Path) -> None:
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, 1200, 40)
    with Recording.open(wide_file) as recording:
        got = np.asarray(recording.read("wave", chosen))
    np.testing.assert_array_equal(got[:, 0], chosen)
    np.testing.assert_array_equal(got[:, -1], chosen + 49_999)


def test_a_pass_over_a_large_file_stays_lean(wide_file: Path, measured: Callable[..., str]) -> None:
    """Peak memory is the interpreter, the libraries and a batch: far from the 240 MB read."""
    script = """
        import sys
        import numpy as np
        from stillage.recording import Recording
        order = np.random.default_rng(0).permutation(1200)
        total = 0.0
        with Recording.open(sys.argv[1]) as recording:
            base = peak_kib()
            for batch in np.split(order, 40):
                total += float(recording.read("wave", batch)[:, 0].astype(float).sum())
        print(total, base, peak_kib())
    """
    found, base, peak = map(float, measured(script, wide_file).split())
    assert wide_file.stat().st_size > 240e6
    assert found == sum(range(1200))
    assert peak < 150 * 1024, f"{peak} KiB"
    assert peak - base < 40 * 1024, f"{base} to {peak} KiB"


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_read_the_same_recording_at_once(wide_file: Path, method: str) -> None:
    jobs = [list(range(k, 1200, 20)) for k in range(8)]
    with Recording.open(wide_file) as recording:
        wanted = [total(recording, job) for job in jobs]
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            got = list(pool.map(total_here, [recording] * len(jobs), jobs))
        assert [value for _, value in got] == wanted
        assert os.getpid() not in {pid for pid, _ in got}
        assert [total(recording, job) for job in jobs] == wanted


def _inherited(recording: Recording, queue: multiprocessing.Queue[float]) -> None:
    queue.put(total(recording, [5, 7]))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_for_itself(wide_file: Path) -> None:
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[float] = context.Queue()
    with Recording.open(wide_file) as recording:
        recording.read("wave", np.array([1]))
        child = context.Process(target=_inherited, args=(recording, queue))
        child.start()
        assert queue.get(timeout=60) == 12.0
        child.join()
        assert total(recording, [3]) == 3.0


def test_pickle_is_small_and_notices_another_content(tmp_path: Path, wide_file: Path) -> None:
    with Recording.open(wide_file) as recording:
        text = pickle.dumps(recording)
        assert len(text) < 1000
        copy = pickle.loads(text)
        assert copy.fingerprint == recording.fingerprint
    path = write_recording(tmp_path / "a.h5", [Stream("a", np.ones(2), "1")], [], ["x", "y"])
    text = pickle.dumps(Recording.open(path))
    write_recording(path, [Stream("a", np.zeros(2), "1")], [], ["x", "y"])
    with pytest.raises(BadInput, match="as before"):
        pickle.loads(text).read("a")


def test_an_open_recording_survives_its_replacement(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.h5", [Stream("a", np.ones(2), "1")], [], ["x", "y"])
    with Recording.open(path) as recording:
        write_recording(path, [Stream("a", np.zeros(2), "1")], [], ["x", "y"])
        np.testing.assert_array_equal(recording.read("a"), [1.0, 1.0])


def test_bad_requests(small_file: Path) -> None:
    with Recording.open(small_file) as recording:
        with pytest.raises(
            BadInput, match=r"no modality 'led', expected one of \['events', 'nir'\]"
        ):
            recording.read("led")
        with pytest.raises(BadInput, match="found -1 to 30, expected 0 to 29"):
            recording.read("nir", np.array([-1, 30]))
        with pytest.raises(BadInput, match="float64"):
            recording.read("nir", np.array([0.5]))


def test_absent_is_not_a_reading_of_zero(small_file: Path) -> None:
    with Recording.open(small_file) as recording:
        assert recording.presence("nir").sum() == 24
        assert recording.modalities["nir"].count == 12
        assert not np.any(recording.read("nir", np.array([29])))
        stamps = recording.timestamps("nir")
        assert stamps is not None
        assert np.isnan(stamps[24:]).all()
        assert np.isfinite(stamps[:24]).all()
        assert recording.timestamps("events") is None


def test_columns_cannot_be_changed(small_file: Path) -> None:
    with Recording.open(small_file) as recording, pytest.raises(ValueError, match="read-only"):
        recording.rows("nir")[0] = 3


def test_other_programs_can_read_the_layout(small_file: Path) -> None:
    """What docs/recording.md promises, with h5py alone."""
    with h5py.File(small_file) as file:
        assert file.attrs["format"] == b"stillage-recording"
        assert file.attrs["version"] == 1
        about = json.loads(file["metadata"][...].tobytes())
        names = [about["group_names"][code] for code in file["samples/groups"]]
        assert names[:3] == ["пункт 0", "пункт 0", "пункт 1"]
        offsets = file["modalities/events/offsets"][...]
        row = file["modalities/events/index"][4]
        for where, digest in about["digests"].items():
            assert hashlib.sha256(file[where][...].tobytes()).hexdigest() == digest
        content = {
            key: value
            for key, value in about.items()
            if key not in ("reader", "provenance", "notes", "defaults")
        }
        text = json.dumps(["stillage-recording", 1, content], sort_keys=True)
        wanted = hashlib.sha256(text.encode()).hexdigest()
        assert file.attrs["fingerprint"].decode() == wanted
        events = file["modalities/events/values"][offsets[row] : offsets[row + 1]]
    with Recording.open(small_file) as recording:
        np.testing.assert_array_equal(recording.read("events", np.array([4]))[0], events)
