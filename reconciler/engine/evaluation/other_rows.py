"""Evaluate the deployed artifact, or another one of a model, on rows as they stand now: those that it never learnt
from and whose outcome is known. Records nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.oci_artifact import RECIPE_FILE, SCHEMA_FILE, Schema
from reconciler.core.digest import Digest, DigestPrefix, digest_of_bytes, digest_of_file
from reconciler.core.evaluation.detailed import named_slices
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.snapshots.named_columns import named_columns
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import DeclaredEvaluation, slice_column, with_slices
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.in_full import noted
from reconciler.engine.evaluation.judge_model import declared_of, find_artifact, judge
from reconciler.engine.evaluation.slice_rows import named_in
from reconciler.engine.prediction import prediction_input
from reconciler.engine.prediction.prediction_input import DeployedModel
from reconciler.engine.storage import blobs
from reconciler.errors import DataError, UsageError
from reconciler.ports import EvaluateRequest, SelectionKind, SelectRequest, Store, TableFile


def judge_on_other_rows(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: str,
    inputs: tuple[tuple[str, Path], ...] = (),
    prefix: DigestPrefix | None = None,
) -> JudgedModel:
    """Return what is to be shown of a model on the environment's tables as they stand now; `inputs` replace tables by
    files.

    Rows that the artifact was trained on do not count. Raises as `judge` does; UsageError E801 where it is not known on
    which rows it was trained; DataError where the tables cannot be read or have too few rows.
    """
    artifact, store, keys = find_artifact(deps, desired, environment, model, prefix)
    judged = judge(deps, desired, environment, model, prefix, compute=False)
    if keys is None:
        raise UsageError(
            f"it is not known any more which rows {model} was trained on, so none can be told from them",
            hint=f"`reconciler show {model} --in {environment.name}` shows it on its own holdout",
            code="E801",
        )
    work = deps.scratch / f"evaluate-{deps.new_id()}"
    work.mkdir(parents=True)
    deployed = _unpacked(store, model, artifact, work)
    deps.progress.start(model, "read tables")
    declared = declared_of(desired, environment, model)
    reading = replace(deployed, also=tuple(sorted(named_columns(with_slices(deployed.recipe, declared)))))
    tables, as_of = prediction_input.current_tables(deps, desired, environment, reading, inputs)
    deps.progress.start(model, "select rows whose outcome is known")
    selected = deps.data.select(
        SelectRequest(
            recipe=deployed.recipe,
            tables=tables,
            as_of=as_of,
            want=SelectionKind.FIT,
            into=work,
            limits=environment.limits,
            trained=deployed.schema.tables,
        )
    )
    rows = (work / "train.parquet", work / "holdout.parquet")
    digests = "".join(digest_of_file(path) for path in (*rows, keys))
    slices = _slices(deps, environment, deployed, declared, tables, as_of) if declared.slices else ()
    deps.progress.start(model, "evaluate")
    detailed = deps.scorer.evaluate(
        EvaluateRequest(
            artifact=deployed.release,
            digest=artifact,
            rows=rows,
            evaluation_rows=digest_of_bytes(digests.encode()),
            limits=environment.limits,
            without=keys,
            declared=declared,
            slices=slices if isinstance(slices, tuple) else (),
        )
    )
    if isinstance(slices, str):
        detailed = noted(detailed, f"without the declared slices: {slices}")
    named = ", ".join(name for name, _ in inputs)
    where = f"{named} as given" if inputs else f"the tables of {environment.name} as they stand now"
    total = selected.rows + selected.holdout_rows
    told = f"of {where} (as of {as_of}), of {total:,} whose outcome is known, without those that it was trained on"
    return replace(judged, detailed=named_slices(detailed, deployed.schema), unknown=None, other_rows=told, looks=None)


def _slices(
    deps: Dependencies,
    environment: Environment,
    deployed: DeployedModel,
    declared: DeclaredEvaluation,
    tables: tuple[TableFile, ...],
    as_of: str,
) -> tuple[Path, ...] | str:
    """Return files with each row's key and the value of each declared slice, or why there are none."""
    parts = [deployed.work / "slices" / name for name in ("train", "holdout")]
    try:
        for part in parts:
            part.mkdir(parents=True)
            deps.data.select(
                SelectRequest(
                    recipe=with_slices(deployed.recipe, declared),
                    tables=tables,
                    as_of=as_of,
                    want=SelectionKind.FEATURES,
                    into=part,
                    limits=environment.limits,
                    keys=deployed.work / f"{part.name}.parquet",
                    also=tuple(slice_column(index) for index in range(len(declared.slices))),
                )
            )
    except DataError as error:
        return named_in(error.message, declared)
    return tuple(part / "features.parquet" for part in parts)


def _unpacked(store: Store, model: str, artifact: Digest, work: Path) -> DeployedModel:
    package = blobs.artifact(store, artifact)
    release = blobs.unpack(store, package, work / "artifact")
    built = codec.decode(BuiltRecipe, blobs.document(store, package, RECIPE_FILE), what=RECIPE_FILE)
    schema = codec.decode(Schema, blobs.document(store, package, SCHEMA_FILE), what=SCHEMA_FILE)
    return DeployedModel(model=model, artifact=artifact, release=release, recipe=built.recipe, schema=schema, work=work)
