"""Say where a pinned artifact must come from, and what to do where it does not: promoted from another environment, or
imported in a package."""

from __future__ import annotations

from reconciler.core.digest import Digest, short
from reconciler.core.plan.facts import ServingFacts
from reconciler.core.plan.plan import Blocked
from reconciler.core.status_codes import ResultStatus


def _source(facts: ServingFacts) -> str:
    return " or ".join(facts.environment.promotes_from) or "its source"


def artifact_missing(facts: ServingFacts, pin: Digest) -> Blocked | None:
    """Return why there is no artifact to deploy; None where it is in a store that counts."""
    if not facts.pin.artifact_missing:
        return None
    sources = ", ".join(facts.environment.promotes_from) or "none is declared"
    if facts.environment.managed:
        return Blocked(
            status=ResultStatus.CONFLICT,
            reasons=(
                f"artifact {short(pin)} was neither imported nor promoted, and {facts.environment.name} is managed",
            ),
            remedy=f"import it: `reconciler import FILE --to {facts.environment.name}`; or pin one that was",
        )
    return Blocked(
        status=ResultStatus.CONFLICT,
        reasons=(f"artifact {short(pin)} not found in any source environment ({sources})",),
        remedy=f"pin one that exists: `reconciler promote {facts.name} --to {facts.environment.name}`; or bring it in "
        f"a package: `reconciler import FILE --to {facts.environment.name}`",
    )


def recipe_mismatch(facts: ServingFacts) -> Blocked | None:
    """Return why a manifest is not that of its pinned artifact; None where it is."""
    field = facts.pin.recipe_mismatch
    if field is None:
        return None
    return Blocked(
        status=ResultStatus.INVALID,
        reasons=(
            f"recipe mismatch: the manifest differs from the recipe that the pinned artifact was built from at "
            f"{field.path}: the artifact has {field.old or 'nothing'}, the manifest {field.new or 'nothing'}",
        ),
        remedy=(
            f"undo the change; {facts.environment.name} is managed: another recipe is trained elsewhere and imported, "
            f"and `reconciler promote {facts.name} --to {facts.environment.name}` writes this file"
            if facts.environment.managed
            else "change recipes in the sandbox's manifest and let `reconciler promote` write this file"
        ),
    )


def to_verify(facts: ServingFacts) -> str:
    """Return what has an artifact verified by the gates of today."""
    if facts.environment.promotes_from:
        return f"run `reconciler apply {_source(facts)}`, which verifies candidates"
    return (
        f"import a package that was verified by these gates: `reconciler import FILE --to {facts.environment.name}` "
        "judges by them what the package tells"
    )


def newer_data(facts: ServingFacts) -> str:
    """Return what brings an artifact that was trained on newer data."""
    if not facts.environment.promotes_from:
        return (
            f"import a package that was trained on newer data: `reconciler import FILE --to {facts.environment.name}`"
        )
    return f"run `reconciler apply {_source(facts)}`, which refreshes the data and trains again; then promote"
