"""Edit what a commit says, at random: what a request may change of controls, pins, names, places, sources and rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from reconciler.core.digest import Digest
from reconciler.core.spec.environment import PrunePolicy, Role
from reconciler.core.spec.gates import Gate, Threshold
from reconciler.core.spec.policy import Approvals, Control, Freeze, Hold, Override, Rejected, Retirement
from reconciler.core.storage.location import StorageLocation
from tests.simulation.requests.request_project import (
    COMPARES,
    EVIL,
    FLOORS,
    MOVED,
    MOVED_TARGET,
    NAMES,
    SEEDS,
    Declaration,
    Declared,
    artifacts,
)

OWNERS, APPROVERS, AUTHOR, STRANGER = ("olga", "otto"), ("fay", "finn"), "ann", "sam"
PEOPLE = (*OWNERS, *APPROVERS, AUTHOR, STRANGER)
FREEZE = Freeze(cron="0 0 */2 * *", duration=20 * 3600, time_zone="UTC", reason="every other day")
DAY = 24 * 3600

Edit = Callable[[random.Random, Declared], Declared]


def first(chance: random.Random) -> Declared:
    """Return a project with a model of 0.72 and, mostly, people who are asked."""
    good = next(digest for digest, known in artifacts().items() if known.seed == 32)
    floor = chance.choice((0.55, 0.65, 0.65))
    declared = Declared(models=(Declaration(name=NAMES[0], artifact=good, floor=chance.choice((0.0, 0.0, 0.65))),))
    gates = (Threshold(metric="f1_macro", at_least=floor), *([COMPARES] if chance.random() < 0.35 else []))
    approvals = Approvals(least=1, people=(*APPROVERS, AUTHOR)) if chance.random() < 0.4 else None
    return declared.with_policy(
        gates=gates,
        approvals=approvals,
        owners=OWNERS[:1] if chance.random() < 0.4 else (),
        prune=chance.choice((PrunePolicy.AUTO, PrunePolicy.CONFIRM)),
        holds=(Hold(model=NAMES[0], reason="closing"),) if chance.random() < 0.1 else (),
        freeze=(FREEZE,) if chance.random() < 0.15 else (),
        max_data_age=chance.choice((None, None, 3 * DAY)),
    )


def loadable(declared: Declared) -> Declared:
    """Return what the loader would take: no former name that is declared, too."""
    names = {model.name for model in declared.models}
    models = (replace(each, renamed_from=None) if each.renamed_from in names else each for each in declared.models)
    return replace(declared, models=tuple(models))


# --- what a commit may change -----------------------------------------------------------------------------------------


def _pin(chance: random.Random, declared: Declared) -> Declared:
    """Pin another artifact of any kind."""
    if not declared.models:
        return declared
    return _with(declared, replace(chance.choice(declared.models), artifact=_artifact(chance)))


def _artifact(chance: random.Random) -> Digest:
    """Choose an artifact: mostly one that would pass, sometimes one that needs another judge."""
    known = tuple(artifacts().items())
    if chance.random() < 0.4:
        known = tuple((digest, artifact) for digest, artifact in known if artifact.seed in SEEDS[2:])
    return chance.choice(known)[0]


def _again(chance: random.Random, declared: Declared) -> Declared:
    if not declared.models:
        return declared
    model = chance.choice(declared.models)
    return _with(declared, replace(model, proposed=model.proposed + 1))


def _own_gate(chance: random.Random, declared: Declared) -> Declared:
    if not declared.models:
        return declared
    return _with(declared, replace(chance.choice(declared.models), floor=chance.choice((0.0, 0.0, *FLOORS))))


def _with(declared: Declared, model: Declaration) -> Declared:
    models = tuple(model if each.name == model.name else each for each in declared.models)
    return replace(declared, models=models)


def _rename(chance: random.Random, declared: Declared) -> Declared:
    free = [name for name in NAMES if declared.model(name) is None]
    if not declared.models or not free:
        return declared
    model, name = chance.choice(declared.models), chance.choice(free)
    said = model.name if chance.random() < 0.7 else None
    other = _artifact(chance) if chance.random() < 0.6 else model.artifact
    renamed = replace(model, name=name, renamed_from=said, artifact=other, floor=model.floor * (chance.random() < 0.5))
    return replace(declared, models=tuple(renamed if each is model else each for each in declared.models))


def _remove(chance: random.Random, declared: Declared) -> Declared:
    if not declared.models:
        return declared
    gone = chance.choice(declared.models)
    retire = (Retirement(model=gone.name, reason="not used"),) if chance.random() < 0.6 else ()
    return replace(
        declared.with_policy(retire=retire), models=tuple(each for each in declared.models if each is not gone)
    )


def _add(chance: random.Random, declared: Declared) -> Declared:
    free = [name for name in NAMES if declared.model(name) is None]
    if not free or len(declared.models) > 1:
        return declared
    said = chance.choice((None, *NAMES))
    name = chance.choice(free[:2])
    model = Declaration(name=name, artifact=_artifact(chance), renamed_from=said if said != name else None)
    return replace(declared.with_policy(retire=()), models=(*declared.models, model))


def _gates(chance: random.Random, declared: Declared) -> Declared:
    gates: list[Gate] = [COMPARES] if chance.random() < 0.4 else []
    if chance.random() < 0.9:
        gates.append(Threshold(metric="f1_macro", at_least=chance.choice(FLOORS)))
    return declared.with_policy(gates=tuple(gates or [Threshold(metric="f1_macro", at_least=FLOORS[0])]))


def _loosest_gate(chance: random.Random, declared: Declared) -> Declared:
    del chance
    return declared.with_policy(gates=(Threshold(metric="f1_macro", at_least=FLOORS[0]),))


def _approvals(chance: random.Random, declared: Declared) -> Declared:
    people = chance.choice((APPROVERS, (*APPROVERS, AUTHOR), (*APPROVERS, STRANGER)))
    wants = Approvals(least=chance.choice((1, 1, 2)), people=people, not_author=chance.random() < 0.8)
    return declared.with_policy(approvals=None if chance.random() < 0.4 else wants)


def _owners(chance: random.Random, declared: Declared) -> Declared:
    return declared.with_policy(
        owners=chance.choice(((), (), OWNERS[:1], OWNERS, (STRANGER,), (*OWNERS[:1], STRANGER)))
    )


def _age(chance: random.Random, declared: Declared) -> Declared:
    return declared.with_policy(max_data_age=chance.choice((None, DAY, 3 * DAY, 30 * DAY)))


def _reject(chance: random.Random, declared: Declared) -> Declared:
    rejected = (Rejected(artifact=chance.choice(tuple(artifacts())), reason="bad rows"),)
    return declared.with_policy(rejected=() if declared.production.policy.rejected else rejected)


def _freeze(chance: random.Random, declared: Declared) -> Declared:
    del chance
    return declared.with_policy(freeze=() if declared.production.policy.freeze else (FREEZE,))


def _hold(chance: random.Random, declared: Declared) -> Declared:
    holds = (Hold(model=chance.choice(NAMES[:2]), reason="closing"),)
    return declared.with_policy(holds=() if declared.production.policy.holds else holds)


def _prune(chance: random.Random, declared: Declared) -> Declared:
    return declared.with_policy(prune=chance.choice(tuple(PrunePolicy)))


def _protect(chance: random.Random, declared: Declared) -> Declared:
    branch = chance.choice((None, None, "main", "trunk"))
    return replace(declared, production=replace(declared.production, protect=branch))


def _role(chance: random.Random, declared: Declared) -> Declared:
    role = chance.choice((Role.PRODUCTION, Role.TEST, Role.STAGING, Role.SANDBOX))
    return replace(declared, production=replace(declared.production, role=role))


def _lab(chance: random.Random, declared: Declared) -> Declared:
    """Promote from a sandbox with rows of its own, perhaps from it alone, or no more."""
    sources = chance.choice((("sandbox", "lab"), ("lab",), ("sandbox",)))
    production = replace(declared.production, promotes_from=sources)
    return replace(declared, production=production, lab="lab" in sources)


def _move_sandbox(chance: random.Random, declared: Declared) -> Declared:
    root = EVIL if chance.random() < 0.7 else "s"
    return replace(declared, sandbox=replace(declared.sandbox, store=StorageLocation(uses="files", root=root)))


def _move(chance: random.Random, declared: Declared) -> Declared:
    """Move production's store, its target, or both; or move them back."""
    production, way = declared.production, chance.choice(("store", "target", "both", "both", "back"))
    store, target = (
        ("p", "t") if way == "back" else (production.store.root, production.target and production.target.root)
    )
    store, target = MOVED if way in ("store", "both") else store, MOVED_TARGET if way in ("target", "both") else target
    production = replace(
        production,
        store=StorageLocation(uses="files", root=store),
        target=StorageLocation(uses="directory", root=target),
    )
    return replace(declared, production=production)


