"""Builds: which artifact these inputs gave, and whether one of them meets a model's need.

The fingerprint names a build; need is something else: a model needs training when no build has the desired recipe and
satisfies `retrain`. The first writer of a fingerprint wins and everybody adopts its artifact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Inputs
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.duration import in_words
from reconciler.core.spec.environment import Environment, Runtime
from reconciler.core.spec.model import Model, RetrainReason
from reconciler.core.spec.recipe import Recipe
from reconciler.engine.storage import data_snapshots, numbered_log
from reconciler.errors import UsageError
from reconciler.ports import Store

_AS_OF = re.compile(r"\bas_of\b", re.IGNORECASE)
LOOK_BACK = 20  # builds of one recipe that are considered before training anew


def runtime_of(environment: Environment) -> Runtime:
    if environment.runtime is None:
        raise UsageError(
            f"environment {environment.name} trains but declares no runtime",
            hint="add `runtime: {lock: requirements.lock, python: …, architecture: …}` to its spec",
        )
    return environment.runtime


def uses_as_of(recipe: Recipe) -> bool:
    """Whether the day of the data decides any byte: named in an expression, or by maturity."""
    texts = [text for _, text in recipe.expressions()]
    if recipe.data.past is not None:
        texts += [feature.expression for feature in recipe.data.past.features]
    return recipe.outcome.matured is not None or any(_AS_OF.search(text) for text in texts)


def inputs_of(model: Model, snapshot: Snapshot, runtime: Runtime) -> Inputs:
    return Inputs(
        recipe=model.recipe_digest,
        tables=data_snapshots.materials(snapshot, model.recipe.tables),
        runtime=codec.digest_of(runtime),
        as_of=snapshot.as_of if uses_as_of(model.recipe) else None,
    )


def of_fingerprint(store: Store, fingerprint: Digest) -> Build | None:
    key = store_layout.build(fingerprint)
    body = store.read(key)
    if body is None:
        return None
    found = codec.decode(Build, body, what=key)
    if found.fingerprint != fingerprint:
        raise numbered_log.misplaced(key, f"the build {found.fingerprint}")
    return found


def record(store: Store, build: Build) -> Build:
    """Write the build down unless its fingerprint has one already; the one that counts from now on."""
    key = store_layout.build(build.fingerprint)
    return codec.decode(Build, numbered_log.once(store, key, codec.encode(build)), what=key)


def enlist(store: Store, build: Build) -> None:
    """Append the build to its recipe's series unless it is there."""
    if build not in islice(of_recipe(store, build.recipe), LOOK_BACK):
        numbered_log.push(store, store_layout.builds_of(build.recipe), codec.encode(build))


def of_recipe(store: Store, recipe: Digest) -> Iterator[Build]:
    """Builds of a recipe, newest first."""
    prefix = store_layout.builds_of(recipe)
    found = numbered_log.last(store, prefix)
    if found is None:
        return
    n, body = found
    while True:
        build = codec.decode(Build, body, what=store_layout.member(prefix, n))
        if build.recipe != recipe:
            raise numbered_log.misplaced(store_layout.member(prefix, n), f"a build of recipe {build.recipe}")
        yield build
        if n == 0:
            return
        n -= 1
        previous = store.read(store_layout.member(prefix, n))
        if previous is None:
            raise numbered_log.missing(prefix, n)
        body = previous


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequirements:
    """What a model's build must satisfy today. `data` and `fingerprint` are None while a refresh is due."""

    recipe: Digest
    because: tuple[RetrainReason, ...]
    data: Digest | None
    fingerprint: Digest | None
    runtime: Digest
    oldest: datetime | None
    every: int | None

    def unmet(self, build: Build) -> str | None:
        """Why this build does not do; None when it does."""
        if build.recipe != self.recipe:
            return "the recipe changed"
        if RetrainReason.DATA in self.because:
            if self.data is None:
                return "a new data snapshot is due"
            if build.data != self.data:
                return "the newest data snapshot differs from the one it was trained on"
        if RetrainReason.RUNTIME in self.because and build.runtime != self.runtime:
            return "the environment's runtime changed"
        if self.oldest is not None and build.taken < self.oldest:
            return f"its data is older than {in_words(self.every or 0)}"
        return None


def need_of(model: Model, environment: Environment, snapshot: Snapshot | None, now: datetime) -> BuildRequirements:
    runtime = runtime_of(environment)
    every = model.retrain.every
    oldest = datetime.fromtimestamp(now.timestamp() - every, tz=now.tzinfo) if every is not None else None
    if oldest is not None and snapshot is not None:
        oldest = min(oldest, snapshot.taken)  # while no refresh is due, nothing newer can be had by training
    return BuildRequirements(
        recipe=model.recipe_digest,
        because=model.retrain.because,
        data=data_snapshots.data_digest(snapshot, model.recipe.tables) if snapshot else None,
        fingerprint=codec.digest_of(inputs_of(model, snapshot, runtime)) if snapshot else None,
        runtime=codec.digest_of(runtime),
        oldest=oldest,
        every=every,
    )


def meeting(store: Store, need: BuildRequirements, head: JournalHead | None) -> tuple[Build | None, str]:
    """The build that meets the need: the journal's own first, then one of the same inputs, then the newest others;
    or None and why the nearest one does not."""
    current = head.state.build if head else None
    why = "never trained"
    if current is not None:
        unmet = need.unmet(current)
        if unmet is None:
            return current, ""
        why = unmet
    if need.fingerprint is not None:
        same = of_fingerprint(store, need.fingerprint)
        if same is not None and need.unmet(same) is None:
            return same, ""
    for build in islice(of_recipe(store, need.recipe), LOOK_BACK):
        if need.unmet(build) is None:
            return build, ""
    return None, why
