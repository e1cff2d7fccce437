"""Find which keys are trusted in an environment: by git, and by the controls in force. Reads only.

The controls log tells which keys are in force, and its own entries are signed: so its newest entry must satisfy what
git declares, what it says itself and what was in force before it, unless a person accepted it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.controls.controls import ControlsHead, EnvironmentControls
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.trust.keys import NO_TRUST, Trust
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import journal
from reconciler.engine.storage.copies import losses
from reconciler.engine.storage.journal import Journals
from reconciler.engine.trust.evidence import TrustCheck, day_of, sets_of, untrusted
from reconciler.errors import ReconcilerError


@dataclass(frozen=True, slots=True)
class TrustObserver:
    """The trusted keys of a project's environments, and the numbers of their newest controls, read once each."""

    deps: Dependencies
    desired: DesiredState
    known: dict[str, TrustCheck] = field(default_factory=dict, compare=False)
    newest: dict[str, int] = field(default_factory=dict, compare=False)

    def check(self, environment: str) -> TrustCheck:
        """Return what is trusted in an environment; raises what reading its controls raises, where git trusts keys."""
        found = self.known.get(environment)
        if found is None:
            declared = self.desired.environment(environment)
            if declared is None or declared.trains:
                found = TrustCheck(environment=environment, sets=(), verifier=None, today="")
            else:
                found, self.newest[environment] = _read(self.deps, self.desired, declared)
                if found.sets:
                    for loss in losses.lost_histories(self.deps.stores[environment], environment):
                        found.loss(loss)
            self.known[environment] = found
        return found

    def read(self, environment: str) -> None:
        """Read who is trusted in an environment, once; what cannot be read is told of each of its entries."""
        with suppress(ReconcilerError):
            self.check(environment)

    def of_pin(self, environment: str, sets: tuple[Trust, ...]) -> TrustCheck:
        """Return what is trusted where a pin is judged: by these sets, and by what is in force."""
        return _check(self.deps, environment, sets_of((*self.check(environment).sets, *sets)))

    def head(self, environment: str, head: JournalHead) -> None:
        """Raise IntegrityError E520 for a journal's last entry that nobody signed who is trusted."""
        check = self.check(environment)
        if not check.sets:
            return
        check.entry(head.entry)
        if (last := head.entry.controls) is None:
            return
        if self.newest.get(environment, -1) < last:  # not read yet, or another process wrote both meanwhile
            self.newest[environment] = self._newest(environment)
        check_follows(environment, head, self.newest[environment])

    def _newest(self, environment: str) -> int:
        log = ControlsLog(store=self.deps.stores[environment], project=self.desired.project, environment=environment)
        head = log.head()
        return head.entry.n if head is not None else -1


def check_follows(environment: str, head: JournalHead, newest: int) -> None:
    """Raise IntegrityError E520 for a journal that was written under an entry of the controls that is gone by now.

    `newest`: the number of the last one there is; -1 where there is none.
    """
    if head.entry.controls is not None and newest < head.entry.controls:
        raise untrusted(
            f"entry {head.entry.n} of the journal of {environment}/{head.entry.model} was written under entry "
            f"{head.entry.controls} of the controls, and their log ends at {newest}: it was cut off, or set back",
            environment,
        )


def check_not_cut(deps: Dependencies, desired: DesiredState, trust: TrustCheck, newest: ControlsHead | None) -> None:
    """Check, before another entry of the controls is written, that no journal knows of a newer one than `newest`.

    Reads the last entry of every journal, only where keys are trusted. Raises IntegrityError E520.
    """
    if not trust.sets:
        return
    store, name = deps.stores[trust.environment], trust.environment
    for model in journal.models(store, name):
        head = journal.head(store, project=desired.project, environment=name, model=model)
        if head is not None:
            check_follows(name, head, newest.entry.n if newest is not None else -1)


def trust_of(deps: Dependencies, desired: DesiredState, environment: Environment) -> TrustCheck:
    """Return what is trusted in an environment, after a check of the controls log that says so.

    Raises IntegrityError E520 where that is not signed as it must be.
    """
    return _read(deps, desired, environment)[0]


def trust_observer(deps: Dependencies, desired: DesiredState, journals: Journals) -> TrustObserver:
    """Return what checks the entries of these journals, which read once what is trusted; or a new one."""
    return journals.trusted if isinstance(journals.trusted, TrustObserver) else TrustObserver(deps, desired)


def _read(deps: Dependencies, desired: DesiredState, environment: Environment) -> tuple[TrustCheck, int]:
    """Return what is trusted, and the number of the newest entry of the controls; -1 where there is none."""
    log = ControlsLog(store=deps.stores[environment.name], project=desired.project, environment=environment.name)
    in_force: tuple[EnvironmentControls, ...] = ()
    head: ControlsHead | None = None
    try:
        head = log.head()
        in_force = log.in_force(head.entry) if head is not None else ()
    except ReconcilerError:
        if environment.trust != NO_TRUST:
            raise
    check = check_by(deps, environment, in_force)
    if head is not None and check.sets:
        before: tuple[EnvironmentControls, ...] = ()
        if head.entry.n and head.entry.accepted is None:
            before = log.in_force(log.entry(head.entry.n - 1).entry)
        check_by(deps, environment, (*in_force, *before)).controls(head.entry)
    return check, head.entry.n if head is not None else -1


def check_by(deps: Dependencies, environment: Environment, sets: Iterable[EnvironmentControls]) -> TrustCheck:
    """Return what is trusted by git and by these sets of controls."""
    return _check(deps, environment.name, sets_of((environment.trust, *(each.trust for each in sets))))


def _check(deps: Dependencies, environment: str, trusts: tuple[Trust, ...]) -> TrustCheck:
    """Return a check by these sets; the clock is asked only where there are any."""
    today = day_of(deps.clock()) if trusts else ""
    return TrustCheck(environment=environment, sets=trusts, verifier=deps.verifier, today=today)
