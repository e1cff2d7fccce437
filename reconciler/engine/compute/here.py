"""Compute in this process's own workers from a store: where a sandbox is applied, and on each worker of a cluster.

Rows are selected, used and removed below `scratch`; the rows of an experiment's last arms stay until others come, since
trials share them. Nothing is written to the store but blobs: every record is the applier's.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.quality import refusal
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Recipe
from reconciler.engine.compute.request import train_request
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.errors import ReconcilerError, TrainingError, UsageError
from reconciler.ports import (
    ArmTrialRequest,
    ArtifactEvaluationRequest,
    BuildRequest,
    BuiltModel,
    DataEngine,
    EvaluateRequest,
    NewId,
    Scorer,
    SelectionKind,
    SelectRequest,
    SelectResult,
    Store,
    Tell,
    Trainer,
    TrialRequest,
    TrialResult,
    TrialRunner,
    tell_nobody,
)

MOST_ARMS = 3
"""Arms of experiments whose rows are kept."""


@dataclass(slots=True, kw_only=True)
class _ArmRows:
    """The rows of an arm: a folder, or why there are none. `ready` is set when one of the two is known."""

    folder: Path
    uses: int = 0
    ready: threading.Event = field(default_factory=threading.Event)
    error: ReconcilerError | None = None


class ComputeHere:
    """Implements ports.Compute by the ports of workers that run here. `found` is called with the selected rows of a
    build before the checks may stop it."""

    def __init__(
        self,
        *,
        store: Store,
        data: DataEngine,
        scratch: Path,
        new_id: NewId,
        trainer: Trainer | None = None,
        trials: TrialRunner | None = None,
        scorer: Scorer | None = None,
        found: Callable[[SelectResult], object] | None = None,
    ) -> None:
        self._store = store
        self._data = data
        self._trainer = trainer
        self._trials = trials
        self._scorer = scorer
        self._found = found
        self._scratch = scratch
        self._new_id = new_id
        self._lock = threading.Lock()
        self._arms: dict[Digest, _ArmRows] = {}

    def warm(self) -> None:
        """Do nothing: its workers are warmed by who opened them."""

    def build(self, request: BuildRequest, tell: Tell = tell_nobody) -> BuiltModel:
        del tell
        with self._folder("train") as work:
            selected = self._select(request.recipe, request.snapshot, SelectionKind.FIT, work, request.limits)
            if self._found is not None:
                self._found(selected)
            facts = CheckFacts(findings=selected.checks, off=request.off, allowed=request.allowed)
            if refusal.reasons(facts):
                return BuiltModel(selected=selected)
            return self._train(request, selected, work)

    def trial(self, request: ArmTrialRequest, tell: Tell = tell_nobody) -> TrialResult:
        if self._trials is None:
            raise _cannot("run trials")
        with self._rows(request, tell) as rows:
            return self._trials.run(
                TrialRequest(
                    recipe=request.recipe,
                    features=request.arm.features,
                    train=rows / "train.parquet",
                    days=rows / "days.parquet",
                    folds=request.folds,
                    judged=request.judged,
                    runtime=request.runtime,
                    limits=request.limits,
                )
            )

    def evaluate(self, request: ArtifactEvaluationRequest, tell: Tell = tell_nobody) -> DetailedEvaluation:
        del tell
        if self._scorer is None:
            raise _cannot("evaluate")
        with self._folder("evaluate") as work:
            artifact = blobs.artifact(self._store, request.artifact)
            return self._scorer.evaluate(
                EvaluateRequest(
                    artifact=blobs.unpack(self._store, artifact, work / "artifact"),
                    digest=request.artifact,
                    rows=(blobs.file_of(self._store, request.evaluation_rows),),
                    evaluation_rows=request.evaluation_rows,
                    limits=request.limits,
                    declared=request.declared,
                )
            )

    def close(self) -> None:
        """Remove the rows of arms; the workers are closed by who opened them."""
        with self._lock:
            arms, self._arms = self._arms, {}
        for rows in arms.values():
            shutil.rmtree(rows.folder, ignore_errors=True)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _train(self, request: BuildRequest, selected: SelectResult, work: Path) -> BuiltModel:
        if self._trainer is None:
            raise _cannot("train")
        trained = self._trainer.train(
            train_request(
                request.recipe, request.snapshot, selected, work, runtime=request.runtime, limits=request.limits
            )
        )
        return BuiltModel(
            selected=selected,
            files=tuple(
                (name, blobs.put_file(self._store, work / "artifact" / name)) for name in sorted(trained.files)
            ),
            evaluation_rows=blobs.put_file(self._store, work / "holdout.parquet"),
            training_keys=blobs.put_file(self._store, work / "keys.parquet"),
        )

    def _select(
        self, recipe: Recipe, snapshot: Snapshot, want: SelectionKind, into: Path, limits: Limits
    ) -> SelectResult:
        tables = data_snapshots.table_files(self._store, snapshot, recipe.tables)
        return self._data.select(
            SelectRequest(recipe=recipe, tables=tables, as_of=snapshot.as_of, want=want, into=into, limits=limits)
        )

    @contextmanager
    def _folder(self, kind: str) -> Iterator[Path]:
        work = self._scratch / f"{kind}-{self._new_id()}"
        work.mkdir(parents=True)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    @contextmanager
    def _rows(self, request: ArmTrialRequest, tell: Tell) -> Iterator[Path]:
        """Give the folder with the rows of an arm: the first of several trials selects them, the others wait."""
        key = codec.digest_of(replace(request, experiment="", recipe=request.arm, folds=0, judged=()))
        with self._lock:
            first = key not in self._arms
            rows = self._arms.setdefault(key, _ArmRows(folder=self._scratch / f"arm-{self._new_id()}"))
            rows.uses += 1
            left = self._not_used_any_more(key)
        for each in left:
            shutil.rmtree(each.folder, ignore_errors=True)
        try:
            if first:
                tell("select the training rows")
                self._select_arm(key, rows, request)
            rows.ready.wait()
            if rows.error is not None:
                raise rows.error
            yield rows.folder
        finally:
            with self._lock:
                rows.uses -= 1

    def _select_arm(self, key: Digest, rows: _ArmRows, request: ArmTrialRequest) -> None:
        try:
            rows.folder.mkdir(parents=True)
            self._select(request.arm, request.snapshot, SelectionKind.FOLDS, rows.folder, request.limits)
        except BaseException as error:
            with self._lock:
                self._arms.pop(key, None)
            rows.error = error if isinstance(error, ReconcilerError) else TrainingError("its rows were not selected")
            raise
        finally:
            rows.ready.set()

    def _not_used_any_more(self, newest: Digest) -> list[_ArmRows]:
        """Take the arms out that are too many: the oldest that nobody uses."""
        idle = [key for key, rows in self._arms.items() if rows.uses == 0 and key != newest]
        return [self._arms.pop(key) for key in idle[: max(0, len(self._arms) - MOST_ARMS)]]


def _cannot(what: str) -> UsageError:
    return UsageError(f"this process cannot {what}")
