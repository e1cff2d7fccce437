"""Take and read a sandbox's data snapshots: immutable Parquet copies of another environment's tables, numbered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Material
from reconciler.core.artifact.data_snapshot import Snapshot, TableColumn, TableCopy
from reconciler.core.artifact.oci_artifact import TableMasksDone
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file
from reconciler.core.experiment.tried_space import tried_models
from reconciler.core.snapshots.declaration import (
    SnapshotDeclaration,
    before_masks,
    changes,
    declaration_of,
    named_by_contracts,
)
from reconciler.core.snapshots.named_columns import named_columns, used_columns
from reconciler.core.spec.data import CopiedColumns, DataBinding, Sample, Table
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.recipe import Recipe
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.masking.copying import held_types, masking_of
from reconciler.engine.masking.masks_in_force import masks_in_force
from reconciler.engine.needed_secrets import with_secrets
from reconciler.engine.storage import blobs, numbered_log
from reconciler.engine.storage.erasures import tombstones
from reconciler.errors import DataError, IntegrityError, UsageError
from reconciler.ports import ContractChecks, CopyRequest, SampledRows, Store, TableFile


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


def take(
    deps: Dependencies, desired: DesiredState, environment: Environment, checks: ContractChecks | None = None
) -> Snapshot:
    """Copy every table of the source environment and record the copy as the next snapshot.

    Column types that an earlier snapshot inferred are kept. `checks`: the contracts of the tables; `engine.quality` has
    them, and records where one is broken. Raises ConflictError E702 when another process recorded a
    snapshot meanwhile, DataError E4xx when a table cannot be read, RefusedTablesError E421 when a contract is broken.
    """
    store = deps.stores[environment.name]
    origin = source_of(desired, environment)
    before = newest(store)
    declared = declaration(desired, environment)
    tables = copied_tables(declared, origin)
    masked, secrets = with_secrets(
        deps.secret, tables, lambda: masking_of(deps, desired, environment, origin, origin.data.tables, before)
    )
    taken = deps.clock()
    log = tombstones.known_before_a_copy(deps, origin, environment)
    declared = replace(declared, masks=masked.masks, mask_key=masked.key_id, erasures=len(log))
    into = deps.scratch / f"snapshot-{deps.new_id()}"
    into.mkdir(parents=True)
    request = CopyRequest(
        root=deps.data_root,
        tables=tables,
        held=held_types(before),
        into=into,
        limits=environment.limits,
        secrets=secrets,
        columns=declared.used,
        sample=sampled_rows(declared.sample, origin.data) if declared.sample is not None else None,
        masking=masked.masking,
        checks=checks,
        erased=tombstones.rows_left_out(deps, origin, log, checks.contracts if checks is not None else ()),
    )
    files = deps.data.copy(request)
    for line in (*masked.notes, *_copied_as_they_are(files)):
        deps.progress.done("refresh", line)
    copies = tuple(
        TableCopy(
            name=file.name,
            digest=_put(store, file),
            rows=file.rows,
            columns=file.columns,
            sampled_by=file.sampled_by,
            masked=file.masked or None,
            source_rows=file.source_rows,
        )
        for file in sorted(files, key=lambda file: file.name)
    )
    snapshot = Snapshot(
        n=before.n + 1 if before else numbered_log.first(store, store_layout.SNAPSHOTS),
        taken=taken,
        as_of=origin.data.as_of or taken.date().isoformat(),
        source=origin.name,
        tables=copies,
        declared=codec.digest_of(declared),
        declaration=declared,
    )
    body = codec.encode(snapshot)
    numbered_log.append(store, store_layout.SNAPSHOTS, snapshot.n, body, ours=body.__eq__)
    for file, copy in zip(sorted(files, key=lambda file: file.name), copies, strict=True):
        if not blobs.is_stored(store, copy.digest):  # it was there, and removed meanwhile with an old snapshot's tables
            _put(store, file)
    return snapshot


def copied_tables(declared: SnapshotDeclaration, origin: Environment) -> tuple[tuple[str, Table], ...]:
    """Return the tables of which a snapshot holds anything."""
    if declared.columns is not CopiedColumns.USED:
        return origin.data.tables
    used = {name for name, _ in declared.used}
    return tuple((name, table) for name, table in origin.data.tables if name in used)


def _put(store: Store, file: TableFile) -> Digest:
    """Store a table. Where its bytes were stored before and are damaged there, no other copy can take their place."""
    try:
        return blobs.put_file(store, file.path)
    except IntegrityError as error:
        if error.code != "E501":
            raise
        key = store_layout.blob(digest_of_file(file.path))
        message = f"table {file.name} did not change, and its copy in the store is damaged: {error.message}"
        hint = f"restore it from a backup of the store, or remove {key} there; then run the same command again"
        raise IntegrityError(message, code="E501", hint=hint) from None


def _copied_as_they_are(files: Iterable[TableFile]) -> Iterator[str]:
    """Yield the columns that look personal and were copied as they are, since `personalData: warn` lets them."""
    for column in (column for file in files for column in file.personal):
        yield f"{column.table}.{column.column} looks like {column.looks_like}, and is copied as it is"


def declared_now(
    deps: Dependencies, desired: DesiredState, environment: Environment, newest: Snapshot | None
) -> SnapshotDeclaration:
    """Return what a snapshot of the environment would be taken by now, to be compared with the newest one.

    Which masks are in force is asked only where those of this commit are not the newest snapshot's. Whether the key is
    another one is seen by the next refresh: no plan reads it.
    """
    declared, before = declaration(desired, environment), newest.declaration if newest is not None else None
    if newest is not None:
        copied = environment.data.copy_from or environment.name
        declared = replace(declared, erasures=tombstones.count(deps.stores[environment.name], copied))
    if before is None:
        return declared
    if declared.masks != before.masks:
        origin = source_of(desired, environment)
        force = masks_in_force(deps, desired, environment, origin, origin.data.tables)
        declared = replace(declared, masks=force.masks)
    return replace(declared, mask_key=before.mask_key)


def declaration(desired: DesiredState, environment: Environment) -> SnapshotDeclaration:
    """Return what a snapshot of the environment is taken by, as git declares it now."""
    origin, copying = source_of(desired, environment).data, environment.data
    used = _used(desired, environment, origin) if copying.columns is CopiedColumns.USED else ()
    return declaration_of(origin, copying, used=used)


def _used(
    desired: DesiredState, environment: Environment, origin: DataBinding
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (table, names) of what is used of each table, sorted: by recipes, here and of every pin downstream, so
    that what is deployed can be scored again; by experiments, contracts, masks. Names that no table has do no harm."""
    places = (environment, *desired.downstream(environment.name))
    models = [model for place in places for model in desired.models_of(place.name)]
    models += tried_models(desired, environment.name)
    used = {table: set(names) for table, names in used_columns(models).items()}
    for table, column in named_by_contracts(origin):
        used.setdefault(table, set()).add(column)
    for mask in (*origin.masks, *environment.data.masks):
        used.setdefault(mask.table, set()).add(mask.column)
    return tuple((table, tuple(sorted(used[table]))) for table, _ in sorted(origin.tables) if table in used)


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
        if now.masks and not any(table.masked for table in newest.tables):  # of a release that did not heed them
            return f"{name} was copied without the masks that are declared"
        return None
    others = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return f"{name} is declared otherwise now: {lines[0]}{others}"


