"""Read and record evaluations in full: derived data, which can be computed again at any time."""

from __future__ import annotations

from contextlib import suppress

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import COMPUTATION, DetailedEvaluation
from reconciler.engine.storage import numbered_log
from reconciler.errors import IntegrityError
from reconciler.ports import Store


def read(store: Store, artifact: Digest, rows: Digest, declared: Digest | None = None) -> DetailedEvaluation | None:
    """Read the recorded evaluation of an artifact on these rows; None where there is none of this computation.

    `declared`: the digest of what the model's manifest declares of how it is judged.

    Raises IntegrityError: E508 where the record is damaged, E509 where it is another one's.
    """
    key = store_layout.evaluation(artifact, rows, COMPUTATION, declared)
    body = store.read(key)
    return _decoded(key, body, artifact, rows, declared) if body is not None else None


def named(store: Store, artifact: Digest, evaluation: Digest) -> DetailedEvaluation | None:
    """Return the recorded evaluation of an artifact that has this digest; None where the store has none."""
    for key in store.keys(f"{store_layout.evaluations_of(artifact)}/"):
        body = store.read(key)
        found = codec.decode(DetailedEvaluation, body, what=key) if body is not None else None
        if found is not None and found.artifact == artifact and codec.digest_of(found) == evaluation:
            return found
    return None


def keep(origin: Store, own: Store, artifact: Digest) -> None:
    """Copy the recorded evaluations of an artifact into a store, but one that is damaged, which `audit` tells."""
    if origin is own:
        return
    for key in sorted(origin.keys(f"{store_layout.evaluations_of(artifact)}/")):
        body = origin.read(key)
        if body is None or own.read(key) is not None:
            continue
        with suppress(IntegrityError):
            codec.decode(DetailedEvaluation, body, what=key)
            numbered_log.create_or_read(own, key, body)


def record(store: Store, detailed: DetailedEvaluation) -> DetailedEvaluation:
    """Record an evaluation unless there is one; return the recorded one."""
    key = store_layout.evaluation(detailed.artifact, detailed.evaluation_rows, COMPUTATION, detailed.declared)
    body = numbered_log.create_or_read(store, key, codec.encode(detailed))
    return _decoded(key, body, detailed.artifact, detailed.evaluation_rows, detailed.declared)


def _decoded(key: str, body: bytes, artifact: Digest, rows: Digest, declared: Digest | None) -> DetailedEvaluation:
    detailed = codec.decode(DetailedEvaluation, body, what=key)
    found = (detailed.artifact, detailed.evaluation_rows, detailed.computation, detailed.declared)
    if found != (artifact, rows, COMPUTATION, declared):
        raise numbered_log.misplaced(key, f"the evaluation of {detailed.artifact}")
    return detailed
