"""How often the holdout of an artifact has judged candidates so far. Reads only."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.evaluation.looks import LooksSoFar, looks_at
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, builds
from reconciler.engine.storage.evaluations import holdout_looks
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store


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
        return looks_at(newest, report.holdout) if newest is not None else None
    except IntegrityError as error:
        return LooksSoFar(rows=0, average=0.0, most=0, candidates=0, unread=f"{error.message}; see `reconciler audit`")
    except ReconcilerError:
        return None  # of another version, or of a store that does not answer
