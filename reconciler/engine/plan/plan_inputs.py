"""A basis: all that one model's part of a plan depends on, as names and digests. Equal bases mean the same plan."""

from __future__ import annotations

from reconciler import codec
from reconciler.core.artifact.observed_state import Served
from reconciler.core.digest import Digest
from reconciler.core.plan.facts import Verdict
from reconciler.core.plan.plan import Basis
from reconciler.core.spec.environment import Environment, Model
from reconciler.engine.plan import verification as verify


def basis_of(
    environment: Environment,
    name: str,
    model: Model | None,
    *,
    verdicts: tuple[str, ...],
    served: Served | None = None,
    head: Digest | None = None,
    candidate: Digest | None = None,
    build: Digest | None = None,
    snapshot: Digest | None = None,
    order: str = "same",
    controls: tuple[str, ...] = (),
) -> Basis:
    gates = verify.gates_for(model, environment) if model else ()
    return Basis(
        environment=environment.name,
        model=name,
        pin=model.artifact if model else None,
        recipe=model.recipe_digest if model else None,
        gates=tuple(codec.digest_of(gate) for gate in gates),
        head=head,
        served=_served_in_words(served),
        candidate=candidate,
        build=build,
        verdicts=verdicts,
        snapshot=snapshot,
        order=order,
        controls=controls,
    )


def declared(environment: Environment, name: str, model: Model | None) -> Basis:
    """What git alone shows of a basis."""
    return basis_of(environment, name, model, verdicts=())


def _served_in_words(served: Served | None) -> str:
    if served is None:
        return "nothing"
    current = served.current
    what = f"entry {current.n} {current.artifact or 'retired'}" if current else "unreadable"
    return f"{what} {served.trouble.value} {' '.join(served.files)}".strip() if served.trouble else what


def verdict_in_words(verdict: Verdict) -> str:
    known = verdict.verification
    result = "vetted" if verdict.vetted else "unjudged" if known is None else "passed" if known.passed else "refused"
    return f"{verdict.environment} {verdict.gate_set or 'unknown'} {result}"
