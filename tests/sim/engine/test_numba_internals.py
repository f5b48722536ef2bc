"""What kernels take from inside numba still is what they were built on; else it is said plainly."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import caching

from stillage_sim.engine import INTERPRETED, inlined, kernel, packed, stage
from stillage_sim.engine import numba_internals as internals
from stillage_sim.engine.numba_internals import changed, decorator, untested

HOME = Path(__file__).parents[3]
compiled_only = pytest.mark.skipif(INTERPRETED, reason="interpreted, nothing is compiled")


def test_the_pinned_version_is_one_that_was_tested() -> None:
    assert not untested(numba.__version__), changed("its number")
    wanted = changed("").rpartition(" ")[2]
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    assert wanted in project["dependencies"]


def test_every_name_is_there() -> None:
    gone = [name for name in internals.__all__ if getattr(internals, name, None) is None]
    assert not gone, changed(f"{gone} is gone")


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (caching.FunctionCache.__init__, "self py_func"),
        (caching.FunctionCache.load_overload, "self sig target_context"),
        (caching.FunctionCache.save_overload, "self sig data"),
        (caching.FunctionCache.disable, "self"),
        (caching.FunctionCache._index_key, "self sig codegen"),
        (caching.FunctionCache._guard_against_spurious_io_errors, "self"),
        (caching.IndexDataCacheFile.__init__, "self cache_path filename_base source_stamp"),
        (caching.IndexDataCacheFile._load_index, "self"),
        (internals.signature, "return_type args kws"),
        (internals.cgutils.create_struct_proxy, "fe_type kind"),
        (internals.cgutils.pack_array, "builder values ty"),
        (internals.cgutils.unpack_tuple, "builder tup count"),
        (internals.models.StructModel.__init__, "self dmm fe_type members"),
        (internals.models.PrimitiveModel.__init__, "self dmm fe_type be_type"),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_methods_take_what_they_took(method: Callable[..., Any], parameters: str) -> None:
    found = list(inspect.signature(method).parameters)
    assert found == parameters.split(), changed(f"{method.__qualname__} takes {found}")


def test_an_unknown_option_is_an_error_in_one_line() -> None:
    with pytest.raises(ImportError, match=rf"^numba {numba.__version__} changed .*no_such_option"):
        decorator(no_such_option=True)


@compiled_only
def test_code_that_counts_no_references_cannot_allocate() -> None:
    with pytest.raises(numba.core.errors.NumbaError):
        decorator()(lambda: np.zeros(3))()


@compiled_only
def test_options_do_what_they_are_for() -> None:
    def texts(**options: bool) -> str:
        function = decorator(**options)(lambda x: x * 3.0)
        function.compile((numba.types.float64,))
        return str(function.inspect_llvm(function.signatures[0]))

    bare = texts(no_cpython_wrapper=True, no_cfunc_wrapper=True)
    assert "cpython" in texts(), changed("where the entry from Python is")
    assert "cpython" not in bare, changed("no_cpython_wrapper")
    assert "cfunc" in texts(), changed("where the entry from C is")
    assert "cfunc" not in bare, changed("no_cfunc_wrapper")
    assert "alwaysinline" not in bare, changed("what is inlined")
    assert "alwaysinline" in texts(forceinline=True), changed("forceinline")


@compiled_only
def test_the_dispatcher_asks_its_cache() -> None:
    assert "_cache" in vars(numba.njit(lambda: None)), changed("no _cache of a dispatcher")

    @kernel
    def by_value(x: float) -> float:
        return x + 1.0

    @packed
    def by_address(x: np.ndarray) -> None:
        x[0] += 1.0

    entries: tuple[Any, ...] = (by_value, by_address.dispatcher)  # type: ignore[attr-defined]
    for entry in entries:
        kept = type(entry._cache).__name__
        assert kept == "_KernelCache", changed(f"{kept} in place of our cache")


@compiled_only
@pytest.mark.parametrize("mark", [stage, inlined])
def test_kernels_call_what_a_stage_compiles(mark: Any) -> None:
    part = mark(lambda x: x / 4.0)
    assert isinstance(part._numba_type_, numba.types.Dispatcher), changed("_numba_type_")


def test_processors_are_told_apart() -> None:
    from numba.core.registry import cpu_target

    context: Any = cpu_target.target_context
    triple, name, features = context.codegen().magic_tuple()
    assert triple
    assert name
    assert features.startswith(("+", "-")), changed("magic_tuple")


def test_a_version_that_was_not_tested_is_told_of_in_one_line() -> None:
    code = (
        "import numba, warnings\n"
        "numba.__version__ = '9.0.0'\n"
        "with warnings.catch_warnings(record=True) as told:\n"
        "    warnings.simplefilter('always')\n"
        "    import stillage_sim.engine\n"
        "print(*(w.message for w in told), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "numba 9.0.0 was never tested with these kernels\n"


def test_a_name_that_is_gone_is_told_of_in_one_line() -> None:
    code = (
        "from numba.core import imputils\n"
        "del imputils.lower_getattr_generic\n"
        "import stillage_sim.engine\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: numba {numba.__version__} changed what kernels build on")
    assert "lower_getattr_generic" in last
