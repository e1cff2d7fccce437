"""Tell which journals a store lost, what they can be put together from, and which nobody has. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.journal import Entry
from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.digest import Digest, digest_of_bytes, short
from reconciler.core.inspect.journal_checkpoint import CONTROLS
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.upkeep.repair import RepairProblem
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan.observe_loss import EVERYTHING, LossObserver
from reconciler.engine.storage import blobs, checkpoints, journal, numbered_log, register
from reconciler.engine.storage.copies import losses
from reconciler.engine.storage.erasures.erased import erased
from reconciler.engine.trust.in_force import check_by
from reconciler.engine.upkeep.recover_log import ContinuedJournal, EntryClaim, LogMember, LogRepair, recover_log
from reconciler.engine.upkeep.repair_sources import RepairSource, StoreSource
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import EntryKeeping, Store

ITSELF = "the store itself"


class LostLogs:
    """The logs of one environment's store. `whole`: those without a loss."""

    def __init__(
        self, deps: Dependencies, desired: DesiredState, environment: Environment, sources: Sequence[RepairSource]
    ) -> None:
        self.whole: dict[str, tuple[LogMember, ...]] = {}
        self.repairs: dict[str, LogRepair] = {}
        self.continued: list[ContinuedJournal] = []
        self.problems: list[RepairProblem] = []
        self.given_up = set[str]()
        self._deps, self._desired, self._environment, self._sources = deps, desired, environment, sources
        self._name, self._own = environment.name, deps.stores[environment.name]
        self._served: dict[str, LiveDeployment] = {}
        self._claims: dict[str, list[EntryClaim]] = {}
        self._trust = check_by(deps, environment, ())

    def look(self) -> None:
        """Look at every journal, and at the controls log."""
        observer = LossObserver(self._deps, self._desired)
        if (target := self._deps.targets.get(self._name)) is not None:
            self._served = {each.model: each for each in target.observe((), others=True)}
        self._anchored()
        prefix = store_layout.journal(self._name, "")
        elsewhere = {model for model, _ in self.deployed_elsewhere()} if self._environment.trains else set()
        traced = observer.named(self._name) | elsewhere
        names = {model.name for model in self._desired.models_of(self._name)} | traced
        names |= {*journal.models(self._own, self._name), *self._served}
        names |= {name for name in self._claims if name != CONTROLS}
        for source in self._sources:
            names |= {name for name in source.logs(prefix) if store_layout.is_part(name)}
        refused = set[str]()
        for model in sorted(names):
            try:
                self._journal(model)
            except IntegrityError as error:
                refused.add(model)
                self._refuse(store_layout.journal(self._name, model), error)
        if not self._environment.trains:
            try:
                self._log(store_layout.controls(self._name), CONTROLS)
            except IntegrityError as error:
                self._refuse(store_layout.controls(self._name), error)
        self._find_given_up(observer, (traced | observer.pinned(self._name)) - refused)

    def accepted(self) -> frozenset[str]:
        """Return the keys of objects that a person accepted as lost before."""
        return losses.lost_keys(self._own, self._name)

    def entries(self) -> Iterator[Entry | ControlsEntry]:
        """Yield every entry that there is, or will be."""
        for members in (*self.whole.values(), *(repair.chain.members for repair in self.repairs.values())):
            for member in members:
                yield member.entry

    def controls_from(self) -> int | None:
        """Return the number that the controls log goes on from, where all of it is lost; else None."""
        log = store_layout.controls(self._name)
        if self._environment.trains or log in self.whole or log in self.repairs:
            return None
        named = [entry.controls for entry in self.entries() if isinstance(entry, Entry) and entry.controls is not None]
        named += [claim.n for claim in self._claims.get(CONTROLS, ())]
        known = CONTROLS in register.read(self._own, self._name).journals
        if not (named or known or self.repairs or self.continued):
            return None
        return max(named, default=-1) + 1

    def erased_artifacts(self) -> frozenset[Digest]:
        """Return every artifact of which any store says that it was erased: it does not come back."""
        gone = set[Digest]()
        for store in (*self._deps.stores.values(), *_copies(self._sources)):
            with suppress(ReconcilerError):
                known = erased(store)
                gone |= {*known.artifacts, *known.gone}
        return frozenset(gone)

    def deployed_elsewhere(self) -> Iterator[tuple[str, Build]]:
        """Yield the builds of this sandbox that are deployed downstream, each with the model that was trained."""
        for other in self._desired.downstream(self._name):
            store = self._deps.stores[other.name]
            for model in journal.models(store, other.name):
                with suppress(ReconcilerError):
                    head = journal.head(store, project=self._desired.project, environment=other.name, model=model)
                    build = head.state.build if head is not None else None
                    if build is not None:
                        origin = blobs.record(store, build.provenance, Provenance)
                        if origin.environment == self._name:
                            yield origin.model, build

    def unkept(self) -> Iterator[tuple[str, LogMember]]:
        """Yield each entry up to the one that is served that the target does not keep, with its model."""
        target: object = self._deps.targets.get(self._name)
        if not isinstance(target, EntryKeeping):
            return
        logs = {**self.whole, **{log: repair.chain.members for log, repair in self.repairs.items()}}
        for log, members in sorted(logs.items()):
            model = log.rpartition("/")[2]
            served = self._served.get(model) if log == store_layout.journal(self._name, model) else None
            if served is None or served.current is None:
                continue
            for member in members:
                if member.n <= served.current.n and target.kept_entry(model, member.n) != member.body:
                    yield model, member

    # --- one log ---------------------------------------------------------------------------------------------------

    def _journal(self, model: str) -> None:
        served = self._served.get(model)
        pointer = served.current if served is not None else None
        if pointer is not None:
            claim = EntryClaim(n=pointer.n, digest=pointer.entry, what="what the target serves")
            self._claims.setdefault(model, []).append(claim)
        if self._log(store_layout.journal(self._name, model), model) or pointer is None or served is None:
            return
        pinned = self._desired.model(self._name, model)
        if served.drift is not None or (
            pointer.artifact is not None and (pinned is None or pinned.artifact != pointer.artifact)
        ):
            serves = short(pointer.artifact) if pointer.artifact is not None else "nothing"
            why = "its files are not whole" if served.drift is not None else "git does not pin that"
            raise IntegrityError(
                f"{self._name}/{model} serves {serves} by entry {pointer.n}, whose bytes nobody has, and {why}",
                code="E603",
                hint="name a source that has its journal; or pin in git what is served, and run repair again",
            )
        build = None
        if pinned is not None and pointer.artifact is not None:
            with suppress(ReconcilerError):
                journals = journal.Journals(self._deps.stores, self._desired.project)
                build = journals.build_of(self._environment.promotes_from, pinned, pointer.artifact)
        self.continued.append(ContinuedJournal(model=model, pointer=pointer, build=build))

    def _log(self, log: str, name: str) -> bool:
        """Look at one log; tell whether there is anything of it."""
        own = self._members(log, ITSELF, _own_members(self._own, log), refuse=True)
        claims = self._claims.get(name, [])
        loss = numbered_log.lost_history(self._own, log) if own else None
        is_whole = bool(own) and _is_whole(own, loss.first if loss is not None else 0, claims)
        if is_whole and not self._goes_on(log, own[-1].n):
            self.whole[log] = own
            return True
        pool = [*own]
        for source in self._sources:
            pool += self._members(log, source.name, source.members(log))
        known = [*claims, *(EntryClaim(n=each.n, digest=each.digest, what="what is left of the store") for each in own)]
        # Controls of which nothing is left are put back unproven, and told so; nothing unproven follows others.
        decides = bool(own) if name == CONTROLS else not self._environment.trains
        chain = recover_log(log, pool, known, vouched=self._vouched, decides=decides)
        if chain is None:
            return False
        if chain.left_out is not None:
            self.problems.append(
                RepairProblem(
                    where=f"{store_layout.member(log, chain.left_out.n)} of {chain.left_out.source}",
                    problem="nothing names this entry: no tag of git, no served release, no signature, no pin",
                )
            )
        there = {member.n for member in own}
        absent = tuple(member for member in chain.members if member.n not in there)
        if is_whole and not absent:
            self.whole[log] = own
            return True
        accepted = loss.first if loss is not None else None
        self.repairs[log] = LogRepair(chain=chain, absent=absent, accepted=accepted)
        return True

    def _goes_on(self, log: str, last: int) -> bool:
        """Tell whether a copy of the store has an entry after the last one here."""
        key = store_layout.member(log, last + 1)
        return any(store.read(key) is not None for store in _copies(self._sources))

    def _members(
        self, log: str, source: str, bodies: Iterator[tuple[int, bytes]], *, refuse: bool = False
    ) -> tuple[LogMember, ...]:
        """Decode the entries of a source; what is damaged is told, and of our own store it refuses the log."""
        members: list[LogMember] = []
        for n, body in bodies:
            key = store_layout.member(log, n)
            try:
                members.append(self._member(key, n, body, source))
            except IntegrityError as error:
                if refuse:
                    error.hint = f"remove {key} from the store by hand, and run repair again"
                    raise
                problem = RepairProblem(where=f"{key} of {source}", problem=error.message, refused=True)
                self.problems.append(problem)
        return tuple(members)

    def _member(self, key: str, n: int, body: bytes, source: str) -> LogMember:
        what = f"{key} of {source}"
        entry: Entry | ControlsEntry
        if key.startswith("controls/"):
            entry = codec.decode(ControlsEntry, body, what=what)
        else:
            entry = codec.decode(Entry, body, what=what)
        model = entry.model if isinstance(entry, Entry) else None
        expected = key.split("/")[2] if isinstance(entry, Entry) else None
        if (entry.project, entry.environment, model, entry.n) != (self._desired.project, self._name, expected, n):
            raise IntegrityError(
                f"{key} of {source} is entry {entry.n} of {entry.environment} in project {entry.project}", code="E609"
            )
        return LogMember(
            n=n, previous=entry.previous, digest=digest_of_bytes(body), body=body, source=source, entry=entry
        )

    def _vouched(self, member: LogMember) -> str | None:
        """Return whose signature, or which pin, stands for an entry. Raises IntegrityError E520."""
        entry = member.entry
        check = self._trust.entry(entry) if isinstance(entry, Entry) else self._trust.controls(entry)
        if self._trust.sets and check is None:
            return f"a trusted key signed entry {entry.n}"
        if isinstance(entry, Entry) and entry.artifact is not None:
            declared = self._desired.model(self._name, entry.model)
            if declared is not None and declared.artifact == entry.artifact and not self._environment.trains:
                return f"git pins the artifact of entry {entry.n}"
        return None

    def _refuse(self, where: str, error: IntegrityError) -> None:
        self.problems.append(RepairProblem(where=where, problem=error.message, remedy=error.hint, refused=True))

    # --- what is around it -----------------------------------------------------------------------------------------

    def _anchored(self) -> None:
        """Take down what the anchors in git name, but of journals that were given up since."""
        if self._deps.tags is None:
            return
        void: dict[str, int] = {}
        with suppress(ReconcilerError):
            void = dict(register.read(self._own, self._name).void)
        for anchor in checkpoints.read(self._deps.tags).of(self._desired.project):
            for head in anchor.heads:
                if head.environment == self._name and anchor.n > void.get(head.model, -1):
                    claim = EntryClaim(n=head.n, digest=head.entry, what=f"tag {anchor.name}")
                    self._claims.setdefault(head.model, []).append(claim)

    def _find_given_up(self, observer: LossObserver, traced: frozenset[str] | set[str]) -> None:
        """Find the journals of which something tells, and no source has any entry."""
        have = {log.rpartition("/")[2] for log in (*self.whole, *self.repairs)}
        have |= {each.model for each in self.continued}
        known = register.read(self._own, self._name).given_up
        self.given_up = set(traced) - have - known
        anything = self.given_up or observer.store(self._name) is not None
        if not have and EVERYTHING not in known and anything:
            self.given_up |= {EVERYTHING}


def _copies(sources: Sequence[RepairSource]) -> tuple[Store, ...]:
    """Return the stores among the sources that are copies of the lost one."""
    return tuple(each.store for each in sources if isinstance(each, StoreSource) and each.copies)


def _own_members(store: Store, log: str) -> Iterator[tuple[int, bytes]]:
    return StoreSource(name=ITSELF, store=store, copies=True).members(log)


def _is_whole(own: tuple[LogMember, ...], begins: int, claims: Sequence[EntryClaim]) -> bool:
    """Tell whether a log has every entry, each following the one before, and everything that something names."""
    by_number = {member.n: member for member in own}
    first = 0 if 0 in by_number else begins
    last = own[-1].n
    if any(n not in by_number for n in range(first, last + 1)):
        return False
    if any(by_number[n].previous != by_number[n - 1].digest for n in range(first + 1, last + 1)):
        return False
    return all(claim.n <= last and (claim.n < first or by_number[claim.n].digest == claim.digest) for claim in claims)
