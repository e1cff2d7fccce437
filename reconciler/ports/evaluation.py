"""What crosses the port of a scorer to evaluate an artifact in full."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.spec.environment import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest:
    """A request to evaluate an artifact in full. `artifact`: the folder with its files; `rows`: a Parquet file as the
    holdout of a FIT selection, of which `evaluation_rows` is the digest."""

    artifact: Path
    digest: Digest
    rows: Path
    evaluation_rows: Digest
    limits: Limits
