"""The log of what was imported into an environment, by model: appending to it is the commit point of an import."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.digest import Digest
from reconciler.core.package.import_record import ImportRecord
from reconciler.engine.storage import numbered_log
from reconciler.errors import ConflictError
from reconciler.ports import Store

_TRIES = 100


def newest(store: Store, environment: str, model: str) -> ImportRecord | None:
    """Return the last import for a model; None where there was none."""
    return next(of_model(store, environment, model), None)


def of_model(store: Store, environment: str, model: str) -> Iterator[ImportRecord]:
    """Yield the imports for a model, the newest first. Raises IntegrityError E508, E509, E603 as other logs do."""
    prefix = store_layout.imports(environment, model)
    last = numbered_log.last(store, prefix)
    if last is None:
        return
    for n in range(last[0], -1, -1):
        key = store_layout.member(prefix, n)
        body = last[1] if n == last[0] else store.read(key)
        if body is None:
            raise numbered_log.missing(prefix, n)
        yield decode(key, body, environment, model)


def decode(key: str, body: bytes, environment: str, model: str) -> ImportRecord:
    """Decode one import; IntegrityError E509 where it belongs under another key."""
    record = codec.decode(ImportRecord, body, what=key)
    if (record.environment, record.model) != (environment, model) or record.build.artifact != record.artifact:
        raise numbered_log.misplaced(key, f"an import of {record.environment}/{record.model}")
    return record


def models(store: Store, environment: str) -> tuple[str, ...]:
    """Return every model that anything was imported for, sorted; from a listing, so a hint."""
    prefix = store_layout.imports(environment, "")
    return tuple(sorted({key.removeprefix(prefix).split("/", 1)[0] for key in store.keys(prefix)}))


def of_artifact(store: Store, environment: str, model: str, artifact: Digest) -> ImportRecord | None:
    """Return the newest import of an artifact for a model; None where it was not imported."""
    found = (record for record in of_model(store, environment, model) if record.artifact == artifact)
    return next(found, None)


def build_of(store: Store, environment: str, model: str, artifact: Digest) -> Build | None:
    """Return how an imported artifact was built; None where it was not imported for this model."""
    record = of_artifact(store, environment, model, artifact)
    return record.build if record is not None else None


def add(store: Store, record: ImportRecord) -> bool:
    """Append an import unless the newest says the same of the artifact; tell whether this call appended it."""
    prefix = store_layout.imports(record.environment, record.model)
    body = codec.encode(record)
    for _ in range(_TRIES):
        last = numbered_log.last(store, prefix)
        if last is not None:
            known = decode(store_layout.member(prefix, last[0]), last[1], record.environment, record.model)
            if says_the_same(known, record):
                return False
        n = last[0] + 1 if last is not None else 0
        try:
            numbered_log.append(store, prefix, n, body, ours=body.__eq__)
        except ConflictError:
            continue
        return True
    raise ConflictError(f"other processes wrote to {prefix} many times in a row", hint="run the same command again")


def says_the_same(known: ImportRecord, record: ImportRecord) -> bool:
    """Tell whether two imports are of one package."""
    return (known.artifact, known.evidence, known.manifest) == (record.artifact, record.evidence, record.manifest)
