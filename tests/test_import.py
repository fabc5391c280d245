"""What `import jaxml` costs, and what it leaves out."""

import os
import subprocess
import sys


def child(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_heavy_libraries_stay_out():
    code = """
import sys, jax, optax
before = set(sys.modules)
import jaxml
print([m for m in ("matplotlib", "pandas", "chex", "sklearn", "rich", "scipy") if m in set(sys.modules) - before])
"""
    assert child(code).strip() == "[]"


def test_nothing_global_changes():
    code = "import jax, os, warnings; a = (jax.config.values.copy(), dict(os.environ), list(warnings.filters)); import jaxml\n"
    assert child(code + "print(a == (jax.config.values, dict(os.environ), list(warnings.filters)))").strip() == "True"


def test_import_costs_little():
    """The share of jaxml's own modules in the whole import; a quarter of a second or 60 % would be a library pulled in by mistake."""
    run = subprocess.run([sys.executable, "-X", "importtime", "-c", "import jax, optax, jaxml"], capture_output=True, text=True, check=True)
    rows = [line.split("|") for line in run.stderr.splitlines() if line.count("|") == 2 and "[us]" not in line]
    cumulative = {name.strip(): int(microseconds) for _, microseconds, name in rows}
    assert cumulative["jaxml"] < 0.6 * cumulative["jax"], cumulative["jaxml"]


def test_import_without_a_home_or_a_display():
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "HOME")}
    env |= {"HOME": "/proc/none", "MPLCONFIGDIR": "/proc/none", "JAX_COMPILATION_CACHE_DIR": "/proc/none"}
    code = "import jaxml, numpy as np; print(jaxml.linear.solve(np.eye(3)[:, :1], [1.0, 2, 3]).b)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
