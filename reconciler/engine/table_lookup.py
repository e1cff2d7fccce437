"""Look up the columns of declared tables, each once: in a table's header, else in the newest data snapshot of it.

What a training will read is checked before: the data snapshot that it uses, or the tables that a refresh will copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import bodies_at, column_problems, environment_path
from reconciler.engine.needed_secrets import ReadSecret, is_unset
from reconciler.errors import DataError, InvalidManifestsError, Problem
from reconciler.manifest.loading import load as manifest
from reconciler.ports import HeaderRequest, Secret, TableHeader, TableHeaders


@dataclass(slots=True, kw_only=True)
class HeaderLookup:
    """Implements ports.TableLookup. `secret` reads what a reference names; `newest` returns the newest data snapshot of
    a sandbox, None where it has none that can be read here; `unknown` collects (environment, table, file) of what could
    not be looked up."""

    headers: TableHeaders
    data_root: Path
    secret: ReadSecret
    newest: Callable[[Environment], Snapshot | None]
    unknown: dict[tuple[str, str], str] = field(default_factory=dict)
    _known: dict[tuple[str, str], tuple[str, ...] | DataError | None] = field(default_factory=dict)
    _texts: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def columns(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...] | None:
        key = (environment.name, table)
        if key not in self._known:
            try:
                self._known[key] = self._columns(desired, environment, table)
            except DataError as error:
                self._known[key] = error
        if isinstance(known := self._known[key], DataError):
            raise known
        return known

    def texts(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...]:
        del desired
        return self._texts.get((environment.name, table), ())

    def notes(self) -> tuple[str, ...]:
        """Say which tables' columns could not be looked up, one line per environment."""
        tables: dict[str, list[str]] = {}
        elsewhere: dict[tuple[str, str], list[str]] = {}
        for (environment, table), path in sorted(self.unknown.items()):
            if path.startswith(prefix := f"table {table}: "):
                elsewhere.setdefault((environment, path.removeprefix(prefix)), []).append(table)
            else:
                tables.setdefault(environment, []).append(f"{table} ({path})")
        return tuple(
            f"the columns of {environment}'s {', '.join(names)} were not looked up: no such file on this machine; "
            "--data-root names the folder that table paths start from"
            for environment, names in tables.items()
        ) + tuple(
            f"the columns of {environment}'s {', '.join(names)} were not looked up: {reason}"
            for (environment, reason), names in elsewhere.items()
        )

    def _columns(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...] | None:
        declared = environment.data.table(table)
        if declared is None:
            return None
        header = header_of(self.headers, self.secret, HeaderRequest(root=self.data_root, name=table, table=declared))
        if header.columns is not None:
            self._texts[environment.name, table] = header.texts
            return header.columns
        for sandbox in desired.environments:
            if sandbox.trains and (sandbox.data.copy_from or sandbox.name) == environment.name:
                snapshot = self.newest(sandbox)
                if snapshot is not None and (copy := snapshot.table(table)) is not None:
                    return tuple(column.name for column in copy.columns)
        self.unknown[environment.name, table] = header.unknown or declared.path
        return None


def header_of(headers: TableHeaders, secret: ReadSecret, request: HeaderRequest) -> TableHeader:
    """Return the columns of a table; they are unknown, too, where the secret that it refers to is not set."""
    if (reference := request.table.url) is None:
        return headers.header(request)
    if not (value := secret(reference)):
        return TableHeader(columns=None, unknown=f"table {request.name}: {is_unset(reference)}")
    return headers.header(replace(request, secrets=(Secret(reference=reference, value=value),)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingTables:
    """The tables that the trainings of a sandbox will read. `snapshot`: the one in use, None while a refresh is due."""

    deps: Dependencies
    desired: DesiredState
    environment: Environment
    snapshot: Snapshot | None
    lookup: HeaderLookup

    def check(self, model: Model) -> None:
        """Raise InvalidManifestsError where a model names a column that its tables do not have, or a table that a
        refresh would copy cannot be read as it is declared."""
        tables: dict[str, tuple[str, ...]] = {}
        origin = self.desired.environment(self.environment.data.copy_from or self.environment.name)
        for name in model.recipe.tables:
            if self.snapshot is not None:
                copy = self.snapshot.table(name)
                columns = tuple(column.name for column in copy.columns) if copy is not None else None
            else:
                columns = self._header(origin, name) if origin is not None else None
            if columns is not None:
                tables[name] = columns
        expressions, revision = self.deps.expressions, self.desired.revision
        if expressions is None:
            return
        if problems := column_problems(self.deps.source, expressions, model, tables, revision=revision):
            raise InvalidManifestsError(problems)

    def _header(self, origin: Environment, table: str) -> tuple[str, ...] | None:
        try:
            return self.lookup.columns(self.desired, origin, table)
        except DataError as error:
            path, place = environment_path(origin.name), ("spec", "data", "tables", table)
            files = bodies_at(self.deps.source, self.desired.revision or "", (path,))
            problem = Problem(
                code=error.code or "E401",
                message=error.message.removeprefix(f"table {table}: "),
                where=manifest.position(files, path, place),
                field=".".join(place),
                hint=error.hint,
            )
            raise InvalidManifestsError((problem,)) from None


def training_tables(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    *,
    snapshot: Snapshot | None,
    newest: Snapshot | None,
) -> TrainingTables | None:
    """Return what checks the columns of models to train; None where this process reads no headers."""
    if deps.headers is None or deps.expressions is None:
        return None
    lookup = HeaderLookup(
        headers=deps.headers,
        data_root=deps.data_root,
        secret=deps.secret,
        newest=lambda sandbox: newest if sandbox.name == environment.name else None,
    )
    return TrainingTables(deps=deps, desired=desired, environment=environment, snapshot=snapshot, lookup=lookup)
