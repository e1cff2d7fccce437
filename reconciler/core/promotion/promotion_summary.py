"""What the body of a promotion's pull request says: verdict, changes, numbers, data, runtime, lineage, way back."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.build import Provenance
from reconciler.core.artifact.data_snapshot import TableCopy
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.core.field_diff import FieldChange
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.spec.gates import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactOrigin:
    """How one artifact was made, and what it did on its own holdout."""

    evaluation: Evaluation
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionSummary:
    """`incumbent` is what is deployed today, None for a first artifact; `verification` None where the candidate was
    deployed there before. `difference`: what the request changes in the declared model. `tables` are those of the
    candidate's snapshot. `runtime`: what the two were made with, where it differs. `entry`: the journal's number of
    what is deployed today, to go back to. Nothing here is an age: proposing the same again says the same."""

    environment: str
    model: str
    description: str
    owner: str
    artifact: Digest
    candidate: ArtifactOrigin
    incumbent: ArtifactOrigin | None
    verification: Verification | None
    difference: ModelDifference | None
    tables: tuple[TableCopy, ...]
    runtime: tuple[FieldChange, ...]
    entry: int | None
    format: int = 1
