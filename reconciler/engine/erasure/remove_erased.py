"""Remove the traces of forgotten entities whose time has come, and certify it.

Order of effects: what was found since is recorded; prediction logs are written again, and recorded; blobs go, an
artifact's manifest after its files; the certificate. Each step is found again from the tombstone and the records, so a
run that was killed is begun again by the same command. What is in use stays until it is replaced, and is told.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.erasure.certificate import Certificate, RemovedObject, ReplacedBuild
from reconciler.core.erasure.erased_objects import ErasedObjects
from reconciler.core.erasure.results import AffectedModel, FinishedErasure, FinishResult
from reconciler.core.erasure.tombstone import Tombstone, in_force
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply.apply import claim, may_apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.concerned import affected_models, elsewhere
from reconciler.engine.erasure.find_erased import Found, artifacts_of
from reconciler.engine.erasure.forget import copy_tombstones, record_found, search
from reconciler.engine.erasure.kept_blobs import StoreErasure
from reconciler.engine.erasure.places import ErasurePlaces, places_of
from reconciler.engine.erasure.prediction_logs import rewrite
from reconciler.engine.masking.mask_key import MaskKey
from reconciler.engine.plan import observe_loss
from reconciler.engine.refresh.kept_snapshots import builds_of_store, remove_blob
from reconciler.engine.storage import numbered_log
from reconciler.engine.storage.erasures import tombstones
from reconciler.engine.storage.erasures.erased import erased, found


def remove_erased(deps: Dependencies, desired: DesiredState, environment: Environment) -> FinishResult:
    """Remove the traces of every entity that was forgotten here and whose time has come.

    Raises, before anything is removed, what `forget` raises.
    """
    places = places_of(deps, desired, environment)
    may_apply(deps, desired, environment)
    log = tombstones.read(deps.stores[environment.name], environment.name)
    key = tombstones.erasure_key(deps, environment, log)
    for place in places.all:
        claim(deps, desired, place)
    copy_tombstones(deps, places, log)
    now, done, later = deps.clock(), [], []
    for tombstone in in_force(log):
        if tombstone.due > now:
            later.append(f"erasure {tombstone.n}: {tombstone.due:%Y-%m-%d %H:%M} UTC")
            continue
        done.append(_finish(deps, desired, places, tombstone, key))
    return FinishResult(environment=environment.name, erasures=tuple(done), later=tuple(later))


def _finish(
    deps: Dependencies, desired: DesiredState, places: ErasurePlaces, tombstone: Tombstone, key: MaskKey
) -> FinishedErasure:
    if (known := certificate_of(deps, places.origin, tombstone)) is not None:
        return FinishedErasure(
            erasure=tombstone.n, due=tombstone.due, removed=len(known.objects), waiting=(), certified=True
        )
    found_now = {each.name: search(deps, each, tombstone, key) for each in places.sandboxes}
    artifacts = tuple(artifacts_of(found_now.values()))
    for place in places.all:
        record_found(deps, place, tombstone, found_now.get(place.name, Found()), artifacts)
    logs = rewrite(deps, places, tombstone, key.digits)
    for place in places.all:
        if rewritten := logs.logs.get(place.name):
            record = ErasedObjects(
                environment=place.name,
                origin=tombstone.environment,
                erasure=tombstone.n,
                when=deps.clock(),
                due=tombstone.due,
                predictions=tuple(rewritten),
            )
            numbered_log.append_next(deps.stores[place.name], store_layout.ERASED, codec.encode(record))
    waiting = _in_use(deps, desired, places)
    in_use = frozenset(each.artifact for each in waiting)
    removed: list[RemovedObject] = []
    for place in places.all:
        store = deps.stores[place.name]
        erasure = StoreErasure(
            project=desired.project, environment=place.name, store=store, erased=erased(store), waiting=in_use
        )
        for item in erasure.going():
            remove_blob(deps, store, item.before)
            removed.append(item)
    mine = _artifacts_of(deps, places, tombstone)
    stays = tuple(each for each in waiting if each.artifact in mine)
    if not stays:
        _certify(deps, desired, places, tombstone, (*logs.not_told, *_not_told(found_now)))
    return FinishedErasure(
        erasure=tombstone.n,
        due=tombstone.due,
        removed=len(removed),
        waiting=stays,
        certified=not stays,
        not_told=(*logs.not_told, *_not_told(found_now)),
    )


def _not_told(found_now: dict[str, Found]) -> tuple[str, ...]:
    return tuple(line for each in found_now.values() for line in each.not_told)


def _in_use(deps: Dependencies, desired: DesiredState, places: ErasurePlaces) -> tuple[AffectedModel, ...]:
    """Return the models that use an erased artifact: those that git declares, and those that are served."""
    gone = frozenset(digest for place in places.all for digest in erased(deps.stores[place.name]).artifacts)
    return tuple(
        each
        for each in affected_models(deps, desired, places, gone)
        if desired.model(each.environment, each.model) is not None or not _trains(places, each.environment)
    )


def _trains(places: ErasurePlaces, name: str) -> bool:
    return any(each.name == name for each in places.sandboxes)


def _artifacts_of(deps: Dependencies, places: ErasurePlaces, tombstone: Tombstone) -> frozenset[Digest]:
    return frozenset(
        artifact
        for place in places.all
        for member in found(deps.stores[place.name])
        if (member.origin, member.erasure) == (tombstone.environment, tombstone.n)
        for artifact in member.artifacts
    )


def certificate_of(deps: Dependencies, origin: Environment, tombstone: Tombstone) -> Certificate | None:
    """Return the certificate of an erasure; None while there is none."""
    key = store_layout.certificate(tombstone.environment, tombstone.n)
    body = deps.stores[origin.name].read(key)
    return codec.decode(Certificate, body, what=key) if body is not None else None


def _certify(
    deps: Dependencies,
    desired: DesiredState,
    places: ErasurePlaces,
    tombstone: Tombstone,
    not_told: tuple[str, ...],
) -> None:
    """Write the certificate: from the records, so that a run that was killed before certifies all that it removed."""
    builds, objects = _replaced(deps, desired, places, tombstone), _objects(deps, places, tombstone)
    tables = {column.table for column in tombstone.columns} | {each.table for each in tombstone.references}
    certificate = Certificate(
        project=desired.project,
        environment=tombstone.environment,
        erasure=tombstone.n,
        tombstone=digest_of_bytes(codec.encode(tombstone)),
        table=tombstone.table,
        column=tombstone.column,
        entity=tombstone.entity,
        key_id=tombstone.key_id,
        reason=tombstone.reason,
        forgotten=tombstone.when,
        finished=deps.clock(),
        who=deps.actor(),
        stores=tuple(place.name for place in places.all),
        objects=objects,
        builds=builds,
        not_searched=tuple(sorted(name for name, _ in places.origin.data.tables if name not in tables)),
        not_told=not_told,
        elsewhere=elsewhere(places),
    )
    key = store_layout.certificate(tombstone.environment, tombstone.n)
    numbered_log.create_or_read(deps.stores[places.origin.name], key, codec.encode(certificate))


def _objects(deps: Dependencies, places: ErasurePlaces, tombstone: Tombstone) -> tuple[RemovedObject, ...]:
    """Return what is gone by this erasure: the blobs that its records name and that are in their store no more."""
    objects: dict[tuple[str, Digest], RemovedObject] = {}
    for place in places.all:
        store = deps.stores[place.name]
        members = [
            member for member in found(store) if (member.origin, member.erasure) == (tombstone.environment, tombstone.n)
        ]
        named = StoreErasure(project="", environment=place.name, store=store, erased=erased(store)).gone(members)
        objects |= {(place.name, item.before): item for item in named}
    return tuple(objects.values())


def _replaced(
    deps: Dependencies, desired: DesiredState, places: ErasurePlaces, tombstone: Tombstone
) -> tuple[ReplacedBuild, ...]:
    """Return each erased build with the one that its model has now."""
    journals, replaced = observe_loss.journals_of(deps, desired), []
    for place in places.sandboxes:
        store = deps.stores[place.name]
        mine = {
            build.fingerprint
            for member in found(store)
            if (member.origin, member.erasure) == (tombstone.environment, tombstone.n)
            for build in member.builds
        }
        for build, provenance in builds_of_store(store):
            if build.fingerprint not in mine:
                continue
            replaced.append(
                ReplacedBuild(
                    environment=place.name,
                    model=provenance.model,
                    before=build.artifact,
                    fingerprint_before=build.fingerprint,
                )
            )
            head = journals.head(place.name, provenance.model)
            now = head.state.build if head is not None else None
            if now is not None and now.fingerprint not in mine:
                replaced[-1] = replace(replaced[-1], after=now.artifact, fingerprint_after=now.fingerprint)
    return tuple(replaced)
