"""Contents of a model card: drawn from artifact, verification and provenance, rendered by `report`, kept in git.

A card names the evidence that it was drawn from, so that it can be drawn again and compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.artifact.build import Provenance
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.names import visible
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.recipe import BuiltRecipe

# Of new cards. Those of 1 name no incumbent, those of 1 and 2 no checks; those of 1 to 3 call every difference better
# or worse, also where nothing shows it; those of 1 to 4 show no evaluation in full; those of 1 to 5 call every
# verification unsigned; those of 1 to 6 set figures side by side whatever they are of, and do not say in what they are.
CARD_TEMPLATE = 7
TEMPLATES = (1, 2, 3, 4, 5, 6, CARD_TEMPLATE)
_DIGEST = "`(sha256:[0-9a-f]{64})`"
_TEMPLATE = re.compile(r"\(card format ([0-9]{1,4})\)")
_VERIFICATION = re.compile(rf"(?m)^Verification: {_DIGEST}(?: \(unsigned\))?$")
_INCUMBENT = re.compile(rf"(?m)^Incumbent: {_DIGEST}$")
_EVALUATION = re.compile(rf"(?m)^Evaluation in full: {_DIGEST}$")
_FINGERPRINT = re.compile(rf"(?m)^Fingerprint: {_DIGEST}$")
_LONGEST = 100  # characters of a line in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The contents of a model card. `before` is the evaluation of the `incumbent` on its own holdout; both are None
    where there is no incumbent. `checks`: what the checks found in the rows of its build, with what the manifest says
    of them. `detailed`: the recorded evaluation in full, whose digest is `evaluated`; None where there is none."""

    model: str
    environment: str
    owner: str
    description: str
    recipe: BuiltRecipe
    evaluation: Evaluation
    provenance: Provenance
    verification: Verification | None
    before: Evaluation | None
    incumbent: Digest | None = None
    checks: CheckFacts | None = None
    detailed: DetailedEvaluation | None = None
    evaluated: Digest | None = None
    apart: str | None = None
    """Why the incumbent's figures do not stand beside these; None where they do."""
    template: int = CARD_TEMPLATE


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedEvidence:
    """The evidence that a card says it was drawn from. Nothing of it is believed until the card was drawn again."""

    template: int | None
    verification: Digest | None
    incumbent: Digest | None
    fingerprint: Digest | None
    evaluated: Digest | None = None


def stated_evidence(text: str) -> StatedEvidence:
    """Return the evidence that a card's text names."""
    template = _TEMPLATE.search(text)
    verification, incumbent, fingerprint, evaluated = (
        pattern.search(text) for pattern in (_VERIFICATION, _INCUMBENT, _FINGERPRINT, _EVALUATION)
    )
    return StatedEvidence(
        template=int(template[1]) if template is not None else None,
        verification=Digest(verification[1]) if verification is not None else None,
        incumbent=Digest(incumbent[1]) if incumbent is not None else None,
        fingerprint=Digest(fingerprint[1]) if fingerprint is not None else None,
        evaluated=Digest(evaluated[1]) if evaluated is not None else None,
    )


def first_difference(text: str, expected: str) -> str | None:
    """Say where a card's text first differs from the expected one; None where they are equal."""
    if text == expected:
        return None
    lines, wanted = text.split("\n"), expected.split("\n")
    at = next((n for n, (a, b) in enumerate(zip(lines, wanted, strict=False)) if a != b), min(len(lines), len(wanted)))
    found, true = (repr(visible(side[at])[:_LONGEST]) if at < len(side) else "nothing" for side in (lines, wanted))
    return f"line {at + 1} is {found}, and the evidence says {true}"
