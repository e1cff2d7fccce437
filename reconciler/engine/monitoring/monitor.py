"""Hold deployed models to what they promised, by the outcomes that became known of what they predicted.

Reads journals, artifacts, prediction logs and the environment's tables; writes nothing but what it found, one record
per model, and that only where it differs from the last one. A model that cannot be judged does not stop the others.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from reconciler import codec
from reconciler.core.age import ahead, is_ahead
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE, SCHEMA_FILE, Schema
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest
from reconciler.core.evaluation.units import transformed_unit
from reconciler.core.monitoring.judge import judge
from reconciler.core.monitoring.outcomes import KnownOutcomes
from reconciler.core.monitoring.promise import PINBALL, LossKind, Promise, promise_of, quantile_of
from reconciler.core.monitoring.record import LiveVerdict, MonitoringRecord
from reconciler.core.monitoring.results import MonitoredModel, Monitoring
from reconciler.core.names import seen
from reconciler.core.notices.notice import degradations
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.monitoring import monitoring_log
from reconciler.engine.notices.tell import tell
from reconciler.engine.plan import observe
from reconciler.engine.prediction import prediction_input
from reconciler.engine.prediction.prediction_input import DeployedModel
from reconciler.engine.storage import blobs, numbered_log
from reconciler.engine.storage.erasures.erased import Erased, erased
from reconciler.engine.storage.evaluations import records
from reconciler.errors import ReconcilerError
from reconciler.ports import OutcomesRequest, PredictedRows, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRun:
    """One run of `predict` by the deployed artifact: its number, and its rows as they are by now, None where they are
    erased."""

    n: int
    log: PredictionLog
    rows: Digest | None


def monitor(
    deps: Dependencies, desired: DesiredState, environment: Environment, models: Sequence[str] = ()
) -> Monitoring:
    """Judge the deployed models of an environment, or some, and record what is found.

    Raises UsageError E801 where a named model is not there.
    """
    declared = sorted(model.name for model in desired.models_of(environment.name))
    for model in models:
        if model not in declared and observe.head_of(deps, desired, environment.name, model) is None:
            raise unknown_model(desired, environment.name, model)
    found = Monitoring(
        environment=environment.name,
        role=environment.role.value,
        revision=desired.revision,
        models=tuple(_told(deps, desired, environment, model) for model in sorted(set(models)) or declared),
    )
    if environment.notify:
        tell(deps, desired.project, environment, degradations(found))
    return found


def _told(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> MonitoredModel:
    try:
        return _monitor(deps, desired, environment, model)
    except ReconcilerError as error:
        return MonitoredModel(model=model, problem=str(error), remedy=error.hint, status=status_of(error))


def _monitor(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> MonitoredModel:
    head = observe.head_of(deps, desired, environment.name, model)
    if head is None or head.state.artifact is None:
        return MonitoredModel(model=model, problem="nothing is deployed")
    artifact, store, now = head.state.artifact, deps.stores[environment.name], deps.clock()
    package = blobs.artifact(store, artifact)
    recipe = codec.decode(BuiltRecipe, blobs.document(store, package, RECIPE_FILE), what=RECIPE_FILE).recipe
    evaluation = codec.decode(Evaluation, blobs.document(store, package, EVALUATION_FILE), what=EVALUATION_FILE)
    quantile = quantile_of(recipe)
    pinball = _pinball(deps, desired, environment, artifact, evaluation) if quantile is not None else None
    promise = promise_of(evaluation, recipe, pinball)
    if isinstance(promise, str):
        return MonitoredModel(model=model, artifact=artifact, problem=f"there is no promise to hold it to: {promise}")
    runs = tuple(_runs(store, environment.name, model, artifact))
    notes = tuple(_notes(runs, promise, quantile, now))
    known = KnownOutcomes(days=(), predicted=0, waiting=0, gone=0)
    if any(run.rows is not None and run.log.count for run in runs):
        schema = codec.decode(Schema, blobs.document(store, package, SCHEMA_FILE), what=SCHEMA_FILE)
        work = deps.scratch / f"monitor-{deps.new_id()}"
        work.mkdir(parents=True)
        deployed = DeployedModel(model=model, artifact=artifact, release=work, recipe=recipe, schema=schema, work=work)
        try:
            known = _known(deps, desired, environment, deployed, promise, runs)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    if known.waiting and recipe.outcome.matured is None:
        notes = (*notes, "its recipe says no outcome.matured: outcomes that are known early may be unlike the others")
    if (unit := transformed_unit(recipe)) is not None:
        notes = (
            *notes,
            f"its figures are of {seen(unit.predicted)}, which the model predicts, not of {seen(unit.unit)}",
        )
    if known.before:
        notes = (*notes, f"not counted, since the outcome was known when it was predicted: {known.before:,}")
    if known.other:
        notes = (*notes, f"outcomes that are none of its classes, and count as wrong: {known.other:,}")
    record, entry = _record(deps, environment, model, artifact, promise, known)
    drifted = runs[-1] if runs and runs[-1].log.drift is not None else None
    return MonitoredModel(
        model=model,
        artifact=artifact,
        verdict=record.verdict,
        figure=promise.figure,
        promised=promise.value,
        promised_rows=promise.rows,
        predicted=known.predicted,
        waiting=known.waiting,
        gone=known.gone,
        known=record.known,
        recent=record.recent,
        evidence=record.evidence,
        found=record.found,
        drift=drifted.log.drift if drifted is not None else None,
        drift_day=f"{drifted.log.when:%Y-%m-%d}" if drifted is not None else None,
        asked=record.asked,
        notes=notes,
        entry=entry,
        unit=unit,
        status=ResultStatus.PENDING if record.verdict is LiveVerdict.DEGRADED else ResultStatus.CLEAN,
    )


def _pinball(
    deps: Dependencies, desired: DesiredState, environment: Environment, artifact: Digest, evaluation: Evaluation
) -> float | None:
    """Return the mean pinball loss of the holdout, by its evaluation in full; None where none is recorded here."""
    for name in (environment.name, *desired.upstream(environment.name)):
        with suppress(ReconcilerError):  # derived data, and a store that this machine need not reach
            detailed = records.read(deps.stores[name], artifact, evaluation.evaluation_rows)
            if detailed is None:
                continue
            # In what the model itself predicts, as live rows are: of another unit there are figures of both.
            return {each.name: each.value for each in detailed.as_predicted or detailed.figures}.get(PINBALL)
    return None


def _record(
    deps: Dependencies,
    environment: Environment,
    model: str,
    artifact: Digest,
    promise: Promise,
    known: KnownOutcomes,
) -> tuple[MonitoringRecord, int]:
    """Judge what is known, and record it: all anew of another artifact, the verdict anew of another promise."""
    store, now = deps.stores[environment.name], deps.clock()
    newest = monitoring_log.last(store, environment.name, model)
    before = newest[1] if newest is not None and newest[1].artifact == artifact else None
    same = before is not None and before.promise == promise
    found = judge(promise, known.days, f"{now:%Y-%m-%d}", before if same else None)
    record = MonitoringRecord(
        environment=environment.name,
        model=model,
        artifact=artifact,
        when=now,
        who=deps.actor(),
        verdict=found.verdict,
        promise=promise,
        waiting=known.waiting,
        gone=known.gone,
        known=found.known,
        recent=found.recent,
        evidence=found.evidence,
        found=found.found,
        through=found.through,
        asked=before.asked if before is not None else None,  # also where what was found is taken back: asked once
    )
    return record, monitoring_log.append(store, record)


def _runs(store: Store, environment: str, model: str, artifact: Digest) -> Iterator[LoggedRun]:
    """Yield the logged runs of the artifact, in their order. Raises IntegrityError where one is damaged or missing."""
    prefix, gone = store_layout.predictions(environment, model), None
    newest = numbered_log.last(store, prefix)
    for n in range(newest[0] + 1 if newest is not None else 0):
        key = store_layout.member(prefix, n)
        if (body := store.read(key)) is None:
            raise numbered_log.missing(prefix, n)
        log = codec.decode(PredictionLog, body, what=key)
        if (log.environment, log.model) != (environment, model):
            raise numbered_log.misplaced(key, f"a prediction of {log.environment}/{log.model}")
        if log.artifact == artifact:
            gone = gone if gone is not None else erased(store)
            yield LoggedRun(n=n, log=log, rows=_rows(key, log, gone))


def _rows(key: str, log: PredictionLog, gone: Erased) -> Digest | None:
    """Return the rows of a run as they are by now: where an entity was erased, those that were written again."""
    again = gone.logs.get(key)
    return again.after if again is not None else log.rows


def _notes(runs: Sequence[LoggedRun], promise: Promise, quantile: float | None, now: datetime) -> Iterator[str]:
    if not runs:
        yield "no predictions of this artifact are logged: run `reconciler predict`"
    if lost := sum(run.rows is None for run in runs):
        yield f"the rows of {lost:,} of its {len(runs):,} predictions were erased"
    for run in runs:
        if is_ahead(run.log.when, now):
            yield ahead(f"prediction {run.n}", run.log.when)
            break
    if quantile is not None and promise.kind is not LossKind.PINBALL:
        yield "it predicts a quantile, and its holdout promised no pinball loss: it is held to its mean absolute error"


def _known(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    deployed: DeployedModel,
    promise: Promise,
    runs: Sequence[LoggedRun],
) -> KnownOutcomes:
    """Join the runs with the tables as they stand now. A run counts for its day, or for that of one before it where
    that is later: no clock puts a prediction before what was predicted already."""
    store, day, predictions = deps.stores[environment.name], "", []
    today = f"{deps.clock():%Y-%m-%d}"
    for run in runs:
        day = max(day, min(today, f"{run.log.when:%Y-%m-%d}"))
        if run.rows is not None and run.log.count:
            predictions.append(PredictedRows(path=blobs.file_of(store, run.rows), day=day, as_of=run.log.as_of))
    deps.progress.start(deployed.model, "read tables")
    tables, as_of = prediction_input.current_tables(deps, desired, environment, deployed, ())
    deps.progress.start(deployed.model, "look for outcomes")
    assert deps.outcomes is not None  # noqa: S101  (wired wherever there are tables)
    into = deployed.work / "joined"
    into.mkdir()
    return deps.outcomes.known_outcomes(
        OutcomesRequest(
            recipe=deployed.recipe,
            tables=tables,
            as_of=as_of,
            predictions=tuple(predictions),
            promise=promise,
            into=into,
            limits=environment.limits,
        )
    )
