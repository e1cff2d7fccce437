"""How often the holdout of an artifact has judged candidates so far. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.evaluation.looks import LooksSoFar, looks_at
from reconciler.core.spec.recipe import Selection
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, builds
from reconciler.engine.storage.evaluations import holdout_looks
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store

LOST_LOOKS = "how often the holdout has judged a candidate is missing from the store, though trainings counted it"
WITHOUT_LOOKS = "without one, the next training begins to count anew"


def looks_so_far(known: Mapping[str, Store], build: Build | None) -> LooksSoFar | None:
    """Return the looks at the holdout of a build in the environment that trained it; None where they are not known, as
    of a build of an earlier version. Where their record is damaged, they say so."""
    if build is None:
        return None
    try:
        stores = list(known.values())
        keeper = next((store for store in stores if blobs.holds(store, build.provenance)), None)
        report = builds.checks_of(stores, build.fingerprint)
        if keeper is None or report is None or report.holdout is None:
            return None
        environment = blobs.record(keeper, build.provenance, Provenance).environment
        if environment not in known:
            return None
        data = verification.recipe_of(keeper, build.artifact).recipe.data
        newest = holdout_looks.last(known[environment], environment, data)
        if newest is not None:
            return looks_at(newest, report.holdout)
        if known[environment].read(store_layout.build(build.fingerprint)) is None:
            return None  # trained elsewhere, and imported: its looks were counted there
        return _unread(f"{environment} keeps no record of it any more, and its training made one")
    except IntegrityError as error:
        return _unread(error.message)
    except ReconcilerError:
        return None  # of another version, or of a store that does not answer


def _unread(why: str) -> LooksSoFar:
    return LooksSoFar(rows=0, average=0.0, most=0, candidates=0, unread=f"{why}; see `reconciler audit`")


def lost_looks(store: Store, environment: str, made: Iterable[Build]) -> tuple[str, ...]:
    """Return the logs of looks that the trainings of builds added to, and that are gone from their store."""
    counted: dict[str, Selection] = {}
    for build in made:
        with suppress(ReconcilerError):  # what cannot be read, or was erased, is told of as such
            report = builds.checks_of((store,), build.fingerprint)
            if report is not None and report.holdout is not None:  # None: of an earlier version
                data = verification.recipe_of(store, build.artifact).recipe.data
                counted[store_layout.looks(environment, data.table, data.key)] = data
    return tuple(log for log, data in sorted(counted.items()) if _is_empty(store, environment, data))


def _is_empty(store: Store, environment: str, data: Selection) -> bool:
    with suppress(ReconcilerError):
        return holdout_looks.last(store, environment, data) is None
    return False
