"""The runtime that is really here, held against the one that the environment declared."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib.metadata import version

from reconciler.core.spec.environment import Runtime
from reconciler.core.spec.recipe import TRAINING_FORMAT
from reconciler.core.spec.runtime import DISTRIBUTIONS, described, differences
from reconciler.errors import TrainingError


@cache
def runtime_here() -> Runtime:
    """Read once: what is installed does not change under a process that has imported it."""
    return described(
        {name: version(name) for name in DISTRIBUTIONS},
        python=sys.version_info[:2],
        machine=platform.machine(),
        environ=os.environ,
        training_format=TRAINING_FORMAT,
    )


def check_runtime(declared: Runtime) -> None:
    """TrainingError naming every difference: what is made here must be what the environment says it is."""
    if found := differences(declared, runtime_here()):
        raise TrainingError(
            "the environment declares another runtime: " + "; ".join(found),
            hint="install the declared lock, or change `runtime` in the environment by a pull request",
        )