def _digest_before_masks(declaration: SnapshotDeclaration) -> Digest:
    """Return the digest as snapshots without `declaration` hold it: they wrote `tables` where there are none, too."""
    document = {"tables": {}, **codec.to_json(declaration)}
    return digest_of_bytes(codec.canonical(document))


def sampled_rows(sample: Sample, origin: DataBinding) -> SampledRows:
    """Return how tables refer to the entities of a sample: by a contract's `references`, else by a column of the same
    name."""
    columns = {
        contract.table: reference.column
        for contract in origin.contracts
        for reference in contract.references
        if (reference.table, reference.key) == (sample.table, sample.column) and contract.table != sample.table
    }
    return SampledRows(entity=sample, columns=tuple(sorted(columns.items())))


def materials(snapshot: Snapshot, recipe: Recipe) -> tuple[Material, ...]:
    """Return what a recipe reads of each of its tables, by digest, sorted by name; DataError E401 where one is missing.

    What it does not read does not count. A copy of an earlier release counts as a whole: it has no digests of columns.
    """
    names, materials = named_columns(recipe), []
    for name in sorted(set(recipe.tables)):
        read = _read_columns(table := _copy_of(snapshot, name), names)
        digest = table.digest
        if read is not None:
            lines = sorted(f"{column.name} {column.digest}" for column in read)
            digest = digest_of_bytes("\n".join(lines).encode())
        materials.append(Material(name=name, digest=digest))
    return tuple(materials)


def _read_columns(table: TableCopy, names: frozenset[str]) -> tuple[TableColumn, ...] | None:
    """Return the columns of these names; None where the copy does not tell its columns apart."""
    if any(column.digest is None for column in table.columns):
        return None
    return tuple(column for column in table.columns if column.name in names)


def _copy_of(snapshot: Snapshot, name: str) -> TableCopy:
    table = snapshot.table(name)
    if table is None:
        raise DataError(
            f"data snapshot {snapshot.n} has no table {name}",
            code="E401",
            hint="declare the table in the source environment and refresh: `reconciler apply` takes a new snapshot",
        )
    return table


def data_digest(snapshot: Snapshot, recipe: Recipe) -> Digest:
    """Return one digest for what a recipe reads of its tables."""
    return codec.digest_of(materials(snapshot, recipe))


def whole_tables_digest(snapshot: Snapshot, recipe: Recipe) -> Digest:
    """Return one digest for the tables of a recipe with all their columns, as builds of earlier releases have it."""
    tables = tuple(Material(name=name, digest=_copy_of(snapshot, name).digest) for name in sorted(set(recipe.tables)))
    return codec.digest_of(tables)


def table_files(store: Store, snapshot: Snapshot, tables: tuple[str, ...]) -> tuple[TableFile, ...]:
    """Return the tables as local Parquet files, each hashed just now."""
    return tuple(
        TableFile(name=table.name, path=blobs.file_of(store, table.digest), rows=table.rows, columns=table.columns)
        for table in snapshot.tables
        if table.name in tables
    )


def column_types(snapshot: Snapshot, recipe: Recipe) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return (table, (column, type)…) sorted of what a recipe reads, as an artifact's schema keeps them: of a table
    that counts as a whole (`materials`) all columns, so that the same inputs give the same schema."""
    names, tables = named_columns(recipe), []
    for table in snapshot.tables:
        if table.name in recipe.tables:
            read = _read_columns(table, names)
            columns = table.columns if read is None else read
            tables.append((table.name, tuple(sorted((column.name, column.type) for column in columns))))
    return tuple(sorted(tables))


def masks_read(snapshot: Snapshot, recipe: Recipe) -> TableMasksDone | None:
    """Return what was done to the columns that a recipe reads, as an artifact's schema keeps it; None where nothing."""
    names, done = {name.lower() for name in named_columns(recipe)}, []
    for name in sorted(set(recipe.tables)):
        table = snapshot.table(name)
        masked = tuple(each for each in (table.masked if table else None) or () if each.column.lower() in names)
        if masked:
            done.append((name, masked))
    return tuple(done) or None
