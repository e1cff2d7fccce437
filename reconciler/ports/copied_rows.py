"""Which rows of tables are copied: those of sampled entities, and none of those that are forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.core.erasure.referring import FollowedReference, ReferringColumn
from reconciler.core.spec.data import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledRows:
    """The entities whose rows are copied. `columns`: (table, column) by which a table refers to an entity; of another
    table it is the column of the entity's own name, and a table without it is copied whole."""

    entity: Sample
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedEntities:
    """Entities of one column, `table.column`, whose rows are left out, and what leads to them. `digests`: the keyed
    digests of their values as the tables at hand show them."""

    table: str
    column: str
    digests: tuple[str, ...]
    columns: tuple[ReferringColumn, ...]
    references: tuple[FollowedReference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedRows:
    """The entities whose rows are left out of tables. `key`: of their digests, in hexadecimal digits, for the worker
    only; it is no part of any text."""

    entities: tuple[ErasedEntities, ...]
    key: str = field(repr=False)
