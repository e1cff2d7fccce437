"""Predict: score open records with exactly the bytes that an environment serves, and log the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest
from reconciler.core.inspect.predictions import GroupAmount, Predictions
from reconciler.core.inspect.unknown_limit import check_unknown
from reconciler.core.quality.drift import summary_of
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.prediction import prediction_input
from reconciler.engine.prediction.prediction_input import DeployedModel
from reconciler.engine.storage import blobs, numbered_log
from reconciler.errors import UsageError
from reconciler.ports import PredictRequest, PredictResult, SelectionKind, SelectRequest, TableFile


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
    unknown: bool = False,
) -> Predictions:
    """Write one row per open record to `out`; nothing is written there unless all of it could be.

    `inputs` replace tables by files that the caller names. `unknown`: say of each record what the model does not know.
    NotInPlaceError when what is served is not what was deployed.
    """
    if (by is None) != (amount is None):
        raise UsageError("--by and --amount go together", hint="name both columns, or neither", code="E801")
    deployed = prediction_input.deployed_model(deps, desired, environment, model)
    deployed = replace(deployed, also=tuple(column for column in (by, amount) if column is not None))
    deps.progress.start(model, "read tables")
    tables, as_of = prediction_input.current_tables(deps, desired, environment, deployed, inputs)
    return score(deps, environment, deployed, tables, as_of=as_of, out=out, by=by, amount=amount, unknown=unknown)


def score(
    deps: Dependencies,
    environment: Environment,
    deployed: DeployedModel,
    tables: Sequence[TableFile],
    *,
    as_of: str,
    out: Path,
    by: str | None = None,
    amount: str | None = None,
    keys: Path | None = None,
    unknown: bool = False,
) -> Predictions:
    """Score the open records of `tables` as they stood on the day `as_of` (ISO); write `out` and the prediction log.

    `keys`: a Parquet file whose column `key` lists the records to score, in the type of the table's key; None: all.
    Raises GateRefusedError E512, before anything is written, where too many of them are unknown to the model.
    """
    model, recipe, work = deployed.model, deployed.recipe, deployed.work
    also = tuple(column for column in (by, amount) if column is not None)
    deps.progress.start(model, "select open records")
    deps.data.select(
        SelectRequest(
            recipe=recipe,
            tables=tuple(tables),
            as_of=as_of,
            want=SelectionKind.PREDICT,
            into=work,
            limits=environment.limits,
            keys=keys,
            also=also,
            trained=deployed.schema.tables,
        )
    )
    deps.progress.start(model, "predict")
    rows, amounts = work / "predictions.csv", work / "amounts.csv"
    predicted = deps.scorer.predict(
        PredictRequest(
            artifact=deployed.release,
            rows=work / "predict.parquet",
            out=rows,
            limits=environment.limits,
            by=0 if by is not None else None,
            amount=1 if amount is not None else None,
            amounts=amounts if by is not None else None,
            unknown=unknown,
        )
    )
    check_unknown(environment, model, predicted.rows, predicted.unknown)
    log = _log(deps, environment, model, deployed.artifact, as_of, rows, predicted)
    _publish(rows, out)
    beside = out.with_name(f"{out.stem}.amounts{out.suffix}")
    if by is not None:
        _publish(amounts, beside)
    return Predictions(
        environment=environment.name,
        model=model,
        artifact=deployed.artifact,
        as_of=as_of,
        classes=deployed.schema.classes,
        rows=predicted.rows,
        counts=predicted.counts,
        uncertain=predicted.uncertain,
        out=str(out),
        log=log,
        by=by,
        amount=amount,
        expected=tuple(GroupAmount(group=group.group, amounts=group.amounts) for group in predicted.expected),
        amounts=str(beside) if by is not None else None,
        unknown=predicted.unknown,
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


def _publish(source: Path, out: Path) -> None:
    """Move the file into place in one go: a reader sees the old file or the whole new one."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(f"cannot write {out}: {error.strerror}", hint="choose another --out", code="E801") from error
