"""Verification: all gates of one environment on one artifact. Done where the data is; others read the record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE, Artifact
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.plan.facts import VerificationFacts
from reconciler.core.plan.gate_evaluation import judge
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Comparability, Comparison, Gate, GateSet, NoWorseThanIncumbent, Verification
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import BuiltRecipe, Outcome, Preprocessing
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import blobs, data_snapshots, numbered_log
from reconciler.errors import DataError, ScoringError
from reconciler.ports import CompareRequest, SelectionKind, SelectRequest, Store


def evaluation_of(store: Store, artifact: Digest) -> Evaluation:
    return evaluation_in(store, blobs.artifact(store, artifact))


def evaluation_in(store: Store, one: Artifact) -> Evaluation:
    body = blobs.document(store, one, EVALUATION_FILE)
    return codec.decode(Evaluation, body, what=f"{EVALUATION_FILE} of {one.digest}")


def recipe_of(store: Store, artifact: Digest) -> BuiltRecipe:
    return recipe_in(store, blobs.artifact(store, artifact))


def recipe_in(store: Store, one: Artifact) -> BuiltRecipe:
    return codec.decode(BuiltRecipe, blobs.document(store, one, RECIPE_FILE), what=f"{RECIPE_FILE} of {one.digest}")


def is_made_by(store: Store, one: Artifact, recipe: Digest) -> bool:
    """Whether an artifact says that it was made by the recipe of this digest: the canonical form of what it keeps ends
    in that of its recipe, which costs a tenth of reading it. What stands before is read: many have the same."""
    kept, _, last = blobs.document(store, one, RECIPE_FILE).partition(b',"recipe":')
    if not last.endswith(b"}}") or digest_of_bytes(last[:-1]) != recipe:
        return False
    codec.decode(_RecipeDetails, kept + b"}", what=f"{RECIPE_FILE} of {one.digest}")
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecipeDetails:
    """A `BuiltRecipe` without its recipe."""

    preprocessing: Preprocessing
    format: int


def gates_for(model: Model, environment: Environment) -> tuple[Gate, ...]:
    """The model's own gates and the environment's: the author cannot weaken the latter."""
    return (*model.gates, *environment.policy.gates)


def gate_set_of(model: Model, environment: Environment, evaluation: Evaluation, incumbent: Digest | None) -> GateSet:
    gates = gates_for(model, environment)
    compares = any(isinstance(gate, NoWorseThanIncumbent) for gate in gates)
    return GateSet(
        environment=environment.name,
        gates=gates,
        evaluation=evaluation.evaluation_rows,
        incumbent=incumbent if compares else None,
    )


def known_verification(
    store: Store, gate_set: GateSet, artifact: Digest, *, head: JournalHead | None
) -> VerificationFacts:
    """Look up the verification of an artifact under a gate set in `store`. `head`: of the environment whose gates they
    are."""
    digest = codec.digest_of(gate_set)
    return VerificationFacts(
        environment=gate_set.environment,
        gate_set=digest,
        verification=read(store, artifact, digest),
        previously_deployed=head is not None and artifact in head.state.vetted,
    )


def read(store: Store, artifact: Digest, gate_set: Digest) -> Verification | None:
    key = store_layout.verification(artifact, gate_set)
    body = store.read(key)
    if body is None:
        return None
    found = codec.decode(Verification, body, what=key)
    if (found.artifact, found.gate_set) != (artifact, gate_set):
        raise numbered_log.misplaced(key, "a verification of another artifact or gate set")
    return found


def write(store: Store, verification: Verification) -> Verification:
    """Record it unless there is one; the one that counts from now on."""
    key = store_layout.verification(verification.artifact, verification.gate_set)
    return codec.decode(Verification, numbered_log.create_or_read(store, key, codec.encode(verification)), what=key)


def verify(
    deps: Dependencies, model: Model, environment: Environment, build: Build, incumbent: JournalHead | None
) -> Verification:
    """Judge `build` by the gates of `environment`, against what is deployed there, and record the result."""
    store = deps.stores[model.environment]
    evaluation = evaluation_of(store, build.artifact)
    deployed = incumbent.state.artifact if incumbent else None
    gate_set = gate_set_of(model, environment, evaluation, deployed)
    digest = codec.digest_of(gate_set)
    if (known := read(store, build.artifact, digest)) is not None:
        return known
    comparisons = {
        gate: _compare(deps, model, environment, build, incumbent, gate)
        for gate in gate_set.gates
        if isinstance(gate, NoWorseThanIncumbent)
    }
    return write(
        store,
        Verification(
            artifact=build.artifact,
            environment=environment.name,
            gate_set=digest,
            evaluation=evaluation.evaluation_rows,
            incumbent=gate_set.incumbent,
            results=judge(gate_set.gates, evaluation, comparisons),
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
    """Candidate and incumbent on the candidate's holdout, without the rows that the incumbent trained on."""
    if incumbent is None or incumbent.state.artifact is None:
        return Comparison(state=Comparability.NO_INCUMBENT, metric=gate.metric)
    before = incumbent.state.build
    if before is None:
        return _without(gate, Comparability.NOT_COMPARABLE, "it is not recorded how the incumbent was built")
    own, theirs = deps.stores[model.environment], deps.stores[environment.name]
    limits = environment.limits
    work = deps.scratch / f"compare-{deps.new_id()}"
    work.mkdir(parents=True)
    recipe = recipe_of(theirs, before.artifact).recipe
    if recipe.task is not model.recipe.task or _meaning(recipe.outcome) != _meaning(model.recipe.outcome):
        return _without(gate, Comparability.NOT_COMPARABLE, "the outcome does not mean the same as the incumbent's")
    if not blobs.holds(own, before.training_keys):
        reason = "the keys that the incumbent trained on are not in this store"
        return _without(gate, Comparability.NOT_COMPARABLE, reason)
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
        return _without(gate, Comparability.NOT_COMPARABLE, f"the incumbent's features cannot be made: {error.message}")
    try:
        return deps.scorer.compare(
            CompareRequest(
                gate=gate,
                candidate=_unpacked(own, build.artifact, work / "candidate"),
                incumbent=_unpacked(theirs, before.artifact, work / "incumbent"),
                holdout=holdout,
                features=work / "features.parquet",
                trained=blobs.file_of(own, before.training_keys),
                limits=limits,
            )
        )
    except ScoringError as error:
        return _without(gate, Comparability.UNSCORABLE, error.message)


def _unpacked(store: Store, artifact: Digest, into: Path) -> Path:
    return blobs.unpack(store, blobs.artifact(store, artifact), into)


def _without(gate: NoWorseThanIncumbent, state: Comparability, reason: str) -> Comparison:
    return Comparison(state=state, metric=gate.metric, reason=reason)


def _meaning(outcome: Outcome) -> tuple[object, ...]:
    """What decides a row's label; maturity and possibility do not."""
    return (outcome.column, tuple((one.name, one.when) for one in outcome.classes))
