"""Record which artifact was built from which inputs, and find a build that meets a model's requirements.

The fingerprint names the inputs of a build. Whether a model must be trained is another question: it must when no build
has the desired recipe and satisfies `retrain`. The first writer of a fingerprint wins, and all others reuse its build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from reconciler import codec
from reconciler.core.age import ahead, is_ahead
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Inputs
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.duration import in_words
from reconciler.core.quality.findings import CheckReport
from reconciler.core.spec.environment import Environment, Runtime
from reconciler.core.spec.model import Model, RetrainReason
from reconciler.core.spec.recipe import Recipe
from reconciler.core.spec.runtime import runtime_for
from reconciler.engine.storage import data_snapshots, numbered_log
from reconciler.errors import UsageError
from reconciler.ports import Store

_AS_OF = re.compile(r"\bas_of\b", re.IGNORECASE)
LOOK_BACK = 20  # builds of one recipe that are considered before training again


def runtime_of(environment: Environment, recipe: Recipe) -> Runtime:
    """Return the environment's runtime for a recipe; UsageError where it declares none."""
    if environment.runtime is None:
        raise UsageError(
            f"environment {environment.name} trains but declares no runtime",
            hint="add `runtime: {lock: requirements.lock, python: …, architecture: …}` to its spec",
        )
    return runtime_for(environment.runtime, {recipe.estimator.uses})


def uses_as_of(recipe: Recipe) -> bool:
    """Tell whether the artifact depends on the day of the data, by an expression or by the outcome's maturity."""
    texts = [text for _, text in recipe.expressions()]
    if recipe.data.past is not None:
        texts += [feature.expression for feature in recipe.data.past.features]
    return recipe.outcome.matured is not None or any(_AS_OF.search(text) for text in texts)


def inputs_of(model: Model, snapshot: Snapshot, runtime: Runtime) -> Inputs:
    """Return all inputs that decide the artifact's bytes; their digest is the fingerprint."""
    return inputs_by(model.recipe, model.recipe_digest, snapshot, runtime)


def inputs_by(recipe: Recipe, recipe_digest: Digest, snapshot: Snapshot, runtime: Runtime) -> Inputs:
    """Return the inputs of a training by this recipe."""
    return Inputs(
        recipe=recipe_digest,
        tables=data_snapshots.materials(snapshot, recipe),
        runtime=codec.digest_of(runtime),
        as_of=snapshot.as_of if uses_as_of(recipe) else None,
        masks=data_snapshots.masks_read(snapshot, recipe),
    )


def of_fingerprint(store: Store, fingerprint: Digest) -> Build | None:
    """Return the build of these inputs, or None; IntegrityError E509 when its file names another fingerprint."""
    key = store_layout.build(fingerprint)
    body = store.read(key)
    if body is None:
        return None
    build = codec.decode(Build, body, what=key)
    if build.fingerprint != fingerprint:
        raise numbered_log.misplaced(key, f"the build {build.fingerprint}")
    return build


def record(store: Store, build: Build) -> Build:
    """Record the build unless its fingerprint has one; return the recorded build, which everybody uses from now on."""
    key = store_layout.build(build.fingerprint)
    return codec.decode(Build, numbered_log.create_or_read(store, key, codec.encode(build)), what=key)


def record_checks(store: Store, report: CheckReport) -> CheckReport:
    """Record what the checks found unless these rows have a report; return the recorded one."""
    key = store_layout.checks(report.fingerprint)
    return codec.decode(CheckReport, numbered_log.create_or_read(store, key, codec.encode(report)), what=key)


def checks_of(stores: Iterable[Store], fingerprint: Digest) -> CheckReport | None:
    """Return what the checks found in the rows of a fingerprint, from the first of the stores that says it.

    None where no store does: an older program trained on them, and checked nothing. Raises IntegrityError E509 where
    the file names another fingerprint.
    """
    key = store_layout.checks(fingerprint)
    for store in stores:
        if (body := store.read(key)) is not None:
            report = codec.decode(CheckReport, body, what=key)
            if report.fingerprint != fingerprint:
                raise numbered_log.misplaced(key, f"the checks of {report.fingerprint}")
            return report
    return None


def add_to_recipe_log(store: Store, build: Build) -> None:
    """Append the build to the numbered log of its recipe unless it is among the newest there."""
    if build not in islice(of_recipe(store, build.recipe), LOOK_BACK):
        numbered_log.append_next(store, store_layout.builds_of(build.recipe), codec.encode(build))


