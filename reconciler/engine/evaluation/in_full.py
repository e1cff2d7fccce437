"""The evaluation in full of an artifact: the recorded one, or computed in the scoring worker and recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import SCHEMA_FILE, Schema
from reconciler.core.digest import Digest, short
from reconciler.core.evaluation.detailed import DetailedEvaluation, contradiction, named_slices
from reconciler.core.spec.environment import Limits, Runtime
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation
from reconciler.engine.compute.request import teller
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.slice_rows import PLAIN, JudgedBy, slice_rows
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs
from reconciler.engine.storage.evaluations import records
from reconciler.errors import IntegrityError, ScoringError, StoreError
from reconciler.ports import ArtifactEvaluationRequest, EvaluateRequest, Store

NOT_YET = "it was made before its manifest declared slices, an order or costs as now: `reconciler show` makes it anew"


def recorded(
    store: Store, artifact: Digest, declared: DeclaredEvaluation = NO_DECLARATION
) -> DetailedEvaluation | None:
    """Return the recorded evaluation of an artifact on its own holdout; None where nobody asked for it yet.

    `declared`: what its manifest says of how it is judged; where no record has that, one without it is returned, with a
    note. Raises IntegrityError as `in_full` does.
    """
    own = verification.evaluation_of(store, artifact)
    known = records.read(store, artifact, own.evaluation_rows, digest_of(declared))
    if known is None and declared.declares:
        known = records.read(store, artifact, own.evaluation_rows)
        known = noted(known, NOT_YET) if known is not None else None
    return _checked(store, artifact, known, own) if known is not None else None


def digest_of(declared: DeclaredEvaluation) -> Digest | None:
    """Return the digest that records know a declaration by; None where nothing is declared."""
    return codec.digest_of(declared) if declared.declares else None


def noted(detailed: DetailedEvaluation, note: str) -> DetailedEvaluation:
    """Return the evaluation with one note more."""
    return replace(detailed, note=note if detailed.note is None else f"{detailed.note}; {note}")


def in_full(
    deps: Dependencies,
    store: Store,
    artifact: Digest,
    limits: Limits,
    judging: JudgedBy = PLAIN,
    *,
    runtime: Runtime | None = None,
) -> DetailedEvaluation | str:
    """Return the evaluation in full of an artifact of `store` on its own holdout, or why there is none.

    Where the declared slices cannot be computed, the evaluation is without them, says so, and is not recorded. Where no
    record has it, it is computed, and recorded; where the store cannot be written to, it is only returned. With
    `runtime`, it may be computed where models are trained, by that runtime. Raises IntegrityError where a record is
    damaged (E508, E509), or contradicts the artifact's own evaluation (E510).
    """
    own = verification.evaluation_of(store, artifact)
    declared = digest_of(judging.declared)
    stores = dict.fromkeys((store, *(each for each in deps.stores.values() if blobs.holds(each, artifact))))
    known = next(filter(None, (records.read(each, artifact, own.evaluation_rows, declared) for each in stores)), None)
    if known is None:
        if (rows := _store_of(deps, store, own.evaluation_rows)) is None:
            return "the rows that it was judged on are not kept any more"
        work = deps.scratch / f"evaluate-{deps.new_id()}"
        work.mkdir(parents=True)
        slices = slice_rows(deps, judging, limits, work)
        deps.progress.start(short(artifact), "evaluate")
        try:
            if deps.compute is not None and runtime is not None and rows is store and slices is None:
                known = deps.compute.evaluate(
                    ArtifactEvaluationRequest(
                        artifact=artifact,
                        evaluation_rows=own.evaluation_rows,
                        runtime=runtime,
                        limits=limits,
                        declared=judging.declared,
                    ),
                    teller(deps.progress, short(artifact)),
                )
            else:
                known = deps.scorer.evaluate(
                    EvaluateRequest(
                        artifact=blobs.unpack(store, blobs.artifact(store, artifact), work / "artifact"),
                        digest=artifact,
                        rows=(blobs.file_of(rows, own.evaluation_rows),),
                        evaluation_rows=own.evaluation_rows,
                        limits=limits,
                        declared=judging.declared,
                        slices=(slices,) if isinstance(slices, Path) else (),
                    )
                )
        except ScoringError as error:
            return error.message
        if (known.artifact, known.evaluation_rows) != (artifact, own.evaluation_rows):
            return "another artifact was evaluated elsewhere than asked for"
        if isinstance(slices, str):
            return _checked(store, artifact, noted(known, f"without the declared slices: {slices}"), own)
        with contextlib.suppress(StoreError):  # who only reads a store may look at its models, too
            known = records.record(store, known)
    return _checked(store, artifact, known, own)


def agreeing(store: Store, artifact: Digest, detailed: DetailedEvaluation) -> DetailedEvaluation:
    """Return a recorded evaluation with its slices named. Raises IntegrityError E510 where the artifact contradicts
    it."""
    return _checked(store, artifact, detailed, verification.evaluation_of(store, artifact))


def _store_of(deps: Dependencies, first: Store, rows: Digest) -> Store | None:
    stores: Iterable[Store] = (first, *deps.stores.values())
    return next((store for store in stores if blobs.holds(store, rows)), None)


def _checked(store: Store, artifact: Digest, detailed: DetailedEvaluation, own: Evaluation) -> DetailedEvaluation:
    """Return the evaluation with its slices named. Raises IntegrityError E510 where the artifact says otherwise."""
    schema = codec.decode(
        Schema, blobs.document(store, blobs.artifact(store, artifact), SCHEMA_FILE), what=f"{SCHEMA_FILE} of {artifact}"
    )
    try:
        named = named_slices(detailed, schema)
    except ValueError as error:
        raise _forged(detailed, str(error)) from None
    if (problem := contradiction(detailed, own)) is not None:
        raise _forged(detailed, problem)
    return named


def _forged(detailed: DetailedEvaluation, problem: str) -> IntegrityError:
    named = (detailed.artifact, detailed.evaluation_rows, detailed.computation, detailed.declared)
    key = store_layout.evaluation(*named)
    return IntegrityError(
        f"the recorded evaluation of {short(detailed.artifact)} has {problem}",
        code="E510",
        hint=f"find out who writes to the store, and remove {key} from it: it is computed again when it is asked for",
    )
