"""Input of a prediction: the deployed model, and the tables that it reads, by the types of its training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.object_sizes import too_large
from reconciler.core.artifact.observed_state import drift_of
from reconciler.core.artifact.oci_artifact import RECIPE_FILE, SCHEMA_FILE, Schema
from reconciler.core.digest import Digest
from reconciler.core.size_limits import BLOB_BYTES
from reconciler.core.snapshots.named_columns import named_columns
from reconciler.core.spec.data import Table
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import DriftPolicy, Environment
from reconciler.core.spec.recipe import BuiltRecipe, Recipe
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.masking.copying import HeldTypes, check_as_trained, masking_to_predict, types_before
from reconciler.engine.needed_secrets import with_secrets
from reconciler.engine.plan import observe, observe_loss
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.engine.trust.deployed import check_deployed
from reconciler.errors import DataError, NotInPlaceError, UsageError
from reconciler.ports import CopyRequest, TableFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedModel:
    """The bytes that serve, checked, in the folder `release`; `work` is a scratch folder for one prediction. `also`:
    columns that are read besides those that the recipe names."""

    model: str
    artifact: Digest
    release: Path
    recipe: Recipe
    schema: Schema
    work: Path
    also: tuple[str, ...] = ()


def deployed_model(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> DeployedModel:
    """Return what an environment serves for a model that predicts open records.

    Raises UsageError E801 where nothing is deployed, or the recipe does not say which records are open; NotInPlaceError
    E613 where what is served is not what was deployed, IntegrityError where the store's copy of it is damaged, too.
    """
    work = deps.scratch / f"predict-{deps.new_id()}"
    work.mkdir(parents=True)
    artifact, release = _release(deps, desired, environment, model, work)
    recipe = codec.decode(BuiltRecipe, _document(release, RECIPE_FILE), what=RECIPE_FILE).recipe
    schema = codec.decode(Schema, _document(release, SCHEMA_FILE), what=SCHEMA_FILE)
    if recipe.data.predict is None:
        raise UsageError(
            f"the recipe of {model} does not select the open records to predict",
            hint="add `data.predict.where` to its recipe",
            code="E801",
        )
    return DeployedModel(model=model, artifact=artifact, release=release, recipe=recipe, schema=schema, work=work)


def _document(release: Path, name: str) -> bytes:
    path = release / name
    if (size := path.stat().st_size) > BLOB_BYTES:  # changed since it was hashed
        raise too_large(name, size, BLOB_BYTES)
    return path.read_bytes()


def _release(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, work: Path
) -> tuple[Digest, Path]:
    """Return the digest and a folder with the bytes that serve.

    They are the target's release where there is a target (re-hashed and compared with the journal), else the newest
    artifact of the store.
    """
    journals = observe_loss.journals_of(deps, desired)
    head = journals.head(environment.name, model)
    if head is None or head.state.artifact is None:
        if head is None and desired.model(environment.name, model) is None:
            raise unknown_model(desired, environment.name, model)
        raise UsageError(
            f"no artifact of {model} is deployed in {environment.name}",
            hint=f"run `reconciler why {model} --in {environment.name}`"
            if desired.model(environment.name, model) is not None
            else f"run `reconciler history {environment.name} {model}`",
            code="E801",
        )
    artifact = head.state.artifact
    check_deployed(deps, desired, environment, journals, artifact, head)
    target = deps.targets.get(environment.name)
    if target is None:
        store = deps.stores[environment.name]
        return artifact, blobs.unpack(store, blobs.artifact(store, artifact), work / "release")
    served = next(
        (deployment for deployment in target.observe([model], others=False) if deployment.model == model), None
    )
    observe.not_ahead(environment, model, head, served)
    drift = drift_of(head, served)
    release = target.release(model)
    if drift is not None or release is None:
        store = deps.stores[environment.name]
        blobs.release(store, blobs.artifact(store, artifact))  # what an apply would put in place is whole
        raise NotInPlaceError(
            f"the served release of {environment.name}/{model} is not the deployed one: "
            f"{drift or 'missing: no release is served'}",
            hint=f"run `reconciler apply {environment.name}`, which restores it"
            if environment.drift is not DriftPolicy.REPORT or drift is None or drift.is_committed_only
            else f"this environment only reports drift: see `reconciler drift {environment.name}`",
            code="E613",
        )
    return artifact, release


def current_tables(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    deployed: DeployedModel,
    inputs: tuple[tuple[str, Path], ...],
) -> tuple[tuple[TableFile, ...], str]:
    """Return the tables as they stand now, and their day (ISO). `inputs`: (table, file) that replace declared ones.

    A sandbox reads its newest data snapshot, unless a table is given.
    """
    given, names = dict(inputs), dict.fromkeys(deployed.recipe.tables)
    check_names(deployed, given)
    if environment.trains and not inputs:
        store = deps.stores[environment.name]
        snapshot = data_snapshots.newest(store)
        if snapshot is None:
            raise UsageError(
                f"{environment.name} has no data snapshot",
                hint=f"run `reconciler apply {environment.name}`",
                code="E401",
            )
        masked = ((t.name, m.column, m.treatment, m.argument) for t in snapshot.tables for m in t.masked or ())
        check_as_trained(masked, deployed.schema.masks or ())
        return data_snapshots.table_files(store, snapshot, deployed.recipe.tables), snapshot.as_of
    declared = data_snapshots.source_of(desired, environment).data
    files = {
        name: read_file(deps, desired, environment, deployed, name, path, _as_given(path, declared.table(name)))
        for name, path in given.items()
    }
    files |= read_all_declared(deps, desired, environment, deployed, [name for name in names if name not in given])
    tables = [files[name] for name in names]
    return tuple(tables), day_of(deps, desired, environment)


def check_names(deployed: DeployedModel, tables: Iterable[str]) -> None:
    """Raise UsageError E801 for a table that the model does not read."""
    if unknown := sorted(set(tables) - set(deployed.recipe.tables)):
        hint = f"its tables: {', '.join(deployed.recipe.tables)}"
        raise UsageError(f"the model reads no table {unknown[0]!r}", hint=hint, code="E801")


def day_of(deps: Dependencies, desired: DesiredState, environment: Environment) -> str:
    """Return the day (ISO) of tables that are read now: the declared one, else today."""
    return data_snapshots.source_of(desired, environment).data.as_of or deps.clock().date().isoformat()


def read_declared(
    deps: Dependencies, desired: DesiredState, environment: Environment, deployed: DeployedModel, name: str
) -> TableFile:
    """Copy a table from where the environment's data are declared. DataError where it declares none of this name."""
    return read_all_declared(deps, desired, environment, deployed, [name])[name]


