"""A basis: all that one model's part of a plan depends on, as names and digests. Equal bases mean the same plan."""

from __future__ import annotations

from functools import lru_cache

from reconciler import codec
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.digest import Digest
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.plan.facts import VerificationFacts
from reconciler.core.plan.plan import PlanInputs
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.model import Model


def plan_inputs(
    environment: Environment,
    name: str,
    model: Model | None,
    *,
    verdicts: tuple[str, ...],
    served: LiveDeployment | None = None,
    head: Digest | None = None,
    candidate: Digest | None = None,
    build: Digest | None = None,
    snapshot: Digest | None = None,
    order: str = "same",
    controls: tuple[str, ...] = (),
) -> PlanInputs:
    gates = gates_of(model, environment).applying if model else ()
    return PlanInputs(
        environment=environment.name,
        model=name,
        pin=model.artifact if model else None,
        recipe=model.recipe_digest if model else None,
        gates=tuple(map(_digest_of, gates)),
        head=head,
        served=served_inputs(served),
        candidate=candidate,
        build=build,
        verdicts=verdicts,
        snapshot=snapshot,
        order=order,
        controls=controls,
    )


@lru_cache(maxsize=1024)
def _digest_of(gate: Gate) -> Digest:
    """Return the digest of a gate; most models of an environment have the same."""
    return codec.digest_of(gate)


def declared(environment: Environment, name: str, model: Model | None) -> PlanInputs:
    """Return the part of a plan's inputs that git alone shows."""
    return plan_inputs(environment, name, model, verdicts=())


def served_inputs(served: LiveDeployment | None) -> str:
    """Describe a live deployment in the words that enter a plan's digest."""
    if served is None:
        return "nothing"
    current = served.current
    pointer = f"entry {current.n} {current.artifact or 'retired'}" if current else "unreadable"
    if served.drift is None:
        return pointer
    return f"{pointer} {_DRIFT_WORDS.get(served.drift, served.drift.value)} {' '.join(served.files)}".strip()


_DRIFT_WORDS = {DriftType.UNMANAGED: "foreign"}  # part of every plan digest: a stored plan must keep its own


def verification_input(facts: VerificationFacts) -> str:
    """Word a verification as part of a plan's digest, which a stored plan must keep."""
    known = facts.verification
    result = "unjudged" if known is None else "passed" if known.passed else "refused"
    result = "vetted" if facts.previously_deployed else result
    return f"{facts.environment} {facts.gate_set or 'unknown'} {result}"
