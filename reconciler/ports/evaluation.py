"""What crosses the port of a scorer to evaluate an artifact in full."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.spec.environment import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest:
    """A request to evaluate an artifact in full. `artifact`: the folder with its files; `rows`: Parquet files as those
    of a FIT selection; `without`: a Parquet file of keys whose rows do not count. `evaluation_rows`: the digest that
    stands for the rows; that of the file itself for an artifact's own holdout."""

    artifact: Path
    digest: Digest
    rows: tuple[Path, ...]
    evaluation_rows: Digest
    limits: Limits
    without: Path | None = None
