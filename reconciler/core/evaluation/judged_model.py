"""One model of an environment as it is shown: which artifact, how good it is, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.build import Provenance
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.looks import LooksSoFar
from reconciler.core.spec.gates import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedModel:
    """An artifact of `model` in `environment`. `state`: which one it is, such as "deployed" or "newest build".
    `evaluation` is the artifact's own, of its holdout; `detailed` the evaluation in full, and where it is None
    `unknown` says why. `verifications`: of the gates of each environment that judged it. `other_rows`: what it was
    evaluated on, where not its own holdout. `incumbent`: the deployed artifact, where it is another one.
    `apart`: why the incumbent's figures do not stand beside this one's. `looks`: how often its holdout has judged
    candidates so far, where that is known."""

    model: str
    environment: str
    owner: str
    description: str
    artifact: Digest
    state: str
    evaluation: Evaluation
    detailed: DetailedEvaluation | None
    unknown: str | None = None
    verifications: tuple[Verification, ...] = ()
    provenance: Provenance | None = None
    incumbent: Digest | None = None
    incumbent_detailed: DetailedEvaluation | None = None
    other_rows: str | None = None
    looks: LooksSoFar | None = None
    apart: str | None = None
    format: int = 1
