"""Hold what is deployed against the keys of today, for those who use it without a plan. Reads only."""

from __future__ import annotations

from contextlib import suppress

from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage.journal import Journals
from reconciler.engine.trust.in_force import trust_observer
from reconciler.engine.trust.pins import PinEvidence
from reconciler.errors import IntegrityError, ReconcilerError


def check_deployed(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    journals: Journals,
    artifact: Digest,
    entry: JournalHead,
) -> None:
    """Raise IntegrityError E520 for what `entry` deployed and no trusted key vouches for any more: one was revoked.

    As a plan does (`observe.ServingObserver`), but by the environment's own store, which has what a deploy copied; the
    stores that it promotes from are asked where that refuses, and may be out of reach here. Reads nothing where no key
    is revoked.
    """
    trust = trust_observer(deps, desired, journals).check(environment.name)
    if not trust.revokes:
        return
    build = entry.state.build if entry.state.artifact == artifact else None
    names = (environment.name, *desired.upstream(environment.name))
    own = (deps.stores[environment.name],)
    try:
        PinEvidence(trust, own, artifact).training(build, entry)
    except IntegrityError:
        with suppress(ReconcilerError):
            every = tuple(deps.stores[name] for name in names if name in deps.stores)
            PinEvidence(trust, every, artifact).training(build, entry)
            return
        raise
