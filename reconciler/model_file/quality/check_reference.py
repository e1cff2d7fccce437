"""Read and check a reference: it belongs to the model's schema, and its counts and edges are such as we write.

An artifact may come from anywhere: what is not of this form is refused before a number of it is used.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.oci_artifact import REFERENCE_FILE, ColumnType, Schema, SchemaColumn
from reconciler.core.quality.reference import (
    FEWEST_ROWS,
    MOST_CATEGORIES,
    FeatureReference,
    OutcomeReference,
    TrainingReference,
)
from reconciler.core.size_limits import TABLE_ROWS
from reconciler.errors import ScoringError
from reconciler.model_file import file_sizes

MOST_BINS = 32


def read_reference(folder: Path, schema: Schema) -> TrainingReference | None:
    """Return the reference of the artifact in `folder`; None of one that was trained before there were references.

    Raises ScoringError E507 for one that does not fit the schema, IntegrityError E508 for no canonical form of one.
    """
    path = folder / REFERENCE_FILE
    if not path.is_file():
        return None
    reference = codec.decode(TrainingReference, file_sizes.read_reference(path), what=REFERENCE_FILE)
    check_reference(reference, schema)
    return reference


def check_reference(reference: TrainingReference, schema: Schema) -> None:
    """Check a reference against the schema of its model. Raises ScoringError E507."""
    _require(reference.format == 1, "another format")
    _require(0 < reference.rows <= TABLE_ROWS, "no such number of training rows")
    named = tuple(feature.name for feature in reference.features)
    _require(named == tuple(column.name for column in schema.columns), "other columns than the model")
    for feature, column in zip(reference.features, schema.columns, strict=True):
        _check_feature(feature, column, reference.rows)
    _check_outcome(reference.outcome, schema)


def _check_feature(feature: FeatureReference, column: SchemaColumn, rows: int) -> None:
    _check_counts((*feature.counts, feature.missing))
    _require(feature.missing <= max(rows, FEWEST_ROWS), "more rows without a value than rows")
    counted = sum(feature.counts) + feature.missing
    # Fewer than five rows are told as five, and of fewer than ten numbers nothing is told.
    most = rows + FEWEST_ROWS * (len(feature.counts) + 1)
    fewest = rows - (2 * FEWEST_ROWS if not feature.counts else 0)
    _require(fewest <= counted <= most, "counts that are not those of its rows")
    match column.type:
        case kind if kind in ColumnType.NUMBERS:
            _require(not feature.codes, "codes of a number")
            _check_edges(feature.edges, feature.counts)
        case ColumnType.BOOLEAN:
            _require(len(feature.counts) == 2 and not feature.edges and not feature.codes, "no two counts of a boolean")
        case _:
            _require(not feature.edges, "edges of a category")
            _require(len(feature.codes) <= MOST_CATEGORIES, "too many categories")
            _require(all(a < b for a, b in pairwise(feature.codes)), "categories out of order")
            _require(all(0 <= code < len(column.categories) for code in feature.codes), "a category that is not there")
            _require(len(feature.counts) == len(feature.codes) + 2, "other counts than categories")


def _check_outcome(outcome: OutcomeReference, schema: Schema) -> None:
    _check_counts(outcome.counts)
    if schema.classes:
        _require(not outcome.edges and len(outcome.counts) == len(schema.classes), "other counts than classes")
    else:
        _check_edges(outcome.edges, outcome.counts)


def _check_counts(counts: tuple[int, ...]) -> None:
    _require(all(count == 0 or FEWEST_ROWS <= count <= TABLE_ROWS for count in counts), "a count that is none of rows")


def _check_edges(edges: tuple[float, ...], counts: tuple[int, ...]) -> None:
    _require(len(edges) == (len(counts) + 1 if counts else 0), "other edges than bins")
    _require(len(counts) <= MOST_BINS, "too many bins")
    _require(all(math.isfinite(edge) for edge in edges), "an edge that is no number")
    _require(all(a <= b for a, b in pairwise(edges)), "edges out of order")
    _require(all(a < b for a, b in pairwise(edges[:-1])), "an edge that is there twice")


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ScoringError(
            f"invalid {REFERENCE_FILE}: it has {problem}",
            code="E507",
            hint="use an artifact that this tool wrote; `reconciler audit` lists every damaged file",
        )
