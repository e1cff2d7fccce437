"""Controls as plain rules, and what a change of them loosens: written for the oracle alone, from what commits say.

Nothing of `reconciler.core.controls` or `reconciler.engine.controls` is used here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.core.digest import Digest
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import NoWorseThanIncumbent, Threshold
from reconciler.core.spec.policy import Approvals, Freeze
from tests.simulation.requests.request_project import LAB, Declaration, Declared, artifacts

FOREVER = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an environment demands. `place`: role, branch, store and target; `evidence`: of each source, what it is."""

    floor: float
    compares: bool
    approvals: Approvals | None
    owners: frozenset[str]
    age: int
    rejected: frozenset[Digest]
    place: tuple[str, str | None, str | None, str | None]
    evidence: tuple[tuple[str, str], ...]
    promotes_from: frozenset[str]
    freeze: tuple[Freeze, ...]
    held: frozenset[str]
    prune: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a model's manifest demands: a threshold, and the rows that it is judged on."""

    floor: float
    rows: str


def rules_of(declared: Declared) -> Rules:
    """Return what a commit demands."""
    policy, production = declared.production.policy, declared.production
    floors = [gate.at_least or 0.0 for gate in policy.gates if isinstance(gate, Threshold)]
    target = production.target
    return Rules(
        floor=max(floors, default=0.0),
        compares=any(isinstance(gate, NoWorseThanIncumbent) for gate in policy.gates),
        approvals=policy.approvals,
        owners=frozenset(policy.owners),
        age=policy.max_data_age or FOREVER,
        rejected=frozenset(rejected.artifact for rejected in policy.rejected),
        place=(production.role.value, production.protect, production.store.root, target.root if target else None),
        evidence=_evidence(declared),
        promotes_from=frozenset(production.promotes_from),
        freeze=policy.freeze,
        held=frozenset(hold.model for hold in policy.holds),
        prune=("never", "confirm", "auto").index(policy.prune.value),
    )


def _evidence(declared: Declared) -> tuple[tuple[str, str], ...]:
    known: dict[str, Environment] = {"sandbox": declared.sandbox, "lab": LAB}
    sources = {name: known[name] for name in declared.production.promotes_from}
    facts = {}
    for name, each in sources.items():
        facts[name] = f"{each.store.root} {each.role} {each.data}"
        if each.data.copy_from == "production":
            facts["production"] = f"{declared.production.data} {declared.rows}"
    return tuple(sorted(facts.items()))


def of_sources(rules: Rules, names: frozenset[str]) -> Rules:
    """Return the rules without what they say of other sources of evidence than these, and of what these copy."""
    kept = tuple((name, fact) for name, fact in rules.evidence if name in names or name == "production")
    return replace(rules, evidence=kept, promotes_from=rules.promotes_from & names)


def own_of(model: Declaration) -> Own:
    """Return what a model's manifest demands."""
    return Own(floor=model.floor, rows=artifacts()[model.artifact].recipe.data.where or "all")


def same_place(old: Rules, new: Rules) -> bool:
    """Tell whether role, branch, store and target are not loosened."""
    (role, branch, *places), (new_role, new_branch, *new_places) = old.place, new.place
    kept = new_role == role or (role != "production" and new_role != "sandbox")
    return kept and (branch is None or branch == new_branch) and places == new_places


def same_evidence(old: Rules, new: Rules) -> bool:
    """Tell whether every source of evidence is one that counted, and unchanged."""
    known = dict(old.evidence)
    unchanged = all(known.get(name, fact) == fact for name, fact in new.evidence)
    added = [name for name, _ in new.evidence if name not in known]
    return unchanged and new.promotes_from <= old.promotes_from and not (added and known)


def is_looser(old: Rules, new: Rules) -> bool:
    """Tell whether `new` lets anything through that `old` would refuse, or lets others decide."""
    return (
        new.floor < old.floor
        or (old.compares and not new.compares)
        or _fewer_approve(old.approvals, new.approvals)
        or bool(new.owners - old.owners)
        or (bool(old.owners) and not new.owners)
        or new.age > old.age
        or not old.rejected <= new.rejected
        or new.prune > old.prune
        or not same_place(old, new)
        or not same_evidence(old, new)
    )


def _fewer_approve(old: Approvals | None, new: Approvals | None) -> bool:
    if old is None:
        return False
    if new is None or new.least < old.least:
        return True
    return bool(set(new.people) - set(old.people)) or (old.not_author and not new.not_author)


def is_looser_for(old: Own, new: Own, rules: Rules) -> bool:
    """Tell whether a model's manifest demands less than before, under what its environment demands now."""
    return max(new.floor, rules.floor) < old.floor or new.rows != old.rows
