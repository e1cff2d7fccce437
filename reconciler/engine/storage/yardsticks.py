"""Find what a candidate is compared with: the incumbent, and for gates against the best what was deployed before it.

History follows the names of a model: a rename, a retirement or a publication under a new name takes nothing away. Reads
only; the journal is walked where a gate asks for it, and never for an artifact that needs no gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.computed_once import computed_once
from reconciler.core.digest import Digest
from reconciler.core.spec.gates import Against, Gate, NoWorseThanIncumbent
from reconciler.core.spec.model import Model
from reconciler.engine.storage import blobs, journal
from reconciler.engine.storage.erasures.erased import erased
from reconciler.engine.storage.journal import Journals


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One artifact that was deployed, how it was built, and when it was last in place (None: it still is, or was when
    the model was retired). `build` is None where no entry recorded it."""

    artifact: Digest
    build: Build | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Yardsticks:
    """What the candidate `artifact` (None: no candidate yet) of a model is compared with in an environment. `head`: of
    the model's journal there, or of the one under its former name; `names`: of both."""

    journals: Journals
    environment: str
    names: tuple[str, ...]
    head: JournalHead | None
    artifact: Digest | None
    now: datetime

    @property
    def previously_deployed(self) -> bool:
        """Tell whether the candidate was deployed here before, so that no gate is asked."""
        return self.head is not None and self.artifact in self.head.state.vetted

    @computed_once
    def incumbent(self) -> Deployment | None:
        """Return what is deployed, or was when the model was retired; None where that is the candidate, or nothing."""
        if self.head is None:
            return None
        state = self.head.state
        if state.artifact is not None:
            found = Deployment(artifact=state.artifact, build=state.build, until=None)
        elif state.vetted and not self.previously_deployed and self._deployments:
            found = self._deployments[-1]
            if found.artifact in self._erased:
                return None
        else:
            return None
        return found if found.artifact != self.artifact else None

    def before(self, gate: NoWorseThanIncumbent) -> tuple[Deployment, ...]:
        """Return what else the gate compares with, sorted by digest: each artifact that was in place at some moment of
        `within` before the latest change of the deployment. No clock: the journal alone decides."""
        if gate.against is not Against.BEST or self.head is None or self.previously_deployed:
            return ()
        start = min(self._changed, self.now) - timedelta(seconds=gate.within or 0)
        current = self.incumbent.artifact if self.incumbent is not None else None
        last: dict[Digest, Deployment] = {}
        for deployment in self._deployments:
            last[deployment.artifact] = deployment
        return tuple(
            deployment
            for artifact, deployment in sorted(last.items())
            if artifact not in (current, self.artifact, *self._erased)
            and (deployment.until is None or deployment.until >= start)
        )

    def deployed_before(self, gates: tuple[Gate, ...]) -> tuple[tuple[str, tuple[Digest, ...]], ...] | None:
        """Return, by `within`, the digests that the gates against the best compare with; None without such a gate."""
        found = {
            str(gate.within): tuple(deployment.artifact for deployment in self.before(gate))
            for gate in gates
            if isinstance(gate, NoWorseThanIncumbent) and gate.against is Against.BEST
        }
        return tuple(sorted(found.items())) or None

    @computed_once
    def _erased(self) -> frozenset[Digest]:
        """Return the artifacts that learnt from an entity that was forgotten, and those of them that are not there any
        more though it came back: nothing is compared with them."""
        store = self.journals.stores[self.environment]
        known = erased(store)
        return frozenset(each for each in known.gone if each in known.artifacts or not blobs.holds(store, each))

    @computed_once
    def _entries(self) -> tuple[JournalHead, ...]:
        """Return all entries under all names, older names first, and under a name that was forgotten since."""
        entries = [entry for name in reversed(self.names) for entry in self._journal(name)]
        known = {entry.state.artifact for entry in entries}
        if self.head is not None and (missing := set(self.head.state.vetted) - known):
            for name in self.journals.models(self.environment):
                if name not in self.names and missing:
                    theirs = list(self._journal(name))
                    if found := missing & {entry.state.artifact for entry in theirs}:
                        entries[:0] = theirs
                        missing -= found
        return tuple(entries)

    def _journal(self, name: str) -> Iterator[JournalHead]:
        return journal.entries(
            self.journals.stores[self.environment],
            project=self.journals.project,
            environment=self.environment,
            model=name,
        )

    @computed_once
    def _deployments(self) -> tuple[Deployment, ...]:
        """Return every stretch of entries with one artifact, oldest first."""
        found: list[Deployment] = []
        current: Digest | None = None
        for entry in self._entries:
            artifact, when = entry.state.artifact, entry.entry.when
            if artifact == current:
                continue
            if current is not None:
                found[-1] = Deployment(artifact=current, build=found[-1].build, until=when)
            if artifact is not None:
                found.append(Deployment(artifact=artifact, build=entry.state.build, until=None))
            current = artifact
        return tuple(found)

    @computed_once
    def _changed(self) -> datetime:
        """Return when the deployment changed last: to the incumbent, or to none."""
        changed, current, begun = self.now, None, False
        for entry in self._entries:
            if not begun or entry.state.artifact != current:
                changed, current, begun = entry.entry.when, entry.state.artifact, True
        return changed


def yardsticks(
    journals: Journals,
    model: Model,
    environment: str,
    *,
    artifact: Digest | None,
    now: datetime,
    head: JournalHead | None = None,
    former: tuple[str, ...] = (),
) -> Yardsticks:
    """Return what a candidate of `model` is compared with in an environment. `head`: of its journal there, if known;
    `former`: names that it had before, newest first, as the controls log knows them."""
    known = (model.name, model.renamed_from, *former)
    names = tuple(dict.fromkeys(name for name in known if name is not None))
    for name in names:
        head = head or journals.head(environment, name)
    return Yardsticks(journals=journals, environment=environment, names=names, head=head, artifact=artifact, now=now)


def none_for(journals: Journals, model: Model, environment: str, *, now: datetime) -> Yardsticks:
    """Return that there is nothing to compare with: a sandbox that judges for itself deploys nothing."""
    return Yardsticks(
        journals=journals, environment=environment, names=(model.name,), head=None, artifact=None, now=now
    )
