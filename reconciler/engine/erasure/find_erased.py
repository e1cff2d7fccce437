"""Find what of a sandbox an erasure concerns: snapshots with rows of the entity, and builds that learnt from them.

A build is affected where the rows of its recipe, selected again from its own snapshot, are others without the entity:
rows of its own, features of others from its past, or a count that the evaluation keeps. An artifact is a function of
what is selected, so nothing else has to be looked at. What cannot be told counts as affected, and is said. Reads only.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.data_snapshot import Snapshot, TableCopy
from reconciler.core.digest import Digest, digest_of_file, short
from reconciler.core.erasure.erased_objects import ErasedBuild
from reconciler.core.erasure.tombstone import Tombstone
from reconciler.core.spec.data import Treatment
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.recipe import Recipe
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.places import is_before
from reconciler.engine.plan import verification
from reconciler.engine.refresh.kept_snapshots import builds_of_store, removed_snapshots
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.engine.storage.erasures.erased import found as found_before
from reconciler.errors import DataError, ReconcilerError, UsageError
from reconciler.ports import (
    ErasedEntities,
    ErasedFile,
    ErasedRows,
    EraseRequest,
    ErasureEngine,
    SelectionKind,
    SelectRequest,
    SelectResult,
    Store,
    TableFile,
)


@dataclass(slots=True, kw_only=True)
class Found:
    """What was found of a sandbox. `rows`: of the newest snapshot, by table; `not_told`: what could not be searched."""

    snapshots: list[int] = field(default_factory=list)
    builds: list[ErasedBuild] = field(default_factory=list)
    others: set[Digest] = field(default_factory=set)
    """Artifacts of builds that are not affected."""
    rows: dict[str, int] = field(default_factory=dict)
    not_told: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """The tables of one snapshot, with the entity and without. `changed`: those that hold it; `untold`: those of which
    that cannot be told."""

    full: dict[str, TableFile]
    without: dict[str, TableFile]
    files: tuple[ErasedFile, ...]
    changed: frozenset[str]
    untold: frozenset[str]


@dataclass(slots=True, kw_only=True)
class ErasureSearch:
    """The search of one sandbox for one entity."""

    deps: Dependencies
    sandbox: Environment
    tombstone: Tombstone
    key: str = field(repr=False)
    _folder: Path | None = None
    _tables: dict[tuple[Digest, ...], _Tables] = field(default_factory=dict)
    _affected: dict[tuple[object, ...], bool] = field(default_factory=dict)
    _known: set[Digest] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)

    def run(self) -> Found:
        """Search every snapshot and every build of the sandbox."""
        found, store = Found(), self.deps.stores[self.sandbox.name]
        self._folder = self.deps.scratch / f"erasure-{self.deps.new_id()}"
        self._folder.mkdir(parents=True)
        try:
            newest, gone = data_snapshots.newest(store), removed_snapshots(store)
            self._looked_at(store)
            for n in range(newest.n + 1 if newest is not None else 0):
                snapshot = data_snapshots.numbered(store, n)
                if not is_before(snapshot, self.tombstone) or n in gone:
                    continue
                tables = self._of(snapshot)
                if tables.changed or tables.untold:
                    found.snapshots.append(n)
                found.rows = {file.name: file.rows for file in tables.files}
                found.not_told += (f"{self.sandbox.name}, data snapshot {n}: {name}" for name in sorted(tables.untold))
            for build, provenance in builds_of_store(store):
                if self._is_affected(build, provenance, found):
                    found.builds.append(ErasedBuild(fingerprint=build.fingerprint, artifact=build.artifact))
                else:
                    found.others.add(build.artifact)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        return found

    def _looked_at(self, store: Store) -> None:
        """Remember what an earlier run recorded for this erasure: its tables may be gone by now."""
        for member in found_before(store):
            if (member.origin, member.erasure) == (self.tombstone.environment, self.tombstone.n):
                self._known |= {build.fingerprint for build in member.builds}
                self._seen |= set(member.snapshots)

    # --- tables ---

    def _of(self, snapshot: Snapshot) -> _Tables:
        key = tuple(table.digest for table in snapshot.tables)
        if key not in self._tables:
            self._tables[key] = self._searched(snapshot)
        return self._tables[key]

    def _searched(self, snapshot: Snapshot) -> _Tables:
        """Write the tables of a snapshot without the entity."""
        store = self.deps.stores[self.sandbox.name]
        untold = self._untold(snapshot)
        needed = {column.table for column in self.tombstone.columns}
        needed |= {each.table for each in self.tombstone.references}
        names = tuple(table.name for table in snapshot.tables if table.name in needed - untold)
        full = {file.name: file for file in data_snapshots.table_files(store, snapshot, names)}
        into = (self._folder or self.deps.scratch) / str(len(self._tables))
        into.mkdir()
        files = self._engine.erase(
            EraseRequest(
                tables=tuple(full.values()),
                erased=ErasedRows(key=self.key, entities=(self._entities(names),)),
                into=into,
                limits=self.sandbox.limits,
            )
        )
        changed = {file.name: file for file in files if file.rows}
        without = {
            name: replace(full[name], path=into / f"{name}.parquet", rows=file.left) for name, file in changed.items()
        }
        return _Tables(full=full, without=without, files=files, changed=frozenset(changed), untold=untold)

    def _entities(self, names: Iterable[str]) -> ErasedEntities:
        """Return the entity as the copies at hand may show it: as it is, and as a pseudonym."""
        there, tombstone = set(names), self.tombstone
        return ErasedEntities(
            table=tombstone.table,
            column=tombstone.column,
            digests=(tombstone.entity, *(digest for _, digest in tombstone.pseudonyms)),
            columns=tuple(each for each in tombstone.columns if each.table in there),
            references=tuple(each for each in tombstone.references if {each.table, each.to_table} <= there),
        )

    def _untold(self, snapshot: Snapshot) -> frozenset[str]:
        """Return the tables of which it cannot be told which rows are the entity's, as they were copied."""
        key = snapshot.declaration.mask_key if snapshot.declaration is not None else None
        known = {mask_key for mask_key, _ in self.tombstone.pseudonyms}
        untold = {
            each.table
            for each in self.tombstone.columns
            if (table := snapshot.table(each.table)) is not None and not _is_told(table, each.column, key, known)
        }
        for each in self.tombstone.references:
            table, other = snapshot.table(each.table), snapshot.table(each.to_table)
            if table is None:
                continue
            if other is None or not _is_joined(table, each.column) or not _is_joined(other, each.to_column):
                untold.add(each.table)
        while more := {each.table for each in self.tombstone.references if each.to_table in untold} - untold:
            untold |= more
        return frozenset(untold)

    @property
    def _engine(self) -> ErasureEngine:
        if self.deps.erasure is None:
            raise UsageError("this process cannot look for entities in tables")
        return self.deps.erasure

    # --- builds ---

    def _is_affected(self, build: Build, provenance: Provenance, found: Found) -> bool:
        store = self.deps.stores[self.sandbox.name]
        if build.fingerprint in self._known:
            return True
        try:
            snapshot = data_snapshots.numbered(store, provenance.snapshot)
            if not is_before(snapshot, self.tombstone):
                return False
            if snapshot.n in self._seen and not all(blobs.holds(store, table.digest) for table in snapshot.tables):
                return False  # it was selected again before its tables went
            tables = self._of(snapshot)
            if not (tables.changed or tables.untold):
                return False
            package = blobs.artifact(store, build.artifact)
            recipe = verification.recipe_in(store, package).recipe
            if tables.untold.intersection(recipe.tables):
                return True
            if not tables.changed.intersection(recipe.tables):
                return False
            memo = (build.recipe, tuple(table.digest for table in snapshot.tables), provenance.as_of)
            if memo not in self._affected:
                self._affected[memo] = self._selects_otherwise(recipe, snapshot, tables, provenance.as_of)
            return self._affected[memo]
        except ReconcilerError:
            # What it was made from is not whole, such as a snapshot that went with an earlier erasure.
            found.not_told.append(f"{self.sandbox.name}, build {short(build.fingerprint)} of {provenance.model}")
            return True

    def _selects_otherwise(self, recipe: Recipe, snapshot: Snapshot, tables: _Tables, as_of: str) -> bool:
        """Select the rows of a recipe with the entity and without it, and compare them."""
        store = self.deps.stores[self.sandbox.name]
        full = data_snapshots.table_files(store, snapshot, recipe.tables)
        without = tuple(tables.without.get(file.name, file) for file in full)
        if any(file.rows == 0 for file in without):
            return True
        return self._selected(recipe, full, as_of) != self._selected(recipe, without, as_of)

    def _selected(self, recipe: Recipe, tables: tuple[TableFile, ...], as_of: str) -> tuple[object, ...] | None:
        """Return what is selected, by digest; None where nothing can be."""
        into = (self._folder or self.deps.scratch) / f"select-{self.deps.new_id()}"
        into.mkdir()
        try:
            result = self.deps.data.select(
                SelectRequest(
                    recipe=recipe,
                    tables=tables,
                    as_of=as_of,
                    want=SelectionKind.FIT,
                    into=into,
                    limits=self.sandbox.limits,
                )
            )
            return _counts(result), *(digest_of_file(into / f"{name}.parquet") for name in ("train", "holdout", "keys"))
        except DataError:
            return None
        finally:
            shutil.rmtree(into, ignore_errors=True)


def _counts(result: SelectResult) -> SelectResult:
    """Return what an artifact keeps of a selection's result: what the checks found is a record beside it."""
    return replace(result, checks=None)


def _is_told(table: TableCopy, column: str, key: str | None, known: set[str]) -> bool:
    """Tell whether the values of a column of a copy can be compared with those of the entity."""
    done = _masked(table, column)
    if done is Treatment.PSEUDONYM:
        return key in known
    return done is None and any(each.name == column for each in table.columns)


def _is_joined(table: TableCopy, column: str) -> bool:
    """Tell whether the values of a column of a copy can be compared with those of another one."""
    return _masked(table, column) in (None, Treatment.PSEUDONYM) and any(each.name == column for each in table.columns)


def _masked(table: TableCopy, column: str) -> Treatment | None:
    return next((each.treatment for each in table.masked or () if each.column.lower() == column.lower()), None)


def artifacts_of(found: Iterable[Found]) -> Iterator[Digest]:
    """Yield the artifacts that learnt from the entity: none that a build which did not gave, too."""
    together = list(found)
    others = {artifact for each in together for artifact in each.others}
    affected = dict.fromkeys(build.artifact for each in together for build in each.builds)
    yield from (artifact for artifact in affected if artifact not in others)
