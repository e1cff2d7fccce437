"""Predict: score open records with exactly the bytes that an environment serves, and log what was predicted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.observed_state import drift_of
from reconciler.core.artifact.oci_artifact import RECIPE_FILE, SCHEMA_FILE, Schema
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest
from reconciler.core.inspect.predictions import GroupAmount, Predictions
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Table
from reconciler.core.spec.recipe import BuiltRecipe, Recipe
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe
from reconciler.engine.storage import blobs, data_snapshots, numbered_log
from reconciler.errors import DataError, IntegrityError, UsageError
from reconciler.ports import CopyRequest, PredictRequest, PredictResult, SelectionKind, SelectRequest, TableFile


def predict(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    *,
    model: str,
    out: Path,
    inputs: tuple[tuple[str, Path], ...] = (),
    by: str | None = None,
    amount: str | None = None,
) -> Predictions:
    """Write one row per open record to `out`; nothing is written there unless all of it could be.

    `inputs` replace tables by files that the caller names. IntegrityError when what is served is not what was
    deployed.
    """
    if (by is None) != (amount is None):
        raise UsageError("--by and --amount go together", hint="name both columns, or neither", code="E801")
    work = deps.scratch / f"predict-{deps.new_id()}"
    work.mkdir(parents=True)
    artifact, release = _release(deps, desired, environment, model, work)
    recipe = codec.decode(BuiltRecipe, (release / RECIPE_FILE).read_bytes(), what=RECIPE_FILE).recipe
    schema = codec.decode(Schema, (release / SCHEMA_FILE).read_bytes(), what=SCHEMA_FILE)
    if recipe.data.predict is None:
        raise UsageError(
            f"{model} does not say which records are open", hint="add `data.predict.where` to its recipe", code="E801"
        )
    deps.progress.start(model, "read tables")
    tables, as_of = _tables(deps, desired, environment, recipe, schema, inputs, work)
    also = tuple(column for column in (by, amount) if column is not None)
    deps.progress.start(model, "select open records")
    deps.data.select(
        SelectRequest(
            recipe=recipe,
            tables=tables,
            as_of=as_of,
            want=SelectionKind.PREDICT,
            into=work,
            limits=environment.limits,
            also=also,
        )
    )
    deps.progress.start(model, "predict")
    rows, amounts = work / "predictions.csv", work / "amounts.csv"
    predicted = deps.scorer.predict(
        PredictRequest(
            artifact=release,
            rows=work / "predict.parquet",
            out=rows,
            limits=environment.limits,
            by=0 if by is not None else None,
            amount=1 if amount is not None else None,
            amounts=amounts if by is not None else None,
        )
    )
    log = _log(deps, environment, model, artifact, as_of, rows, predicted)
    _publish(rows, out)
    beside = out.with_name(f"{out.stem}.amounts{out.suffix}")
    if by is not None:
        _publish(amounts, beside)
    return Predictions(
        environment=environment.name,
        model=model,
        artifact=artifact,
        as_of=as_of,
        classes=schema.classes,
        rows=predicted.rows,
        counts=predicted.counts,
        uncertain=predicted.uncertain,
        out=str(out),
        log=log,
        by=by,
        amount=amount,
        expected=tuple(GroupAmount(group=one.group, amounts=one.amounts) for one in predicted.expected),
        amounts=str(beside) if by is not None else None,
    )


def _release(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, work: Path
) -> tuple[Digest, Path]:
    """The digest and a folder with the bytes that serve: the target's release where there is a target (re-hashed and
    held against the journal), else the newest artifact of the store."""
    head = observe.head_of(deps, desired, environment.name, model)
    if head is None or head.state.artifact is None:
        raise UsageError(
            f"nothing is deployed for {model} in {environment.name}",
            hint=f"run `reconciler status {environment.name}`",
            code="E801",
        )
    artifact = head.state.artifact
    target = deps.targets.get(environment.name)
    if target is None:
        store = deps.stores[environment.name]
        return artifact, blobs.unpack(store, blobs.artifact(store, artifact), work / "release")
    served = next((one for one in target.observe([model], others=False) if one.model == model), None)
    drift = drift_of(head, served)
    release = target.release(model)
    if drift is not None or release is None:
        raise IntegrityError(
            f"{environment.name}/{model} does not serve what was deployed: {drift or 'missing: nothing is served'}",
            hint=f"run `reconciler apply {environment.name}`, which restores it",
            code="E501",
        )
    return artifact, release


def _tables(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    recipe: Recipe,
    schema: Schema,
    inputs: tuple[tuple[str, Path], ...],
    work: Path,
) -> tuple[tuple[TableFile, ...], str]:
    """The tables as they stand now, read by the types that the model was trained on; and their day."""
    unknown = sorted({name for name, _ in inputs} - set(recipe.tables))
    if unknown:
        hint = f"it reads {', '.join(recipe.tables)}"
        raise UsageError(f"the model reads no table {unknown[0]!r}", hint=hint, code="E801")
    if environment.trains and not inputs:
        snapshot = data_snapshots.newest(deps.stores[environment.name])
        if snapshot is None:
            raise UsageError(
                f"{environment.name} has no data snapshot",
                hint=f"run `reconciler apply {environment.name}`",
                code="E401",
            )
        return data_snapshots.table_files(deps.stores[environment.name], snapshot, recipe.tables), snapshot.as_of
    origin = data_snapshots.source_of(desired, environment)
    given = dict(inputs)
    copied: list[TableFile] = []
    for name in dict.fromkeys(recipe.tables):
        table = origin.data.table(name)
        root = deps.data_root
        if name in given:
            root, table = given[name].parent, _as_given(given[name], table)
        if table is None:
            raise DataError(f"{environment.name} declares no table {name}", hint=f"give it with --input {name}=FILE")
        held = tuple(pair for pair in schema.tables if pair[0] == name)
        request = CopyRequest(root=root, tables=((name, table),), held=held, into=work, limits=environment.limits)
        copied.extend(deps.data.copy(request))
    return tuple(copied), origin.data.as_of or deps.clock().date().isoformat()


def _as_given(path: Path, declared: Table | None) -> Table:
    """The declared dialect for another file; by its ending where nothing is declared."""
    uses = "parquet" if path.suffix == ".parquet" else "csv"
    if declared is None or declared.uses != uses:
        return Table(uses=uses, path=path.name)
    return replace(declared, path=path.name)


def _log(
    deps: Dependencies,
    environment: Environment,
    model: str,
    artifact: Digest,
    as_of: str,
    rows: Path,
    predicted: PredictResult,
) -> int:
    """Append to the prediction log; two at once get two numbers."""
    store = deps.stores[environment.name]
    entry = codec.encode(
        PredictionLog(
            environment=environment.name,
            model=model,
            artifact=artifact,
            as_of=as_of,
            when=deps.clock(),
            who=deps.actor(),
            rows=blobs.put_file(store, rows),
            count=predicted.rows,
        )
    )
    return numbered_log.append_next(store, store_layout.predictions(environment.name, model), entry)


def _publish(made: Path, out: Path) -> None:
    """Move into place in one go: a reader sees the old file or the whole new one."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        temporary.write_bytes(made.read_bytes())
        temporary.replace(out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(f"cannot write {out}: {error.strerror}", hint="choose another --out", code="E801") from error
