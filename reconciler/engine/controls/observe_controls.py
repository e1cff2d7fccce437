"""Observe the controls of one environment: what git declares, what is in force, and what judges a pin. Writes nothing.

A pin came in with the first entry of the unbroken run of entries that hold it. Whatever lies between two entries is one
change, however it was merged and with however many commits: git is not walked (ADR 30).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.computed_once import computed_once
from reconciler.core.controls import in_force as sets
from reconciler.core.controls.controls import (
    ControlsHead,
    EnvironmentControls,
    ModelControls,
    ModelRecord,
    continued,
)
from reconciler.core.controls.loosened import (
    IDENTITY,
    WHEN,
    loosened,
    loosened_model,
    loosened_own,
)
from reconciler.core.controls.weakened_gates import WeakenedGate
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, PrunePolicy, Role
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.model import Model
from reconciler.engine.controls import declared as declare
from reconciler.engine.controls import first_entry
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.controls.let_in import Obstacle, held_back, let_in_obstacle
from reconciler.engine.load_desired import manifest_path
from reconciler.ports import Source, Store


@dataclass(frozen=True, kw_only=True)  # without slots: it keeps what it worked out
class ControlsObserver:
    """The controls of one environment at one commit.

    `declared`: what git says. `head`: the last entry of the log, None where there is none. `before`: in force by that
    entry; `in_force`: by the next one, as far as no person has to be asked. `loosened`: what the next entry would
    loosen; `obstacle`: why it does not let that in. Without an entry, `declared` is in force; `unaccepted`: why a
    person has to accept it first, also where only work trees wrote entries.
    """

    environment: Environment
    declared: EnvironmentControls
    log: ControlsLog
    head: ControlsHead | None
    source: Source
    revision: str | None
    before: tuple[EnvironmentControls, ...]
    in_force: tuple[EnvironmentControls, ...]
    loosened: tuple[WeakenedGate, ...] = ()
    obstacle: Obstacle | None = None
    unaccepted: str | None = None

    @computed_once
    def protect(self) -> str | None:
        """Return the protected branch by the controls in force, which decides what may be applied at all."""
        return next((each.protect for each in self.in_force if each.protect is not None), None)

    @property
    def not_in_force(self) -> tuple[str, str] | None:
        """Return why no pin may be deployed by this commit, and the remedy; None where it may."""
        if self.unaccepted is None:
            return self.moved
        name = self.environment.name
        return _to_be_accepted(name, self.unaccepted), _accept(name)

    @computed_once
    def moved(self) -> tuple[str, str] | None:
        """Return which change of role, protection, store or target is not let in, and the remedy; None where none."""
        moved = [item for item in self.loosened if item.what in IDENTITY]
        if not moved or self.obstacle is None:
            return None
        what = "; ".join(f"{item.what}: {item.old} -> {item.new}" for item in moved)
        reason = f"this commit changes {what}, which is not let in: {self.obstacle.reason}"
        return reason, _accept(self.environment.name)

    @property
    def accepted_commit(self) -> tuple[str, datetime] | None:
        """Return the commit of the last entry and its time, where a person accepted it; None otherwise."""
        entry = self.head.entry if self.head is not None else None
        if entry is None or entry.accepted is None or entry.commit is None:
            return None
        return entry.commit, entry.when

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what of git is not in force yet, and why not, for whoever looks at the environment."""
        name = self.environment.name
        if self.unaccepted is not None:
            return (f"{_to_be_accepted(name, self.unaccepted)}; {_accept(name)}",)
        what = "; ".join(f"{item.what}: {item.old} -> {item.new}" for item in self.loosened)
        if self.obstacle is None:
            return (f"this commit loosens what is in force, and its apply lets that in: {what}",) if what else ()
        return (f"not in force, and what was in force stays: {what}: {self.obstacle.reason}",)

    @property
    def only_from_commits(self) -> bool:
        """Tell whether the environment is never applied from a work tree, by what is in force."""
        return any(each.protect is not None or each.role is Role.PRODUCTION for each in self.in_force)

    @computed_once
    def effective(self) -> Environment:
        """Return the environment with the policy of every set in force, for models whose pin is not to be judged."""
        return replace(sets.joined(self.environment, self.in_force), protect=self.protect)

    def suddenly_empty(self, declared_models: int) -> bool:
        """Tell whether git declares no model any more, and `prune: auto` was not declared after that."""
        return declared_models == 0 and not self._pruned_knowingly

    @computed_once
    def _pruned_knowingly(self) -> bool:
        """Tell whether the first entry since git declares no model still asked before models were pruned."""
        first = None
        for n in range(self.head.entry.n, self.log.start - 1, -1) if self.head is not None else ():
            entry = self.log.entry(n).entry
            if any(record.artifact is not None for record in self.log.records(entry)):
                break
            first = entry
        if first is None:
            return False
        return any(each.policy.prune is not PrunePolicy.AUTO for each in self.log.in_force(first))

    def former_names(self, model: Model) -> tuple[str, ...]:
        """Return the names that the model had before, newest first, without those that are declared again."""
        record = self.record(model)
        known = dict.fromkeys((record.name, *record.names) if record is not None else ())
        if model.renamed_from is not None:  # also where no apply saw it under that name: a hold may wait for it
            known[model.renamed_from] = None
        return tuple(name for name in known if name != model.name and not self.is_declared(name))

    def record(self, model: Model) -> ModelRecord | None:
        """Return the model's record in the last entry: its own, or that of its former name, which left."""
        if self.head is None:
            return None
        own = self.log.record(self.head.entry, model.name)
        if model.renamed_from is None or self.is_declared(model.renamed_from):
            return own
        return continued(own, self.log.record(self.head.entry, model.renamed_from))

    def is_declared(self, name: str) -> bool:
        """Tell whether git declares a model of this name at the commit."""
        path = manifest_path(self.environment.name, name)
        return bool(self.source.tree(self.revision or "", (path,)))

    def loosened_of(self, model: Model, record: ModelRecord) -> tuple[WeakenedGate, ...]:
        """List what the model's manifest loosens of its controls in force, besides what its environment loosens."""
        own = declare.model_controls(model)
        if record.in_force == (own,):
            return ()
        by_itself = (
            item for old in record.in_force for item in loosened_own(old, own, self.declared, model=model.name)
        )
        known = {item.what for item in self.loosened}
        items = (
            item
            for environment in self.before
            for old in record.in_force
            for item in loosened_model((old, environment), (own, self.declared), model=model.name)
        )
        others = (item for item in items if item.what not in known and item.what not in WHEN)
        return each_once((*by_itself, *others))

    def judging(self, model: Model, *, own: Model | None) -> Environment:
        """Return the environment by whose gates a sandbox judges a candidate: all that are in force or declared.

        `own`: the model as this environment declares it, None where it does not.
        """
        record = self.record(own) if own is not None else None
        if record is None and self.head is not None:
            record = self.log.record(self.head.entry, model.name)
        in_force = record.in_force if record is not None else ()
        gates = gates_of_sets((*self.before, *self.in_force), in_force)
        return sets.with_gates(self.environment, gates, model.gates)


