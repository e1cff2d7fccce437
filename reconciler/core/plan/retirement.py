"""Decide whether a deployed model that git no longer declares is retired, and by whose consent. Pure.

Consent is given in git (`policy.retire` names the model, with a reason) or by a person who confirms the very plan. The
first has no limits: no confirmation, no `maxRetire`, also for the last model, also where nothing is ever pruned.
"""

from __future__ import annotations

from reconciler.core.plan.facts import ServingFacts
from reconciler.core.spec.environment import Environment, Policy, PrunePolicy


def needs_confirmation(policy: Policy, model: str, *, suddenly_empty: bool) -> bool:
    """Tell whether a person must have confirmed the plan.

    `suddenly_empty`: git declares no model of the environment any more, and `prune: auto` was not declared after that.
    An emptied folder looks like a mistake, so that it asks although `prune` is auto.
    """
    if policy.retirement_of(model) is not None:
        return False
    return policy.prune is not PrunePolicy.AUTO or suddenly_empty


def is_pruned(facts: ServingFacts) -> bool:
    """Tell whether the model is to be retired, now that git does not declare it."""
    policy = facts.environment.policy
    return policy.retirement_of(facts.name) is not None or (
        policy.prune is not PrunePolicy.NEVER and (facts.renamed_to is None or facts.successor_deployed)
    )


def reason(facts: ServingFacts) -> str:
    """Return why the model is retired, as its journal entry keeps it."""
    retirement = facts.environment.policy.retirement_of(facts.name)
    words = "deployed, but no longer declared in git"
    if facts.renamed_to is not None:
        words = f"deployed, but renamed to {facts.renamed_to} in git"
    return words if retirement is None else f"{words}, and named in policy.retire: {retirement.reason}"


def kept(facts: ServingFacts) -> str:
    """Return why a model that git does not declare is served on, and what would retire it."""
    renamed = f"renamed to {facts.renamed_to}, which is deployed" if facts.renamed_to is not None else ""
    consent = consent_in_git(facts.environment, facts.name)
    return f"{renamed or 'not declared any more'}; this environment never prunes: {consent} to retire it"


def notes(facts: ServingFacts) -> tuple[str, ...]:
    """Say what a retirement still needs, or that the line that asked for it can go."""
    policy, environment = facts.environment.policy, facts.environment.name
    if facts.deployed is None:
        named = policy.retirement_of(facts.name) is not None
        return (f"policy.retire of {environment} still names it: that line can be removed",) if named else ()
    if not needs_confirmation(policy, facts.name, suddenly_empty=facts.suddenly_empty):
        return ()
    last = "" if facts.declared_models else f"git declares no model at all for {environment}; "
    return (f"{last}needs consent: confirm this plan, or {consent_in_git(facts.environment, facts.name)}",)


def consent_in_git(environment: Environment, model: str) -> str:
    """Say how consent to retire a model is given in git."""
    file = environment.removed or f"environments/{environment.name}.yaml"
    back = f"bring {file} back and " if environment.removed is not None else ""
    return f"{back}add `retire: [{{model: {model}, reason: ...}}]` under `policy` of {file}"
