"""Hold a certificate of an erasure against the stores that it names: offline, and without trusting who wrote it.

Reads only. With the value, every object of the stores is looked through for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import codec
from reconciler.core.digest import Digest, digest_of_bytes, short
from reconciler.core.erasure.certificate import Certificate
from reconciler.core.erasure.results import VerifiedCertificate
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.forget import entity_digests
from reconciler.engine.erasure.places import places_of
from reconciler.engine.storage import blobs, builds
from reconciler.engine.storage.erasures import tombstones
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import SearchRequest, Store

_AT_ONCE = 500  # files of one search


def verify_certificate(
    deps: Dependencies, desired: DesiredState, environment: Environment, body: bytes, value: str | None = None
) -> VerifiedCertificate:
    """Return what of a certificate is not so. `value`: of the entity; only who has the key of erasures can give it.

    Raises IntegrityError E508 for a file that is no certificate, UsageError E801 for another project's.
    """
    certificate = codec.decode(Certificate, body, what="the certificate")
    if (certificate.project, certificate.environment) != (desired.project, environment.name):
        raise UsageError(
            f"the certificate is of {certificate.environment} of project {certificate.project}",
            hint=f"name that environment, in that project, instead of {environment.name} of {desired.project}",
            code="E801",
        )
    problems = [
        *_tombstone(deps, certificate, environment),
        *_objects(deps, certificate),
        *_builds(deps, certificate),
    ]
    searched = None
    if value is not None:
        places = places_of(deps, desired, environment)
        key = tombstones.erasure_key(deps, environment)
        entity, _ = entity_digests(deps, desired, places, certificate.table, certificate.column, value, key)
        if (entity, key.id) != (certificate.entity, certificate.key_id):
            problems.append("the value is not the one that was forgotten, or the key is another one")
        searched = 0
        for name in certificate.stores:
            found, count = _search(deps, name, value, environment)
            searched += count
            problems += (f"{name}: the value is in {key}" for key in found)
    return VerifiedCertificate(
        environment=environment.name,
        erasure=certificate.erasure,
        finished=certificate.finished,
        objects=len(certificate.objects),
        builds=len(certificate.builds),
        problems=tuple(problems),
        searched=searched,
    )


def _tombstone(deps: Dependencies, certificate: Certificate, environment: Environment) -> Iterator[str]:
    log = tombstones.read(deps.stores[environment.name], environment.name)
    known = next((each for each in log if each.n == certificate.erasure), None)
    if known is None or digest_of_bytes(codec.encode(known)) != certificate.tombstone:
        yield f"erasure {certificate.erasure} of {environment.name} is not the one of the certificate, or is not there"
    for each in log:
        if each.returns == certificate.erasure:
            yield f"the entity came back since, by erasure {each.n}: what was gone may be there again"


def _objects(deps: Dependencies, certificate: Certificate) -> Iterator[str]:
    for each in certificate.objects:
        store = deps.stores[each.environment]
        if blobs.holds(store, each.before):
            yield f"{each.environment}: {each.kind} {short(each.before)} is there"
        if each.after is not None and (problem := _unsound(store, each.after)) is not None:
            yield f"{each.environment}: {each.kind} {short(each.after)}, which took its place: {problem}"


def _builds(deps: Dependencies, certificate: Certificate) -> Iterator[str]:
    for each in certificate.builds:
        if each.after is None or each.fingerprint_after is None:
            continue
        store, label = deps.stores[each.environment], f"{each.environment}/{each.model}"
        build = builds.of_fingerprint(store, each.fingerprint_after)
        if build is None or build.artifact != each.after:
            yield f"{label}: no build gave {short(each.after)}"
        elif (problem := _unsound_artifact(store, each.after)) is not None:
            yield f"{label}: {problem}"


def _unsound(store: Store, digest: Digest) -> str | None:
    """Return why a blob is not there as its name says; None where it is."""
    try:
        blobs.file_of(store, digest)
    except ReconcilerError as error:
        return error.message
    return None


def _unsound_artifact(store: Store, digest: Digest) -> str | None:
    try:
        package = blobs.artifact(store, digest)
        for file in (package.config, *package.files):
            blobs.file_of(store, file.digest)
    except ReconcilerError as error:
        return error.message
    return None


def _search(deps: Dependencies, name: str, value: str, environment: Environment) -> tuple[list[str], int]:
    """Return the objects of a store that hold a value, and how many were looked through."""
    store = deps.stores[name]
    keys = list(store.keys(""))
    found: list[str] = []
    for start in range(0, len(keys), _AT_ONCE):
        part = [(key, path) for key in keys[start : start + _AT_ONCE] if (path := store.path(key)) is not None]
        scratch = deps.scratch / f"search-{deps.new_id()}"
        scratch.mkdir(parents=True)
        if deps.erasure is None:
            raise UsageError("this process cannot look for entities in tables")
        hits = deps.erasure.search(
            SearchRequest(
                files=tuple(path for _, path in part), value=value, limits=environment.limits, scratch=scratch
            )
        )
        found += (part[position][0] for position in hits)
    return found, len(keys)