def of_recipe(store: Store, recipe: Digest) -> Iterator[Build]:
    """Yield the builds of a recipe, newest first; IntegrityError where the log has a gap or another recipe's build."""
    prefix = store_layout.builds_of(recipe)
    last_member = numbered_log.last(store, prefix)
    if last_member is None:
        return
    n, body = last_member
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
    """Requirements that a model's build must satisfy today.

    `data`, what the recipe reads, and `fingerprint` are None while a data refresh is due; `whole_tables` says of the
    same data what builds of earlier releases say. `oldest` is the earliest acceptable time of the data, `every` the
    declared age in seconds; `requested`: the day (ISO) of which a retrain was asked for, `asked` its first moment, None
    while that has not come. Data that are dated ahead of `now` never satisfy. `erased`: builds that learnt from an
    entity that was forgotten, by fingerprint, with the name of the erasure. `lost`: the build whose record is lost.
    """

    recipe: Digest
    because: tuple[RetrainReason, ...]
    data: Digest | None
    whole_tables: Digest | None
    fingerprint: Digest | None
    runtime: Digest
    oldest: datetime | None
    every: int | None
    now: datetime
    requested: str | None = None
    asked: datetime | None = None
    erased: Mapping[Digest, str] = field(default_factory=dict)
    lost: Digest | None = None

    def unmet(self, build: Build) -> str | None:
        """Return why this build does not satisfy the requirements, or None when it does."""
        if (erasure := self.erased.get(build.fingerprint)) is not None:
            return f"data of an entity was erased ({erasure})"
        if build.recipe != self.recipe:
            return "the recipe changed"
        if build.fingerprint == self.lost:
            return "what it was trained on was lost with the store"
        if RetrainReason.DATA in self.because:
            if self.data is None:
                return "a new data snapshot is due"
            if build.data not in (self.data, self.whole_tables):
                return "the newest data snapshot differs from the one it was trained on"
        if RetrainReason.RUNTIME in self.because and build.runtime != self.runtime:
            return "the environment's runtime changed"
        if is_ahead(build.taken, self.now):
            return ahead("its data", build.taken)
        if self.asked is not None and build.taken < self.asked and not self._is_of_newest(build):
            return f"a retrain was asked for on {self.requested}"
        if self.oldest is not None and build.taken < self.oldest:
            return f"its data is older than {in_words(self.every or 0)}"
        return None

    def _is_of_newest(self, build: Build) -> bool:
        """Tell whether the newest data are those that a build was trained on, so that it would be the same again."""
        return self.data is not None and build.data in (self.data, self.whole_tables)


def asked_since(requested: str | None, now: datetime) -> datetime | None:
    """Return the moment from which on data must be of; None while the day has not come, and where none is asked."""
    day = datetime.fromisoformat(f"{requested}T00:00:00+00:00") if requested is not None else None
    return day if day is not None and day <= now else None


def requirements_of(
    model: Model,
    environment: Environment,
    snapshot: Snapshot | None,
    now: datetime,
    erased: Mapping[Digest, str] | None = None,
) -> BuildRequirements:
    """Return what a build of `model` must satisfy now. `snapshot` is None while a data refresh is due."""
    runtime = runtime_of(environment, model.recipe)
    every = model.retrain.every
    oldest = datetime.fromtimestamp(now.timestamp() - every, tz=now.tzinfo) if every is not None else None
    if oldest is not None and snapshot is not None:
        oldest = min(oldest, snapshot.taken)  # while no refresh is due, nothing newer can be had by training
    inputs = inputs_of(model, snapshot, runtime) if snapshot else None
    asked = asked_since(model.retrain.requested, now)
    of_data = RetrainReason.DATA in model.retrain.because or asked is not None
    return BuildRequirements(
        recipe=model.recipe_digest,
        because=model.retrain.because,
        data=codec.digest_of(inputs.tables) if inputs else None,
        whole_tables=data_snapshots.whole_tables_digest(snapshot, model.recipe) if snapshot and of_data else None,
        fingerprint=codec.digest_of(inputs) if inputs else None,
        runtime=inputs.runtime if inputs else codec.digest_of(runtime),
        oldest=oldest,
        every=every,
        now=now,
        requested=model.retrain.requested,
        asked=asked,
        erased=erased or {},
    )


def find(store: Store, requirements: BuildRequirements, head: JournalHead | None) -> tuple[Build | None, str]:
    """Return a build that satisfies the requirements, or None and why the model's current build does not.

    Tried in this order: the journal's current build, one with the same inputs, the newest builds of the recipe.
    """
    current = head.state.build if head else None
    reason = "not trained before"
    if current is not None:
        unmet = requirements.unmet(current)
        if unmet is None:
            return current, ""
        reason = unmet
    if requirements.fingerprint is not None:
        same = of_fingerprint(store, requirements.fingerprint)
        if same is not None and requirements.unmet(same) is None:
            return same, ""
    for build in islice(of_recipe(store, requirements.recipe), LOOK_BACK):
        if requirements.unmet(build) is None:
            return build, ""
    return None, reason
