"""Read and write what trials found, and the runs of experiments."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.experiment import contradictions
from reconciler.core.experiment.trial import ExperimentRun, TrialRecord
from reconciler.core.spec.experiment.declared_experiment import CLASS_METRICS, NUMBER_METRICS
from reconciler.core.spec.recipe import Task
from reconciler.engine.storage import numbered_log
from reconciler.ports import Store

_METRICS = {Task.CLASSIFICATION: CLASS_METRICS, Task.REGRESSION: NUMBER_METRICS}


def trial(store: Store, fingerprint: Digest) -> TrialRecord | None:
    """Return what a trial found; None where nobody ran it. Raises IntegrityError as `decoded_trial` does."""
    key = store_layout.trial(fingerprint)
    body = store.read(key)
    return decoded_trial(key, body) if body is not None else None


def of_run(store: Store, run: ExperimentRun, fingerprint: Digest) -> TrialRecord:
    """Return a trial that a run names. Raises IntegrityError: E604 where it is gone, E508 where it is none of such a
    run, and as `decoded_trial` does."""
    key = store_layout.trial(fingerprint)
    found = trial(store, fingerprint)
    if found is None:
        raise numbered_log.gone(key, "a run of an experiment")
    if found.inputs.folds != run.inputs.folds or run.inputs.metric not in _METRICS[found.recipe.task]:
        what = f"{run.inputs.metric} on {run.inputs.folds} folds"
        raise numbered_log.impossible(key, f"is named by a run of {run.experiment}, which judges by {what}; it is not")
    return found


def decoded_trial(key: str, body: bytes) -> TrialRecord:
    """Return a stored trial. Raises IntegrityError: E508 where it is damaged or contradicts itself, E509 where it is
    another one's."""
    found = codec.decode(TrialRecord, body, what=key)
    if key != store_layout.trial(found.fingerprint) or codec.digest_of(found.inputs) != found.fingerprint:
        raise numbered_log.misplaced(key, f"the trial {codec.digest_of(found.inputs)}")
    if codec.digest_of(found.recipe) != found.inputs.recipe:
        raise numbered_log.impossible(key, "holds another recipe than the one that was tried")
    if (problem := contradictions.of_trial(found)) is not None:
        raise numbered_log.impossible(key, problem)
    return found


def record_trial(store: Store, found: TrialRecord) -> TrialRecord:
    """Record what a trial found unless somebody did; return the recorded one, which everybody uses from now on."""
    key = store_layout.trial(found.fingerprint)
    return decoded_trial(key, numbered_log.create_or_read(store, key, codec.encode(found)))


def runs(store: Store, environment: str, name: str) -> Iterator[ExperimentRun]:
    """Yield the runs of an experiment, newest first; IntegrityError where one is missing or damaged."""
    prefix = store_layout.experiment(environment, name)
    last_member = numbered_log.last(store, prefix)
    for n in range(last_member[0] if last_member is not None else -1, -1, -1):
        key = store_layout.member(prefix, n)
        body = store.read(key)
        if body is None:
            raise numbered_log.missing(prefix, n)
        yield decoded_run(key, body)


def decoded_run(key: str, body: bytes) -> ExperimentRun:
    """Return a stored run of an experiment. Raises IntegrityError: E508 where it is damaged or contradicts itself, E509
    where it is another one's."""
    found = codec.decode(ExperimentRun, body, what=key)
    if not key.startswith(f"{store_layout.experiment(found.environment, found.experiment)}/"):
        raise numbered_log.misplaced(key, f"a run of {found.environment}/{found.experiment}")
    if codec.digest_of(found.inputs) != found.identity:
        raise numbered_log.impossible(key, "names another experiment than the one that it describes")
    if (problem := contradictions.of_run(found)) is not None:
        raise numbered_log.impossible(key, problem)
    return found


def names(store: Store, environment: str) -> tuple[str, ...]:
    """Return the experiments of an environment that have runs, sorted."""
    prefix = f"{store_layout.EXPERIMENTS}/{environment}/"
    return tuple(sorted({key[len(prefix) :].partition("/")[0] for key in store.keys(prefix)}))


def record_run(store: Store, run: ExperimentRun) -> None:
    """Append a run to the log of its experiment."""
    numbered_log.append_next(store, store_layout.experiment(run.environment, run.experiment), codec.encode(run))
