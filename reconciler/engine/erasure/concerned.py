"""Tell which models an erasure concerns, and the places that it does not reach. Reads only."""

from __future__ import annotations

from reconciler.core.digest import Digest
from reconciler.core.erasure.results import AffectedModel
from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.places import ErasurePlaces
from reconciler.engine.plan import observe_loss


def affected_models(
    deps: Dependencies, desired: DesiredState, places: ErasurePlaces, artifacts: frozenset[Digest]
) -> tuple[AffectedModel, ...]:
    """Return the models whose newest journal entry holds one of these artifacts."""
    journals = observe_loss.journals_of(deps, desired)
    affected = []
    for place in places.all:
        for name in sorted({*(model.name for model in desired.models_of(place.name)), *journals.models(place.name)}):
            head = journals.head(place.name, name)
            if head is not None and head.state.artifact in artifacts and head.state.artifact is not None:
                affected.append(AffectedModel(environment=place.name, model=name, artifact=head.state.artifact))
    return tuple(affected)


def elsewhere(places: ErasurePlaces) -> tuple[str, ...]:
    """Return the places that no erasure reaches, and that a person has to look at."""
    lines = [
        f"releases in the target of {place.name} ({place.target.root or place.target.uses})"
        for place in places.all
        if place.target is not None
    ]
    lines.append("the tables of " + places.origin.name + " themselves: their owner removes the rows there")
    lines.append(
        "backups and mirrors of stores, versions that a bucket keeps, caches of other machines, exported files"
    )
    return tuple(lines)
