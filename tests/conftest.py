"""Settings of every test: the CPU, no display, a compilation cache, x64 in a scope."""

import os
from collections import defaultdict
from pathlib import Path

CACHE = Path(__file__).parent.parent / ".venv" / "jax-cache"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# jax.enable_x64 is the scope's newer name; jax 0.7 has only the older one
import jax  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402  (the environment must be set before jax is imported)

if hasattr(jax, "enable_x64"):
    x64_scope = jax.enable_x64
else:
    from jax.experimental import enable_x64 as x64_scope

SHARED = Path(__file__).parent.parent.parent / "shared"


def pytest_addoption(parser):
    parser.addoption("--cases", type=int, metavar="N", help="N cases of each test at most, spread over all that it has")


@pytest.hookimpl(trylast=True)  # after -m and -k have chosen
def pytest_collection_modifyitems(config, items):
    if (most := config.getoption("--cases")) is None:
        return
    tests = defaultdict(list)
    for item in items:
        tests[item.nodeid.partition("[")[0]].append(item)
    kept = {cases[i] for cases in tests.values() for i in np.linspace(0, len(cases) - 1, most).astype(int)}
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


@pytest.fixture
def x64():
    """64-bit JAX inside one test; the global flag is left alone."""
    with x64_scope(True):
        yield


@pytest.fixture
def in_width():
    """A function of "float32" or "float64" that gives the scope to compute in."""
    return lambda width: x64_scope(np.dtype(width) == np.float64)


@pytest.fixture(params=["float32", "float64"])
def width(request):
    """Both widths: the test runs once in each."""
    with x64_scope(request.param == "float64"):
        yield request.param


@pytest.fixture(scope="session")
def shared():
    """The folder of known answers beside a developer's checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"the folder of known answers is absent: {SHARED.name}/ beside the checkout")
    return SHARED
