"""The evaluation in full of an artifact: the recorded one, or computed in the scoring worker and recorded."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import SCHEMA_FILE, Schema
from reconciler.core.digest import Digest, short
from reconciler.core.evaluation.detailed import DetailedEvaluation, named_slices
from reconciler.core.spec.environment import Limits
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation import records
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs
from reconciler.errors import IntegrityError, ScoringError, StoreError
from reconciler.ports import EvaluateRequest, Store

_NEAR = 1e-6  # of two figures that were computed by different sums


def recorded(store: Store, artifact: Digest) -> DetailedEvaluation | None:
    """Return the recorded evaluation of an artifact on its own holdout; None where nobody asked for it yet.

    Raises IntegrityError as `in_full` does.
    """
    own = verification.evaluation_of(store, artifact)
    known = records.read(store, artifact, own.evaluation_rows)
    return _checked(store, artifact, known, own) if known is not None else None


def in_full(deps: Dependencies, store: Store, artifact: Digest, limits: Limits) -> DetailedEvaluation | str:
    """Return the evaluation in full of an artifact of `store` on its own holdout, or why there is none.

    It is computed where no record has it, and recorded; where the store cannot be written to, it is only returned.
    Raises IntegrityError where a record is damaged (E508, E509), or contradicts the artifact's own evaluation (E510).
    """
    own = verification.evaluation_of(store, artifact)
    known = records.read(store, artifact, own.evaluation_rows)
    if known is None:
        if (rows := _store_of(deps, store, own.evaluation_rows)) is None:
            return "the rows that it was judged on are not kept any more"
        work = deps.scratch / f"evaluate-{deps.new_id()}"
        work.mkdir(parents=True)
        request = EvaluateRequest(
            artifact=blobs.unpack(store, blobs.artifact(store, artifact), work / "artifact"),
            digest=artifact,
            rows=(blobs.file_of(rows, own.evaluation_rows),),
            evaluation_rows=own.evaluation_rows,
            limits=limits,
        )
        deps.progress.start(short(artifact), "evaluate")
        try:
            known = deps.scorer.evaluate(request)
        except ScoringError as error:
            return error.message
        with contextlib.suppress(StoreError):  # who only reads a store may look at its models, too
            known = records.record(store, known)
    return _checked(store, artifact, known, own)


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
    if (detailed.rows, detailed.confusion) != (own.rows, own.confusion):
        raise _forged(detailed, "other rows, or another confusion matrix, than the artifact's own evaluation")
    figures = detailed.as_predicted or detailed.figures
    for figure in figures:
        value = own.metric(figure.name)
        if value is not None and (
            figure.value is None or not math.isclose(figure.value, value, rel_tol=_NEAR, abs_tol=_NEAR)
        ):
            raise _forged(detailed, f"{figure.name} {figure.value}, and the artifact's own evaluation says {value}")
    return named


def _forged(detailed: DetailedEvaluation, problem: str) -> IntegrityError:
    key = store_layout.evaluation(detailed.artifact, detailed.evaluation_rows, detailed.computation)
    return IntegrityError(
        f"the recorded evaluation of {short(detailed.artifact)} has {problem}",
        code="E510",
        hint=f"find out who writes to the store, and remove {key} from it: it is computed again when it is asked for",
    )