def read_all_declared(
    deps: Dependencies, desired: DesiredState, environment: Environment, deployed: DeployedModel, names: Sequence[str]
) -> dict[str, TableFile]:
    """Copy tables from where the environment's data are declared: those of one database as they are at one moment."""
    declared = data_snapshots.source_of(desired, environment).data
    tables = []
    for name in names:
        table = declared.table(name)
        if table is None:
            hint = f"give it with --input {name}=FILE"
            raise DataError(f"{environment.name} declares no table {name}", hint=hint)
        tables.append((name, table))
    return _copy(deps, desired, environment, deployed, tables, deps.data_root, given=False) if tables else {}


def read_file(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    deployed: DeployedModel,
    name: str,
    file: Path,
    table: Table,
) -> TableFile:
    """Copy a table from `file`, which is written as `table` says."""
    here = replace(table, path=file.name)
    return _copy(deps, desired, environment, deployed, [(name, here)], file.parent, given=True)[name]


def _copy(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    deployed: DeployedModel,
    tables: Sequence[tuple[str, Table]],
    root: Path,
    *,
    given: bool,
) -> dict[str, TableFile]:
    origin, done = data_snapshots.source_of(desired, environment), deployed.schema.masks or ()
    masked: list[tuple[str, Table]] = []
    for name, table in tables:
        # Masks hold for the file that is read, and for what is declared under the table's name.
        here = replace(table, path=str(root / table.path)) if given else table
        declared = origin.data.table(name)
        masked += [(name, here)] if declared is None or declared == here else [(name, here), (name, declared)]
    named = tuple(sorted({*named_columns(deployed.recipe), *deployed.also}))
    masking, secrets = with_secrets(
        deps.secret, tables, lambda: masking_to_predict(deps, desired, environment, origin, tuple(masked), done)
    )
    request = CopyRequest(
        root=root,
        tables=tuple(tables),
        held=tuple(pair for name, _ in tables for pair in types_of(deployed, name)),
        into=deployed.work,
        limits=environment.limits,
        secrets=secrets,
        to_predict=given,
        columns=tuple((name, named) for name, _ in tables),
        masking=masking,
    )
    return {copy.name: copy for copy in deps.data.copy(request)}


def types_of(deployed: DeployedModel, table: str) -> HeldTypes:
    """Return the column types of a table as the model was trained on them, before masks."""
    known = tuple(pair for pair in deployed.schema.tables if pair[0] == table)
    return types_before(known, deployed.schema.masks or ())


def _as_given(path: Path, declared: Table | None) -> Table:
    """Return the declared dialect for another file; by its ending where nothing is declared."""
    uses = "parquet" if path.suffix == ".parquet" else "csv"
    if declared is None or declared.uses != uses:
        return Table(uses=uses, path=path.name)
    return replace(declared, path=path.name)
