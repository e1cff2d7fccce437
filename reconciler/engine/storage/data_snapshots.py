"""Take and read a sandbox's data snapshots: immutable Parquet copies of another environment's tables, numbered."""

from __future__ import annotations

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Material
from reconciler.core.artifact.data_snapshot import Snapshot, TableCopy
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.snapshot_declaration import SnapshotDeclaration, before_masks, changes, declaration_of
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import blobs, numbered_log
from reconciler.errors import DataError, UsageError
from reconciler.ports import CopyRequest, Store, TableFile


def newest(store: Store) -> Snapshot | None:
    """Return the newest snapshot, or None where none was taken."""
    last_member = numbered_log.last(store, store_layout.SNAPSHOTS)
    if last_member is None:
        return None
    return _read(last_member[1], last_member[0])


def _read(body: bytes, n: int) -> Snapshot:
    key = store_layout.member(store_layout.SNAPSHOTS, n)
    snapshot = codec.decode(Snapshot, body, what=key)
    if snapshot.n != n:
        raise numbered_log.misplaced(key, f"snapshot {snapshot.n}")
    return snapshot


def numbered(store: Store, n: int) -> Snapshot:
    """Return snapshot number `n`; IntegrityError E603 when it is missing."""
    body = store.read(store_layout.member(store_layout.SNAPSHOTS, n))
    if body is None:
        raise numbered_log.missing(store_layout.SNAPSHOTS, n)
    return _read(body, n)


def source_of(desired: DesiredState, environment: Environment) -> Environment:
    """Return the environment whose tables are copied: `copyFrom`, or the environment itself."""
    name = environment.data.copy_from or environment.name
    source = desired.environment(name)
    if source is None:
        raise UsageError(f"{environment.name} copies from {name}, which is not declared", code="E212")
    return source


def take(deps: Dependencies, desired: DesiredState, environment: Environment) -> Snapshot:
    """Copy every table of the source environment and record the copy as the next snapshot.

    Column types that an earlier snapshot inferred are kept. Raises ConflictError E702 when another process recorded a
    snapshot meanwhile, DataError E4xx when a table cannot be read.
    """
    store = deps.stores[environment.name]
    origin = source_of(desired, environment)
    before = newest(store)
    taken, declared = deps.clock(), declaration(desired, environment)
    into = deps.scratch / f"snapshot-{deps.new_id()}"
    into.mkdir(parents=True)
    held = tuple(
        sorted(
            (table.name, tuple(sorted((column.name, column.type) for column in table.columns)))
            for table in (before.tables if before else ())
        )
    )
    files = deps.data.copy(
        CopyRequest(root=deps.data_root, tables=origin.data.tables, held=held, into=into, limits=environment.limits)
    )
    copies = tuple(
        TableCopy(name=file.name, digest=blobs.put_file(store, file.path), rows=file.rows, columns=file.columns)
        for file in sorted(files, key=lambda file: file.name)
    )
    snapshot = Snapshot(
        n=before.n + 1 if before else 0,
        taken=taken,
        as_of=origin.data.as_of or taken.date().isoformat(),
        source=origin.name,
        tables=copies,
        declared=codec.digest_of(declared),
        declaration=declared,
    )
    body = codec.encode(snapshot)
    numbered_log.append(store, store_layout.SNAPSHOTS, snapshot.n, body, ours=body.__eq__)
    return snapshot


def declaration(desired: DesiredState, environment: Environment) -> SnapshotDeclaration:
    """Return what a snapshot of the environment is taken by, as git declares it now."""
    return declaration_of(source_of(desired, environment).data, environment.data)


def declared_otherwise(newest: Snapshot, now: SnapshotDeclaration) -> str | None:
    """Return why a snapshot is not of the tables as they are declared now; None where it is, as far as it tells."""
    name = f"data snapshot {newest.n}"
    if now.as_of is not None and newest.as_of != now.as_of:
        return f"{name} is as of {newest.as_of}; asOf is {now.as_of} now"
    before = newest.declaration
    if before is None:  # an earlier release took it
        if missing := [table for table, _ in now.tables if newest.table(table) is None]:
            return f"{name} has no table {missing[0]}, which is declared now"
        before = before_masks(now)
        if newest.declared is not None and newest.declared != _digest_before_masks(before):
            return f"the tables are declared otherwise than for {name}"
    if not (lines := tuple(changes(before, now))):
        return None
    others = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return f"{name} is declared otherwise now: {lines[0]}{others}"


def _digest_before_masks(declaration: SnapshotDeclaration) -> Digest:
    """Return the digest as snapshots without `declaration` hold it: they wrote `tables` where there are none, too."""
    document = {"tables": {}, **codec.to_json(declaration)}
    return digest_of_bytes(codec.canonical(document))


def materials(snapshot: Snapshot, tables: tuple[str, ...]) -> tuple[Material, ...]:
    """Return the tables that a recipe uses, by digest, sorted by name; DataError E401 where one is missing."""
    materials = []
    for name in sorted(set(tables)):
        table = snapshot.table(name)
        if table is None:
            raise DataError(
                f"data snapshot {snapshot.n} has no table {name}",
                code="E401",
                hint="declare the table in the source environment and refresh: `reconciler apply` takes a new snapshot",
            )
        materials.append(Material(name=name, digest=table.digest))
    return tuple(materials)


def data_digest(snapshot: Snapshot, tables: tuple[str, ...]) -> Digest:
    """Return one digest for the tables that a recipe reads."""
    return codec.digest_of(materials(snapshot, tables))


def table_files(store: Store, snapshot: Snapshot, tables: tuple[str, ...]) -> tuple[TableFile, ...]:
    """Return the tables as local Parquet files, each hashed just now."""
    return tuple(
        TableFile(name=table.name, path=blobs.file_of(store, table.digest), rows=table.rows, columns=table.columns)
        for table in snapshot.tables
        if table.name in tables
    )


def column_types(snapshot: Snapshot, tables: tuple[str, ...]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return (table, (column, type)…) sorted, as an artifact's schema keeps them."""
    return tuple(
        sorted(
            (table.name, tuple(sorted((column.name, column.type) for column in table.columns)))
            for table in snapshot.tables
            if table.name in tables
        )
    )
