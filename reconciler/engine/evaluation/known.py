"""What is recorded of an artifact's evaluation in full, in any store that may have it. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.digest import Digest
from reconciler.core.evaluation.brief import JudgedInBrief, in_brief
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import DeclaredEvaluation
from reconciler.engine.evaluation import in_full
from reconciler.engine.evaluation.judge_model import declared_of
from reconciler.engine.storage import blobs
from reconciler.errors import ReconcilerError
from reconciler.ports import Store


def recorded_in(stores: Iterable[Store], artifact: Digest, declared: DeclaredEvaluation) -> DetailedEvaluation | None:
    """Return the recorded evaluation in full of the first store that has it; None also where it is damaged, which
    `audit` tells."""
    for store in stores:
        try:
            if blobs.holds(store, artifact) and (found := in_full.recorded(store, artifact, declared)) is not None:
                return found
        except ReconcilerError:
            return None
    return None


def brief_of(
    stores: Mapping[str, Store], desired: DesiredState, environment: Environment, model: str, artifact: Digest | None
) -> JudgedInBrief | None:
    """Return in brief what is recorded of an artifact of a model; None where no store has it."""
    if artifact is None:
        return None
    declared = declared_of(desired, environment, model)
    found = recorded_in(_stores(stores, desired, environment), artifact, declared)
    return in_brief(found) if found is not None else None


def _stores(stores: Mapping[str, Store], desired: DesiredState, environment: Environment) -> Iterator[Store]:
    for name in dict.fromkeys((environment.name, *environment.promotes_from, *desired.upstream(environment.name))):
        if name in stores:
            yield stores[name]
