"""What `import jaxml` costs, and what it leaves out."""

import os
import subprocess
import sys


def child(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_import_pulls_in_nothing_else():
    """Beside jax and optax only the library that reads files, and no more of what they load in part, as of scipy: it takes time."""
    code = """
import sys, jax, optax
before = set(sys.modules)
import jaxml
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))
"""
    assert {"jaxml", "safetensors"} <= set(child(code).split()) <= {"jaxml", "safetensors", "jax", "numpy"}


def test_import_computes_nothing():
    """A device is looked for when the first array is made: on one that does not exist, that would raise."""
    run = [sys.executable, "-c", "import jaxml"]
    subprocess.run(run, env=os.environ | {"JAX_PLATFORMS": "nowhere"}, check=True)


def test_nothing_global_changes():
    code = "import jax, os, warnings; a = (jax.config.values.copy(), dict(os.environ), list(warnings.filters)); import jaxml\n"
    assert child(code + "print(a == (jax.config.values, dict(os.environ), list(warnings.filters)))").strip() == "True"


def test_import_without_a_home_or_a_display():
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "HOME")}
    env |= {"HOME": "/proc/none", "MPLCONFIGDIR": "/proc/none", "JAX_COMPILATION_CACHE_DIR": "/proc/none"}
    code = "import jaxml, numpy as np; print(jaxml.linear.solve(np.eye(3)[:, :1], [1.0, 2, 3]).b)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
