"""Predict: score open records with exactly the bytes that an environment serves, and log the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest
from reconciler.core.inspect.unknown_limit import check_unknown
from reconciler.core.prediction.prediction_columns import (
    WHOSE,
    PredictionColumns,
    PredictionOptions,
    TableForm,
    columns_of,
    form_of,
)
from reconciler.core.prediction.predictions import GroupAmount, Predictions
from reconciler.core.quality.drift import summary_of
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.prediction import prediction_input
from reconciler.engine.prediction.prediction_input import DeployedModel
from reconciler.engine.prediction.staged_files import staged
from reconciler.engine.prediction.write_back import Destination, declared_destination, write_back
from reconciler.engine.storage import blobs, numbered_log
from reconciler.ports import PredictRequest, PredictResult, SelectionKind, SelectRequest, TableFile

_PLAIN = PredictionOptions()


def predict(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    *,
    model: str,
    out: Path | None,
    inputs: tuple[tuple[str, Path], ...] = (),
    options: PredictionOptions = _PLAIN,
    alone: bool = False,
    table: str | None = None,
) -> Predictions:
    """Write one row per open record to `out`, to the declared `table`, or both; nothing unless all of it could be.

    `inputs` replace tables by files that the caller names. `alone`: no files are written beside `out`.
    NotInPlaceError when what is served is not what was deployed.
    """
    options.check()
    destination = declared_destination(deps, environment, table) if table is not None else None
    deployed = prediction_input.deployed_model(deps, desired, environment, model)
    _columns(deployed, options, destination)  # before any table is read
    deployed = replace(deployed, also=options.read)
    deps.progress.start(model, "read tables")
    tables, as_of = prediction_input.current_tables(deps, desired, environment, deployed, inputs)
    return score(
        deps,
        environment,
        deployed,
        tables,
        as_of=as_of,
        out=out,
        options=options,
        alone=alone,
        destination=destination,
    )


def score(
    deps: Dependencies,
    environment: Environment,
    deployed: DeployedModel,
    tables: Sequence[TableFile],
    *,
    as_of: str,
    out: Path | None,
    options: PredictionOptions = _PLAIN,
    keys: Path | None = None,
    alone: bool = False,
    destination: Destination | None = None,
) -> Predictions:
    """Score the open records of `tables` as they stood on the day `as_of` (ISO); write what is asked for and the log.

    `keys`: a Parquet file whose column `key` lists the records to score, in the type of the table's key; None: all.
    Raises GateRefusedError E512, before anything is written, where too many of them are unknown to the model.
    """
    model, recipe, work = deployed.model, deployed.recipe, deployed.work
    columns = _columns(deployed, options, destination)
    form = form_of(out.name) if out is not None else TableForm.CSV
    by, amount = options.by, options.amount
    deps.progress.start(model, "select open records")
    selected = deps.data.select(
        SelectRequest(
            recipe=recipe,
            tables=tuple(tables),
            as_of=as_of,
            want=SelectionKind.PREDICT,
            into=work,
            limits=environment.limits,
            keys=keys,
            also=tuple(column for column in (by, amount) if column is not None),
            trained=deployed.schema.tables,
            beside=(recipe.data.key, *columns.beside),
            history=by,
        )
    )
    deps.progress.start(model, "predict")
    rows, table, exact = work / "predictions.csv", work / f"table.{form.value}", work / "exact.parquet"
    amounts, groups = work / "amounts.csv", work / f"groups.{form.value}"
    history = work / "history.parquet" if by is not None and selected.no_history is None else None
    predicted = deps.scorer.predict(
        PredictRequest(
            artifact=deployed.release,
            rows=work / "predict.parquet",
            out=rows,
            limits=environment.limits,
            by=0 if by is not None else None,
            amount=1 if amount is not None else None,
            amounts=amounts if amount is not None else None,
            unknown=options.unknown,
            table=table if out is not None else None,
            exact=exact if destination is not None else None,
            form=form,
            columns=columns,
            by_name=by or "group",
            groups=groups if by is not None else None,
            history=history,
        )
    )
    check_unknown(environment, model, predicted.rows, predicted.unknown)
    files = [(table, out)] if out is not None else []
    beside = groups_out = None
    if out is not None and not alone and by is not None:
        groups_out = out.with_name(f"{out.stem}.groups{out.suffix}")
        files.append((groups, groups_out))
        if amount is not None:
            beside = out.with_name(
                f"{out.stem}.amounts{out.suffix}" if form is TableForm.CSV else f"{out.stem}.amounts.csv"
            )
            files.append((amounts, beside))
    with staged(files) as publish:
        log = _log(deps, environment, model, deployed.artifact, as_of, rows, predicted)
        if destination is not None:
            write_back(deps, environment, deployed, destination, exact, as_of=as_of, log=log)
        publish()
    return Predictions(
        environment=environment.name,
        model=model,
        artifact=deployed.artifact,
        as_of=as_of,
        classes=deployed.schema.classes,
        rows=predicted.rows,
        counts=predicted.counts,
        uncertain=predicted.uncertain,
        out=str(out) if out is not None else None,
        log=log,
        by=by,
        amount=amount,
        expected=tuple(GroupAmount(group=group.group, amounts=group.amounts) for group in predicted.expected),
        amounts=str(beside) if beside is not None else None,
        unknown=predicted.unknown,
        key=columns.key,
        key_taken=recipe.data.key if recipe.data.key != columns.key else None,
        explained=predicted.explained,
        groups=predicted.groups,
        groups_out=str(groups_out) if groups_out is not None else None,
        no_history=selected.no_history,
        table=destination[0] if destination is not None else None,
    )


def _columns(deployed: DeployedModel, options: PredictionOptions, destination: Destination | None) -> PredictionColumns:
    return columns_of(
        deployed.recipe.data.key,
        options.beside,
        deployed.schema.classes,
        top=options.top,
        unknown=options.unknown,
        before=WHOSE if destination is not None else (),
    )


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
            unknown=predicted.unknown.rows if predicted.unknown is not None else None,
            drift=summary_of(predicted.drift) if predicted.drift is not None else None,
        )
    )
    return numbered_log.append_next(store, store_layout.predictions(environment.name, model), entry)
