"""Write tables and prediction logs without the rows of entities, and make the digests of a value.

Keeps true: nothing of a value is in a result; a file that holds no such row is not written, and of one that does, the
other rows are written in their order.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace

from reconciler.data.duckdb_session import Session, name_of, open_session, text_of, write_parquet
from reconciler.data.erasure.rows_of_entities import RowsOfEntities, columns_of_parquet, entity_digest
from reconciler.data.masking.pseudonyms import pseudonym_of, text_form
from reconciler.ports import EntityDigests, EntityRequest, ErasedFile, EraseRequest, PredictionFile


def digests(request: EntityRequest) -> EntityDigests:
    """Return the keyed digests of a value: of its text as the column's type would write it, where it has one."""
    key = bytes.fromhex(request.key)
    with open_session(limits=request.limits, into=request.scratch, inputs=()) as session:
        text, doing = request.value, "reading the value"
        if request.kind not in (None, "VARCHAR"):
            value = f"TRY_CAST({text_of(text.strip())} AS {request.kind})"
            text = session.value(f"SELECT {text_form(value, request.kind or '')}", doing=doing) or text
        entity = entity_digest(request.table, request.column, text, key)
        if request.mask_key is None:
            return EntityDigests(entity=entity)
        masked = session.value(f"SELECT {pseudonym_of(text_of(text), bytes.fromhex(request.mask_key))}", doing=doing)
    return EntityDigests(entity=entity, pseudonym=entity_digest(request.table, request.column, masked, key))


def erase(request: EraseRequest) -> tuple[ErasedFile, ...]:
    """Write what the request asks for; DataError E455 where a table lacks a column that leads to the entities."""
    into, tables = request.into.resolve(), {table.name: table for table in request.tables}
    rows, done, gone = RowsOfEntities(erased=request.erased), [], dict[str, tuple[str, str]]()
    paths = tuple(table.path.resolve() for table in request.tables)
    with open_session(limits=request.limits, into=into, inputs=paths) as session:
        for name in rows.in_order(tables):
            relation = f"read_parquet({text_of(str(tables[name].path.resolve()))})"
            types = {column.name: column.type for column in tables[name].columns}
            condition = rows.condition(session, relation, name, columns_of_parquet(types))
            if condition is None:
                done.append(ErasedFile(name=name, rows=0, left=tables[name].rows))
                continue
            gone[name] = relation, condition
            # A value may be missing, whatever the file's metadata count: bytes are those of a copy without the rows.
            items = ", ".join(
                f"(CASE WHEN {each} IS NOT NULL THEN {each} END) AS {each}" for each in map(name_of, types)
            )
            write_parquet(session, f"SELECT {items} FROM {relation} WHERE NOT ({condition})", into / f"{name}.parquet")
            count = session.value(f"SELECT count(*) FROM {relation} WHERE {condition}", doing="counting rows")
            done.append(ErasedFile(name=name, rows=count, left=tables[name].rows - count))
        for position, log in enumerate(request.logs):
            keys = _keys(session, log, gone.get(log.table))
            done.append(_rewrite(log, keys, replace(request, into=into), position))
    return tuple(done)


def _keys(session: Session, log: PredictionFile, gone: tuple[str, str] | None) -> frozenset[str]:
    """Return the keys of the rows that went, as predictions write them."""
    if gone is None:
        return frozenset()
    key = f"CAST({name_of(log.column)} AS VARCHAR)"
    found = session.rows(f"SELECT {key} FROM {gone[0]} WHERE {gone[1]}", doing="looking for keys")
    return frozenset(value for (value,) in found)


def _rewrite(log: PredictionFile, keys: Iterable[str], request: EraseRequest, position: int) -> ErasedFile:
    """Write a prediction log without the rows of these keys."""
    gone, name = frozenset(keys), str(position)
    with log.path.open(newline="", encoding="utf-8") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        lines = list(reader)
    kept = [line for line in lines if not line or not gone.intersection((line[0], line[0].removeprefix("'")))]
    if len(kept) < len(lines):
        with (request.into / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header, *kept])
    return ErasedFile(name=name, rows=len(lines) - len(kept), left=len(kept))
