"""Fix the environment in which a worker process computes, so that the same inputs give the same bytes.

Pinned on x86-64: OpenBLAS' kernels (`OPENBLAS_CORETYPE`) and numpy's dispatch (`NPY_DISABLE_CPU_FEATURES` down to its
baseline), because both pick other instructions, and so other last bits, by the CPU they run on. One BLAS thread,
because sums are split by thread. OpenMP threads are the operator's choice: histogram boosting predicts the same at any
count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.core.search_path import absolute_folders
from reconciler.core.spec.environment import Runtime

# Passed on to workers; everything else, credentials above all, is not.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "LD_LIBRARY_PATH")
_SEARCH_PATHS = ("PATH", "LD_LIBRARY_PATH")
_BASELINE_CORE = "Haswell"
# numpy's dispatched groups beyond its baseline X86_V2, and the names that older builds give them.
_NUMPY_FEATURES = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"
CORE_TYPE = "openblas-coretype"


def fixed_environment(parent: Mapping[str, str], *, architecture: str) -> dict[str, str]:
    """Return all environment variables of a worker process. `parent` are those of this process.

    An `OPENBLAS_CORETYPE` that the machine's administrator set is kept, since it may be there for correctness; it is
    then part of the runtime (`core_type`).
    """
    fixed = {name: parent[name] for name in _KEPT if name in parent}
    fixed |= {name: absolute_folders(fixed[name]) for name in _SEARCH_PATHS if name in fixed}
    fixed |= {
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": parent.get("PYTHONDONTWRITEBYTECODE", ""),
        "PYTHONWARNINGS": "ignore",
        "TZ": "UTC",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "BLIS_NUM_THREADS": "1",
        "VECLIB_MAXIMUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        "OMP_DYNAMIC": "FALSE",
        # How long OpenMP threads (of gcc's library) spin before they sleep. Measured, two cores: never to spin made an
        # idle machine five times slower, to spin long (the default) made a busy one twice as slow as this.
        "GOMP_SPINCOUNT": parent.get("GOMP_SPINCOUNT", "10000"),
        # No thread of pyarrow's allocator: the fork server must have one thread (`reconciler.workers.fork_server`).
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "HOME": parent.get("HOME", ""),
    }
    if architecture == "x86_64":
        fixed["OPENBLAS_CORETYPE"] = parent.get("OPENBLAS_CORETYPE") or _BASELINE_CORE
        fixed["NPY_DISABLE_CPU_FEATURES"] = _NUMPY_FEATURES
    return {name: value for name, value in fixed.items() if value}


def core_type(parent: Mapping[str, str]) -> str | None:
    """Return the administrator's `OPENBLAS_CORETYPE`, or None where it is unset or the baseline."""
    kernel = parent.get("OPENBLAS_CORETYPE")
    return kernel if kernel and kernel != _BASELINE_CORE else None


# The distributions whose versions decide an artifact's bytes, besides Python's.
DISTRIBUTIONS = ("duckdb", "numpy", "scikit-learn", "scipy", "skops")
OF_ESTIMATORS = {"lightgbm": "lightgbm", "xgboost": "xgboost-cpu"}
"""The distributions of libraries that a recipe may use, by its `uses`, which is the name of their extra, too: they
are of the runtime of such models alone."""


def runtime_for(runtime: Runtime, uses: Collection[str]) -> Runtime:
    """Return a runtime for models with estimators of these libraries: without what is of other estimators alone."""
    others = {name for of, name in OF_ESTIMATORS.items() if of not in uses}
    return replace(runtime, versions=tuple(pair for pair in runtime.versions if pair[0] not in others))


def described(
    versions: Mapping[str, str],
    *,
    python: tuple[int, int],
    machine: str,
    environ: Mapping[str, str],
    training_format: int,
) -> Runtime:
    """Return the runtime of a machine. `machine` as `uname -m` prints it; `python` is (major, minor)."""
    measured = dict(versions) | {"python": f"{python[0]}.{python[1]}"}
    if (kernel := core_type(environ)) is not None:
        measured[CORE_TYPE] = kernel
    return Runtime(
        architecture="aarch64" if machine == "arm64" else machine,
        versions=tuple(sorted(measured.items())),
        training_format=training_format,
    )


def remedy(declared: Runtime, installed: Runtime, lock: str | None) -> str:
    """Return how to train as declared: the command that installs the declared versions, where one can.

    `lock`: the file that pins them; None where its path is not known.
    """
    wanted, here = dict(declared.versions), dict(installed.versions)
    if declared.architecture != installed.architecture:
        return f"train on a machine with {declared.architecture}; or change `runtime` by a pull request"
    if declared.training_format != installed.training_format:
        return "install the release of model-reconciler that the sandbox is trained with elsewhere"
    if wanted.get(CORE_TYPE) != here.get(CORE_TYPE):
        return "unset OPENBLAS_CORETYPE"
    names = (*DISTRIBUTIONS, *OF_ESTIMATORS.values())
    extras = [f"'model-reconciler[{of}]'" for of, name in OF_ESTIMATORS.items() if name in wanted and name not in here]
    pins = extras + [f"{name}=={wanted[name]}" for name in names if wanted.get(name) not in (None, here.get(name))]
    install = f"pip install {' '.join(pins)}"  # not the lock: it may hold more than is to be had from the index
    if wanted.get("python") != here.get("python"):
        install = f"pip install -r {lock}" if lock is not None else install
        return f"python{wanted.get('python')} -m venv .venv && .venv/bin/{install}"
    return f"{install}; or, to train with what is installed here, put its versions into the lock by a pull request"


def differences(declared: Runtime, installed: Runtime) -> tuple[str, ...]:
    """Return the differences in words, sorted by name; empty where the installed runtime is the declared one.

    A library of estimators that is installed and not declared makes no difference.
    """
    wanted, installed_versions = dict(declared.versions), dict(installed.versions)
    for name in OF_ESTIMATORS.values():
        if name not in wanted:
            installed_versions.pop(name, None)
    lines = [
        f"{name} {wanted.get(name, 'not declared')}, found {installed_versions.get(name, 'none')}"
        for name in sorted(wanted.keys() | installed_versions.keys())
        if wanted.get(name) != installed_versions.get(name)
    ]
    if declared.architecture != installed.architecture:
        lines.append(f"architecture {declared.architecture}, found {installed.architecture}")
    if declared.training_format != installed.training_format:
        lines.append(f"training format {declared.training_format}, found {installed.training_format}")
    return tuple(lines)
