"""Read and write what trials found, and the runs of experiments."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.experiment.trial import ExperimentRun, TrialRecord
from reconciler.engine.storage import numbered_log
from reconciler.ports import Store


def trial(store: Store, fingerprint: Digest) -> TrialRecord | None:
    """Return what a trial found; None where nobody ran it. IntegrityError E509 where its file names another."""
    key = store_layout.trial(fingerprint)
    body = store.read(key)
    if body is None:
        return None
    found = codec.decode(TrialRecord, body, what=key)
    if found.fingerprint != fingerprint:
        raise numbered_log.misplaced(key, f"the trial {found.fingerprint}")
    return found


def record_trial(store: Store, found: TrialRecord) -> TrialRecord:
    """Record what a trial found unless somebody did; return the recorded one, which everybody uses from now on."""
    key = store_layout.trial(found.fingerprint)
    return codec.decode(TrialRecord, numbered_log.create_or_read(store, key, codec.encode(found)), what=key)


def runs(store: Store, environment: str, name: str) -> Iterator[ExperimentRun]:
    """Yield the runs of an experiment, newest first; IntegrityError where one is missing or damaged."""
    prefix = store_layout.experiment(environment, name)
    last_member = numbered_log.last(store, prefix)
    for n in range(last_member[0] if last_member is not None else -1, -1, -1):
        key = store_layout.member(prefix, n)
        body = store.read(key)
        if body is None:
            raise numbered_log.missing(prefix, n)
        found = codec.decode(ExperimentRun, body, what=key)
        if (found.environment, found.experiment) != (environment, name):
            raise numbered_log.misplaced(key, f"a run of {found.environment}/{found.experiment}")
        yield found


def names(store: Store, environment: str) -> tuple[str, ...]:
    """Return the experiments of an environment that have runs, sorted."""
    prefix = f"{store_layout.EXPERIMENTS}/{environment}/"
    return tuple(sorted({key[len(prefix) :].partition("/")[0] for key in store.keys(prefix)}))


def looks(store: Store, environment: str, model: str) -> int:
    """Return how many runs of any experiment judged a winner of a model on its holdout."""
    every = (run for name in names(store, environment) for run in runs(store, environment, name))
    return sum(run.model == model and run.holdout is not None for run in every)


def record_run(store: Store, run: ExperimentRun) -> None:
    """Append a run to the log of its experiment."""
    numbered_log.append_next(store, store_layout.experiment(run.environment, run.experiment), codec.encode(run))
