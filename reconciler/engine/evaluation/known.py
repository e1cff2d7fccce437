"""What is recorded of an artifact's evaluation in full, in any store that may have it. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from reconciler import codec
from reconciler.core.artifact.build import Build
from reconciler.core.digest import Digest
from reconciler.core.evaluation.brief import JudgedInBrief, in_brief
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import DeclaredEvaluation
from reconciler.engine.evaluation import in_full
from reconciler.engine.evaluation.judge_model import declared_of
from reconciler.engine.evaluation.looks import looks_so_far
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, builds
from reconciler.errors import ReconcilerError
from reconciler.ports import Store

_BUILDS = 8  # the newest ones of a recipe that are looked at


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
    declared, among = declared_of(desired, environment, model), tuple(_stores(stores, desired, environment))
    found = recorded_in(among, artifact, declared)
    brief = in_brief(found) if found is not None else None
    return replace(brief, looks=looks_so_far(stores, _build_of(among, artifact))) if brief is not None else None


def _build_of(stores: Iterable[Store], artifact: Digest) -> Build | None:
    """Return the build of an artifact, which is recorded where it was trained; None where none of the newest is it."""
    for store in stores:
        try:
            if blobs.holds(store, artifact):
                recipe = codec.digest_of(verification.recipe_of(store, artifact).recipe)
                newest = islice(builds.of_recipe(store, recipe), _BUILDS)
                if (build := next((each for each in newest if each.artifact == artifact), None)) is not None:
                    return build
        except ReconcilerError:
            return None
    return None


def _stores(stores: Mapping[str, Store], desired: DesiredState, environment: Environment) -> Iterator[Store]:
    for name in dict.fromkeys((environment.name, *environment.promotes_from, *desired.upstream(environment.name))):
        if name in stores:
            yield stores[name]
