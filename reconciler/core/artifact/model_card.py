"""Contents of a model card: drawn from artifact, verification and provenance, rendered by `report`, kept in git."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.build import Provenance
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.recipe import BuiltRecipe

CARD_TEMPLATE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The contents of a model card. `before` is the incumbent's evaluation on its own holdout, None where there is no
    incumbent."""

    model: str
    environment: str
    owner: str
    description: str
    recipe: BuiltRecipe
    evaluation: Evaluation
    provenance: Provenance
    verification: Verification | None
    before: Evaluation | None
    template: int = CARD_TEMPLATE
