"""Which worker of xdist runs which test: in `make test` all of a file run in one, so that its fixtures are made once.

xdist's own groups (`--dist loadgroup`) rest on how pytest named its tests up to 9.1: with later ones every test is a
group of its own, and each worker makes everything again.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

from tests.support.effort import FULL

TOGETHER = (
    "tests/object_storage/",  # one S3 server
    "tests/sources/",  # one PostgreSQL
    "tests/integration/app/planning/test_plan_cache.py",  # one fleet
    "tests/integration/app/planning/test_readers_take_what_is_unchanged.py",
    "tests/e2e/promises/test_hostile_checkout.py",  # one environment of Python's
    "tests/e2e/promises/test_workflows.py",
)
"""What one worker runs in `make soak`, too. There, other files would be too long for one."""


class ByFile(LoadScopeScheduling):
    """Hands out files in the order of the collection (`tests.support.effort.place`)."""

    def schedule(self) -> None:
        self.config.option.loadscopereorder = False
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        alone = nodeid if FULL else nodeid.partition("::")[0]
        return next((place for place in TOGETHER if nodeid.startswith(place)), alone)
