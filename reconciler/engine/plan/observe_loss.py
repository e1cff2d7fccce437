"""Look for what remains of journals that are absent: the one place that tells "gone" from "never was". Reads only.

Asked only where a journal or a store's mark is absent, so that an intact environment costs one read. A listing may be
stale, and another process may write a first entry meanwhile: the entry that a trace speaks of is read by its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.loss import (
    KINDS,
    StoreContent,
    Trace,
    behind_anchor,
    lost_controls,
    lost_journal,
    lost_store,
)
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.artifact.target_ownership import OWNER
from reconciler.core.digest import short
from reconciler.core.inspect.journal_checkpoint import CONTROLS, CheckpointHead, newest
from reconciler.core.spec.desired_state import DesiredState, card_path
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.storage import blobs, builds, checkpoints, numbered_log, register, store_mark
from reconciler.engine.storage import journal as journal_log
from reconciler.engine.storage.journal import Journals
from reconciler.engine.trust.in_force import TrustObserver
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store, TracedTarget


def journals_of(deps: Dependencies, desired: DesiredState) -> Journals:
    """Return the journals of a project, which raise E603 for one that is gone, E520 for one that is not signed."""
    gone = LossObserver(deps, desired).head
    return Journals(deps.stores, desired.project, gone=gone, trusted=TrustObserver(deps, desired))


def check_store(deps: Dependencies, desired: DesiredState, environment: Environment) -> frozenset[str]:
    """Check an environment's store before anything is read from it, and return the journals that it has registered.

    Raises IntegrityError E603 where it is gone or lost its mark or every journal, E609 where it is another's, E508 or
    E509 where mark or register are damaged. Where all is well, that costs a read of each. An environment that declares
    no model is asked for its journals, too: nobody else asks for them.
    """
    store = deps.stores[environment.name]
    body = store.read(store_layout.MARK)
    if body is not None:
        store_mark.check(body, desired.project, environment.name)
    if body is None or not desired.count_in(environment.name):
        lost = LossObserver(deps, desired).store(environment.name)
        # Another process may have begun the store meanwhile: its mark comes before its records.
        if lost is not None and (body is not None or store.read(store_layout.MARK) is None):
            raise lost
    registered = register.read(store, environment.name).journals
    if CONTROLS in registered and not numbered_log.begun(store, store_layout.controls(environment.name)):
        raise lost_controls(environment.name)
    return registered - {CONTROLS}


EVERYTHING = "(everything)"  # stands for a model's name where a whole store was given up; no model has it


def lost_among(journals: Journals, environment: str, models: Iterable[str]) -> Iterator[tuple[str, IntegrityError]]:
    """Yield those of the models whose journals are gone or damaged, with the error."""
    for model in sorted(models):
        try:
            journals.head(environment, model)
        except IntegrityError as error:
            yield model, error


class LossObserver:
    """Answers whether absent journals are gone, for one command: what it read once is not read again."""

    def __init__(self, deps: Dependencies, desired: DesiredState) -> None:
        self._deps = deps
        self._desired = desired
        self._traces: dict[str, tuple[Trace, ...]] = {}
        self._lost: dict[str, IntegrityError | None] = {}
        self._heads: dict[tuple[str, str], tuple[int, CheckpointHead]] | None = None

    def store(self, environment: str) -> IntegrityError | None:
        """Return the error for a store that lost its mark, or that has no journal though one once was."""
        if environment not in self._lost:
            self._lost[environment] = self._store(environment_of(self._desired, environment))
        return self._lost[environment]

    def head(self, environment: str, model: str, head: JournalHead | None) -> IntegrityError | None:
        """Return the error for a journal that is absent, or ends before an entry that an anchor names."""
        if head is None:
            return self.journal(environment, model)
        if self._heads is None:
            tags, project = self._deps.tags, self._desired.project
            self._heads = checkpoints.newest_heads(tags, project) if tags is not None else {}
        number, anchored = self._heads.get((environment, model), (-1, None))
        lost = behind_anchor(environment, model, head.entry.n, anchored.n) if anchored is not None else None
        if lost is None or number <= register.read(self._deps.stores[environment], environment).void.get(model, -1):
            return None
        return lost

    def journal(self, environment: str, model: str) -> IntegrityError | None:
        """Return the error for an absent journal of a model of which something tells that there was one."""
        lost = self.store(environment)
        if lost is not None:
            return lost
        declared = environment_of(self._desired, environment)
        traces = (*self._of(declared), *self._of_model(declared, model))
        given_up = register.read(self._deps.stores[environment], environment).given_up
        return lost_journal(environment, model, traces, trains=declared.trains) if model not in given_up else None

    def traced(self, environment: str) -> frozenset[str]:
        """Return the models of which any trace tells, and those that git declares."""
        return self.named(environment) | {model.name for model in self._desired.models_of(environment)}

    def named(self, environment: str) -> frozenset[str]:
        """Return the models of whose journals a trace tells that is not asked for one model alone."""
        return frozenset(filter(None, (each.model for each in self._of(environment_of(self._desired, environment)))))

    def pinned(self, environment: str) -> frozenset[str]:
        """Return the models whose pins elsewhere tell that an environment's store was written."""
        traces = self._of_neighbours(environment_of(self._desired, environment))
        return frozenset(trace.model for trace in traces if trace.model is not None)

    def gone(self, environment: str) -> Iterator[tuple[str, IntegrityError]]:
        """Yield each model, declared or not, whose journal is gone, with the error."""
        for model in sorted(self.traced(environment)):
            lost = self.journal(environment, model) if not self._has(environment, model) else None
            if lost is not None and not self._has(environment, model):
                yield model, lost

    def _has(self, environment: str, model: str) -> bool:
        """Tell whether a journal's first entry is there, damaged or not."""
        try:
            return numbered_log.begun(self._deps.stores[environment], store_layout.journal(environment, model))
        except IntegrityError:
            return True

    # --- the store ---------------------------------------------------------------------------------------------------

    def _store(self, environment: Environment) -> IntegrityError | None:
        name, store = environment.name, self._deps.stores[environment.name]
        mark = store.read(store_layout.MARK) is not None
        if mark and self._is_journaled(environment):
            return None
        own = register.read(store, name)
        traces = (*self._of(environment), *self._of_neighbours(environment))
        if EVERYTHING in own.given_up:
            traces = tuple(trace for trace in traces if trace.model is not None and trace.model not in own.given_up)
        content = StoreContent(
            environment=name,
            address=environment.store.address,
            trains=environment.trains,
            mark=mark,
            # Asked after the traces were read: whatever left them had written its journal before.
            journaled=self._is_journaled(environment, traces),
            kinds=frozenset(kind for kind in KINDS if any(True for _ in store.keys(f"{kind}/"))),
            begun=bool(own.begun),
            given_up=EVERYTHING in own.given_up,
        )
        if store.read(store_layout.MARK) is not None and not mark:
            return None  # the first apply was just begun
        return lost_store(content, traces)

    def _is_journaled(self, environment: Environment, traces: tuple[Trace, ...] = ()) -> bool:
        """Tell whether any journal is there: by a listing, then by the first entry of each model that may have one."""
        store = self._deps.stores[environment.name]
        if any(True for _ in store.keys(store_layout.journal(environment.name, ""))):
            return True
        declared = {model.name for model in self._desired.models_of(environment.name)}
        names = sorted(declared | {trace.model for trace in traces if trace.model is not None})
        return any(self._has(environment.name, model) for model in names)

    # --- traces ------------------------------------------------------------------------------------------------------

    def _of(self, environment: Environment) -> tuple[Trace, ...]:
        """Return the traces of journals of an environment that tell their models, and its target's mark."""
        if environment.name not in self._traces:
            traces = (
                *self._registered(environment.name),
                *self._served(environment.name),
                *self._anchored(environment.name),
            )
            self._traces[environment.name] = traces
        return self._traces[environment.name]

    def _registered(self, environment: str) -> Iterator[Trace]:
        for model in sorted(register.read(self._deps.stores[environment], environment).journals - {CONTROLS}):
            yield Trace(what=f"the store's register of journals names {model}", model=model)
        for neighbour in self._deps.stores:
            if neighbour != environment:
                yield from self._seen_by(neighbour, environment)
        if (witness := self._deps.witness()) is not None:
            with suppress(ReconcilerError):
                for model in sorted(register.read(witness, environment).journals - {CONTROLS}):
                    yield Trace(what=f"this clone saw {model} there (.git/reconciler/seen)", model=model)

    def _seen_by(self, neighbour: str, environment: str) -> tuple[Trace, ...]:
        """Return the journals that a neighbour's store has registered; none where it cannot be read."""
        try:
            models = register.read(self._deps.stores[neighbour], environment).journals - {CONTROLS}
        except ReconcilerError:
            return ()
        return tuple(Trace(what=f"the store of {neighbour} recorded {model}", model=model) for model in sorted(models))

    def _served(self, environment: str) -> Iterator[Trace]:
        target: object = self._deps.targets.get(environment)
        if not isinstance(target, TracedTarget):
            return
        known = register.read(self._deps.stores[environment], environment)
        for name in sorted(target.traces()):
            if name == OWNER:
                yield Trace(what="its target has an ownership marker")
            elif not known.journals or name in known.begun | known.journals or self._is_declared(environment, name):
                yield Trace(what=f"its target keeps releases of {name}", model=name)  # else somebody put it there

    def _is_declared(self, environment: str, model: str) -> bool:
        return self._desired.model(environment, model) is not None

    def _anchored(self, environment: str) -> Iterator[Trace]:
        anchors = checkpoints.read(self._deps.tags).of(self._desired.project) if self._deps.tags is not None else ()
        for head in newest(anchors).values():
            if head.environment == environment and head.model != CONTROLS:
                yield Trace(what=f"an anchor in git names entry {head.n} of {head.model}", model=head.model)

    def _of_model(self, environment: Environment, model: str) -> Iterator[Trace]:
        """Yield the traces of one model's journal that are only looked for where it is absent."""
        store = self._deps.stores[environment.name]
        if store.read(store_layout.member(store_layout.predictions(environment.name, model), 0)) is not None:
            yield Trace(what="the store has a log of its predictions", model=model)
        if environment.trains:
            yield from self._promoted(environment, model)
            yield from self._verified_build(store, environment.name, model)

    def _promoted(self, environment: Environment, model: str) -> Iterator[Trace]:
        """Yield where an environment downstream was given an artifact of this model that was trained here."""
        for other in self._desired.downstream(environment.name):
            with suppress(ReconcilerError):
                deployed = self._deployed(other.name, model)
                if deployed is None:
                    continue
                build, origin = deployed
                if (origin.environment, origin.model) == (environment.name, model):
                    yield Trace(
                        what=f"{other.name} has {short(build.artifact)}, trained in {environment.name}", model=model
                    )

    def _deployed(self, environment: str, model: str) -> tuple[Build, Provenance] | None:
        """Return the build that a journal says is deployed, and where it was trained."""
        store = self._deps.stores[environment]
        head = journal_log.head(store, project=self._desired.project, environment=environment, model=model)
        build = head.state.build if head is not None else None
        return (build, blobs.record(store, build.provenance, Provenance)) if build is not None else None

    def _verified_build(self, store: Store, environment: str, model: str) -> Iterator[Trace]:
        """Yield the build of the declared recipe where it was made for this model and verified: that is journaled
        between the two. A build of the same recipe for another model is none of its traces."""
        declared = self._desired.model(environment, model)
        if declared is None:
            return
        for build in builds.of_recipe(store, declared.recipe_digest):
            verified = any(True for _ in store.keys(store_layout.verifications_of(build.artifact) + "/"))
            origin = blobs.record(store, build.provenance, Provenance)
            if verified and (origin.environment, origin.model) == (environment, model):
                yield Trace(what=f"its store holds a verification of {short(build.artifact)}", model=model)
                return

    def _of_neighbours(self, environment: Environment) -> Iterator[Trace]:
        """Yield the traces of a whole environment in its neighbours' stores and in git, as far as these can be read."""
        for other in self._desired.downstream(environment.name):
            with suppress(ReconcilerError):
                yield from self._pinned(environment, other)
        for name in self._desired.upstream(environment.name):
            with suppress(ReconcilerError):
                yield from self._incumbent(environment.name, name)

    def _pinned(self, environment: Environment, other: Environment) -> Iterator[Trace]:
        """Yield a pin of an environment that promotes only from here: `promote` wrote its card from this store.

        Not one of an artifact that the other's store has from elsewhere: from a sandbox that this one replaces.
        """
        if other.promotes_from != (environment.name,):
            return
        for model in self._desired.models_of(other.name):
            card = card_path(other.name, model.name)
            if model.artifact is None or self._is_from_elsewhere(environment.name, other.name, model):
                continue
            if self._deps.source.tree(self._desired.revision or "", (card,)):
                what = f"git pins {short(model.artifact)} for {other.name}, promoted from {environment.name}"
                yield Trace(what=what, model=model.name)
                return

    def _is_from_elsewhere(self, environment: str, other: str, model: Model) -> bool:
        """Tell whether a pinned artifact is deployed, and was trained in another environment."""
        with suppress(ReconcilerError):
            deployed = self._deployed(other, model.name)
            if deployed is not None:
                build, origin = deployed
                return build.artifact == model.artifact and origin.environment != environment
        return False

    def _incumbent(self, environment: str, upstream: str) -> Iterator[Trace]:
        """Yield a verification upstream that compared a candidate with what was deployed here."""
        store = self._deps.stores[upstream]
        for key in store.keys("verifications/"):
            body = store.read(key)
            known = codec.decode(Verification, body, what=key) if body is not None else None
            if known is not None and known.environment == environment and known.incumbent is not None:
                what = f"{upstream} compared a candidate with {short(known.incumbent)}, deployed in {environment}"
                yield Trace(what=what)
                return
