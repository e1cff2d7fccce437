"""Measure how far the records to predict are, today, from the rows that the deployed model was trained on."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.quality.drift_report import ModelDrift
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.prediction import prediction_input
from reconciler.ports import MeasureDriftRequest, SelectionKind, SelectRequest


def data_drift(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: str,
    inputs: tuple[tuple[str, Path], ...] = (),
) -> ModelDrift:
    """Return the drift of the open records of an environment's tables, as they stand now; writes nothing.

    `inputs` replace tables by files. Raises as `predict` does.
    """
    deployed = prediction_input.deployed_model(deps, desired, environment, model)
    deps.progress.start(model, "read tables")
    tables, as_of = prediction_input.current_tables(deps, desired, environment, deployed, inputs)
    deps.progress.start(model, "select open records")
    deps.data.select(
        SelectRequest(
            recipe=deployed.recipe,
            tables=tables,
            as_of=as_of,
            want=SelectionKind.PREDICT,
            into=deployed.work,
            limits=environment.limits,
            trained=deployed.schema.tables,
        )
    )
    deps.progress.start(model, "measure drift")
    measured = deps.scorer.measure_drift(
        MeasureDriftRequest(
            artifact=deployed.release, rows=deployed.work / "predict.parquet", limits=environment.limits
        )
    )
    return ModelDrift(
        environment=environment.name,
        model=model,
        artifact=deployed.artifact,
        as_of=as_of,
        rows=measured.rows,
        unknown=measured.unknown,
        drift=measured.drift,
    )