def observe_controls(
    desired: DesiredState, environment: Environment, *, store: Store, source: Source, acts: bool = True
) -> ControlsObserver:
    """Read the controls of an environment; raises what reading its log raises.

    `acts`: something may be deployed by them; otherwise nobody asks whether a first entry would need a person.
    """
    acts = acts and environment.removed is None  # of what git declares no more, models are only retired
    log = ControlsLog(store=store, project=desired.project, environment=environment.name)
    head, declared = log.head(), declare.environment_controls(desired, environment, source)
    if head is None:
        return ControlsObserver(
            environment=environment,
            declared=declared,
            log=log,
            head=None,
            source=source,
            revision=desired.revision,
            before=(),
            in_force=(declared,),
            unaccepted=first_entry.why_to_accept(desired, declared, store=store, source=source) if acts else None,
        )
    before = log.in_force(head.entry)
    items = each_once(item for old in before for item in loosened(old, declared))
    obstacle = let_in_obstacle(source, desired.revision, before) if items else None
    unaccepted = None
    if acts and head.entry.commit is None and desired.revision is not None:  # a work tree puts nothing in force here
        unaccepted = first_entry.stricter_before(desired, declared, source=source)
    elif acts and desired.revision is not None and desired.revision != head.entry.commit:
        branch = next((each.protect for each in before if each.protect is not None), None)
        if branch is not None and head.entry.git != declare.git_digest(desired, environment, source):
            unaccepted = first_entry.elsewhere_since(
                head.entry, declared, revision=desired.revision, branch=branch, source=source
            )
    return ControlsObserver(
        environment=environment,
        declared=declared,
        log=log,
        head=head,
        source=source,
        revision=desired.revision,
        before=before,
        in_force=held_back(before, declared) if obstacle is not None else (declared,),
        loosened=items,
        obstacle=obstacle,
        unaccepted=unaccepted,
    )


def _to_be_accepted(environment: str, why: str) -> str:
    return f"a person has to accept the controls that git declares for {environment}: {why}"


def _accept(environment: str) -> str:
    return f"`reconciler controls accept {environment} --reason TEXT` shows them and puts them in force"


def gates_of_sets(environments: Iterable[EnvironmentControls], models: Iterable[ModelControls]) -> tuple[Gate, ...]:
    named = (*(each.policy.gates for each in environments), *(each.gates for each in models))
    return tuple(dict.fromkeys(gate for gates in named for gate in gates))


def each_once(items: Iterable[WeakenedGate]) -> tuple[WeakenedGate, ...]:
    return tuple(dict.fromkeys(items))
