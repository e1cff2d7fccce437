"""Copy tables as a refresh does, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.tables.snapshot import copy_tables
from reconciler.ports import ContractChecks, CopyRequest, Secret, TableFile

LIMITS = Limits(seconds=300, memory=1024**3)
URL = "env:ERP_URL"


def copied(
    root: Path,
    tables: dict[str, Table],
    *,
    url: str | None = None,
    held: dict[str, dict[str, str]] | None = None,
    checks: ContractChecks | None = None,
) -> dict[str, TableFile]:
    """Return the copies by name; `url`: the secret that `URL` stands for."""
    into = root / f"copies-{len(list(root.iterdir()))}"
    into.mkdir()
    request = CopyRequest(
        root=root,
        tables=tuple(tables.items()),
        held=tuple((name, tuple(types.items())) for name, types in (held or {}).items()),
        into=into,
        limits=LIMITS,
        checks=checks,
        secrets=(Secret(reference=URL, value=url),) if url is not None else (),
    )
    copies = copy_tables(request)
    assert {path.name for path in into.iterdir()} <= {copy.path.name for copy in copies}, "nothing else is left"
    return {copy.name: copy for copy in copies}


def rows(copy: TableFile) -> list[tuple[Any, ...]]:
    """Return the rows of a copy."""
    import pyarrow.parquet as pq

    return [tuple(row.values()) for row in pq.read_table(copy.path).to_pylist()]


def types(copy: TableFile) -> dict[str, str]:
    """Return the type of each column of a copy."""
    return {column.name: column.type for column in copy.columns}
