"""Compare the installed runtime with the one that the environment declares."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from reconciler.core.spec.environment import Runtime
from reconciler.core.spec.recipe import TRAINING_FORMAT
from reconciler.core.spec.runtime import DISTRIBUTIONS, OF_ESTIMATORS, described, differences, remedy
from reconciler.errors import TrainingError


@cache
def runtime_here() -> Runtime:
    """Return the installed runtime. Read once: it does not change under a process that has imported it."""
    return described(
        {name: version(name) for name in DISTRIBUTIONS} | _of_estimators(),
        python=sys.version_info[:2],
        machine=platform.machine(),
        environ=os.environ,
        training_format=TRAINING_FORMAT,
    )


def _of_estimators() -> dict[str, str]:
    found = {}
    for name in OF_ESTIMATORS.values():
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def check_runtime(declared: Runtime) -> None:
    """Check that the installed runtime is the declared one. Raises TrainingError naming every difference."""
    if mismatches := differences(declared, runtime_here()):
        raise TrainingError(
            "the runtime installed here is not the one that the environment declares: " + "; ".join(mismatches),
            hint=remedy(declared, runtime_here(), None),
        )
