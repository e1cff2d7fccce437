"""Data, training, scoring: each runs in a worker process without credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.gates import Comparison
from reconciler.ports.messages import (
    CompareRequest,
    CopyRequest,
    ParsedExpression,
    PredictRequest,
    PredictResult,
    SelectRequest,
    SelectResult,
    TableFile,
    TrainRequest,
    TrainResult,
)


class Expressions(Protocol):
    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        """Each distinct text, parsed in one batch: row-local scalars and `past` aggregates of our grammar, without
        touching any data. Deterministic, so results may be cached by text."""


class DataEngine(Protocol):
    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        """DataError (E4xx) with table, column, row number and error class; never a cell's value."""

    def select(self, request: SelectRequest) -> SelectResult:
        """DataError as above; also when keys are not unique, rows match no class, or dates lie after `as_of`."""


class Trainer(Protocol):
    def warm(self, limits: Limits, at_once: int = 1) -> None:
        """Start what can be started before the rows are there. Optional: `train` does it otherwise. `at_once`: so many
        will be trained at the same time, and share the processors."""

    def train(self, request: TrainRequest) -> TrainResult:
        """Fit, evaluate on the holdout, write the files. Equal requests give equal bytes. TrainingError otherwise."""

    def close(self) -> None:
        """End what `warm` started and nobody used."""


class Scorer(Protocol):
    """Loads artifacts with our own allowlist of exact types, after the caller has checked their digests."""

    def check(self, artifact: Path, limits: Limits) -> Schema:
        """Load the model and hold its outputs on the probe rows against those recorded; ScoringError otherwise."""

    def compare(self, request: CompareRequest) -> Comparison: ...

    def predict(self, request: PredictRequest) -> PredictResult: ...
