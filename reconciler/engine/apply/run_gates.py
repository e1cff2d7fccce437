"""Run the gates of one environment on a build, where the data is, and record the verification."""

from __future__ import annotations

from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.plan.gate_evaluation import evaluate_gates, impossible, not_applying
from reconciler.core.spec.applicable_gates import gates_of
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Comparability, Comparison, NoWorseThanIncumbent, Verification
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Outcome
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.errors import DataError, ScoringError
from reconciler.ports import CompareRequest, SelectionKind, SelectRequest, Store


def run_gates(
    deps: Dependencies, model: Model, environment: Environment, build: Build, incumbent: JournalHead | None
) -> Verification:
    """Run the gates of `environment` on `build`, against its incumbent there, and record the verification.

    A verification that is recorded already is returned, and nothing is run.
    """
    store = deps.stores[model.environment]
    evaluation = verification.evaluation_of(store, build.artifact)
    deployed = incumbent.state.artifact if incumbent else None
    gate_set = verification.gate_set_of(model, environment, evaluation, deployed)
    digest = codec.digest_of(gate_set)
    if (known := verification.read(store, build.artifact, digest)) is not None:
        return known
    comparisons = {
        gate: _compare(deps, model, environment, build, incumbent, gate)
        for gate in gate_set.gates
        if isinstance(gate, NoWorseThanIncumbent)
        and impossible(gate, model.recipe.task, model.recipe.class_names) is None
    }
    return verification.write(
        store,
        Verification(
            artifact=build.artifact,
            environment=environment.name,
            gate_set=digest,
            evaluation=evaluation.evaluation_rows,
            incumbent=gate_set.incumbent,
            results=(
                *evaluate_gates(gate_set.gates, evaluation, comparisons),
                *not_applying(gates_of(model, environment).others),
            ),
        ),
    )


def _compare(
    deps: Dependencies,
    model: Model,
    environment: Environment,
    build: Build,
    incumbent: JournalHead | None,
    gate: NoWorseThanIncumbent,
) -> Comparison:
    """Compare candidate and incumbent on the candidate's holdout, without the rows that the incumbent trained on."""
    if incumbent is None or incumbent.state.artifact is None:
        return Comparison(state=Comparability.NO_INCUMBENT, metric=gate.metric)
    incumbent_build = incumbent.state.build
    if incumbent_build is None:
        return _not_compared(gate, Comparability.NOT_COMPARABLE, "it is not recorded how the incumbent was built")
    own, theirs = deps.stores[model.environment], deps.stores[environment.name]
    limits = environment.limits
    work = deps.scratch / f"compare-{deps.new_id()}"
    work.mkdir(parents=True)
    recipe = verification.recipe_of(theirs, incumbent_build.artifact).recipe
    if recipe.task is not model.recipe.task or _meaning(recipe.outcome) != _meaning(model.recipe.outcome):
        return _not_compared(
            gate, Comparability.NOT_COMPARABLE, "the outcome does not mean the same as the incumbent's"
        )
    if not blobs.holds(own, incumbent_build.training_keys):
        reason = "the keys that the incumbent trained on are not in this store"
        return _not_compared(gate, Comparability.NOT_COMPARABLE, reason)
    provenance = blobs.record(own, build.provenance, Provenance)
    snapshot = data_snapshots.numbered(own, provenance.snapshot)
    holdout = blobs.file_of(own, build.evaluation_rows)
    try:
        deps.data.select(
            SelectRequest(
                recipe=recipe,
                tables=data_snapshots.table_files(own, snapshot, recipe.tables),
                as_of=snapshot.as_of,
                want=SelectionKind.FEATURES,
                into=work,
                limits=limits,
                keys=holdout,
            )
        )
    except DataError as error:
        return _not_compared(
            gate, Comparability.NOT_COMPARABLE, f"the incumbent's features cannot be made: {error.message}"
        )
    try:
        return deps.scorer.compare(
            CompareRequest(
                gate=gate,
                candidate=_unpacked(own, build.artifact, work / "candidate"),
                incumbent=_unpacked(theirs, incumbent_build.artifact, work / "incumbent"),
                holdout=holdout,
                features=work / "features.parquet",
                trained=blobs.file_of(own, incumbent_build.training_keys),
                limits=limits,
            )
        )
    except ScoringError as error:
        return _not_compared(gate, Comparability.UNSCORABLE, error.message)


def _unpacked(store: Store, artifact: Digest, into: Path) -> Path:
    return blobs.unpack(store, blobs.artifact(store, artifact), into)


def _not_compared(gate: NoWorseThanIncumbent, state: Comparability, reason: str) -> Comparison:
    return Comparison(state=state, metric=gate.metric, reason=reason)


def _meaning(outcome: Outcome) -> tuple[object, ...]:
    """Return the parts of an outcome that decide a row's label; maturity and possibility do not."""
    return (outcome.column, tuple((label.name, label.when) for label in outcome.classes))