def _rows(chance: random.Random, declared: Declared) -> Declared:
    return replace(declared, rows=f"rows {chance.randrange(3)}")


def _override(chance: random.Random, declared: Declared) -> Declared:
    if not declared.models or declared.production.policy.overrides:
        return declared.with_policy(overrides=())
    model = chance.choice(declared.models)
    control = chance.choice((Control.GATES, Control.GATES, Control.APPROVALS, Control.HOLD, Control.FREEZE))
    override = Override(model=model.name, artifact=model.artifact, control=control, reason="urgent")
    return declared.with_policy(overrides=(override,))


def _comment(chance: random.Random, declared: Declared) -> Declared:
    return replace(declared, comment=declared.comment + 1 + chance.randrange(2))


def _recipe(chance: random.Random, declared: Declared) -> Declared:
    return replace(declared, trains=chance.choice(SEEDS))


EDITS: dict[str, Edit] = {
    "pin": _pin,
    "loosest gate": _loosest_gate,
    "gates": _gates,
    "own gate": _own_gate,
    "approvals": _approvals,
    "owners": _owners,
    "maxDataAge": _age,
    "reject": _reject,
    "freeze": _freeze,
    "hold": _hold,
    "prune": _prune,
    "protect": _protect,
    "role": _role,
    "promotesFrom": _lab,
    "sandbox's store": _move_sandbox,
    "store and target": _move,
    "rows": _rows,
    "override": _override,
    "rename": _rename,
    "remove": _remove,
    "add": _add,
    "proposed": _again,
    "comment": _comment,
    "recipe": _recipe,
}
WEIGHTS = (24, 8, 5, 5, 5, 5, 2, 3, 2, 3, 1, 3, 1, 4, 3, 4, 3, 5, 5, 3, 4, 6, 6, 6)
