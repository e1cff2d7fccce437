"""The runtime that is really here, held against the one that the environment declared."""

from __future__ import annotations

import os
import platform
import sys

from reconciler.core.environment import Runtime
from reconciler.core.recipe import TRAINING_FORMAT
from reconciler.core.runtime import CORE_TYPE, core_type
from reconciler.errors import TrainingError

DISTRIBUTIONS = ("duckdb", "numpy", "scikit-learn", "scipy", "skops")


def runtime_here() -> Runtime:
    from importlib.metadata import version

    versions = {name: version(name) for name in DISTRIBUTIONS}
    versions["python"] = f"{sys.version_info.major}.{sys.version_info.minor}"
    if (kept := core_type(os.environ)) is not None:
        versions[CORE_TYPE] = kept
    machine = platform.machine()
    return Runtime(
        architecture="aarch64" if machine == "arm64" else machine,
        versions=tuple(sorted(versions.items())),
        training_format=TRAINING_FORMAT,
    )


def check_runtime(declared: Runtime) -> None:
    """TrainingError naming every difference: what is made here must be what the environment says it is."""
    here = runtime_here()
    wanted, found = dict(declared.versions), dict(here.versions)
    differences = [
        f"{name} {wanted.get(name, 'not declared')}, found {found.get(name, 'none')}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    ]
    if declared.architecture != here.architecture:
        differences.append(f"architecture {declared.architecture}, found {here.architecture}")
    if declared.training_format != here.training_format:
        differences.append(f"training format {declared.training_format}, found {here.training_format}")
    if differences:
        raise TrainingError(
            "the environment declares another runtime: " + "; ".join(differences),
            hint="install the declared lock, or change `runtime` in the environment by a pull request",
        )
