"""The content of a promotion's pull request: gate results, changes, numbers, data, runtime, lineage, way back."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.build import Provenance
from reconciler.core.artifact.data_snapshot import TableCopy
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.looks import LooksSoFar
from reconciler.core.field_diff import FieldChange
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.gates import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactOrigin:
    """How one artifact was built, and its evaluation on its own holdout."""

    evaluation: Evaluation
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionSummary:
    """The facts that reviewers of a promotion see. `incumbent` is the deployed artifact, None for a first one;
    `verification` is None where the candidate was deployed there before. `difference`: how the request changes the
    declared model. `tables` are those of the candidate's snapshot. `runtime`: differences between the runtimes of the
    two. `entry`: the journal entry of the deployed artifact, for a rollback. `checks`: what
    the checks found in the candidate's rows. Nothing here depends on the time, so that
    proposing the same again gives the same text."""

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
    checks: CheckFacts | None = None
    detailed: DetailedEvaluation | None = None
    """The evaluation in full, without its curves, where somebody asked for it before."""
    looks: LooksSoFar | None = None
    """How often the rows that judged it have judged candidates so far, where that is known."""
    unit: str = ""
    """In what the candidate's own figures are, where that is a transform of a number."""
    apart: str | None = None
    """Why the incumbent's own figures do not stand beside the candidate's; None where they do."""
    format: int = 1
