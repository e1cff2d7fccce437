"""Find the columns of a table that look personal, by name and by a sample of their values.

Takes: the columns of a copy that no mask covers and no reason excuses. Gives: which of them look like what, and the
share of the sampled rows that do; never a value. A column whose name promises personal data is found unless its values
cannot be that; any other column only if its values look so by themselves.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or comes from a checked declaration.
# ruff: noqa: S608

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from reconciler.core.artifact.data_snapshot import PersonalColumn
from reconciler.data.duckdb_session import COLUMNS_PER_QUERY, Session, in_parts, name_of
from reconciler.data.masking import personal_shapes as shapes
from reconciler.data.masking.copied import Copied
from reconciler.data.masking.personal_names import PersonalKind, is_name_alone, kind_by_name

SAMPLED_ROWS = 10_000
MOST_VALUES = 1_000  # distinct values of a column that are looked at, the most frequent first
_LONGEST = 200  # signs of a value that are looked at

Test = Callable[[str], bool]

# Share of a column's rows from which its values alone make it personal; e-mail addresses and accounts are hard to be
# by chance, names are easy.
_BY_VALUES: tuple[tuple[PersonalKind, Test, float], ...] = (
    (PersonalKind.EMAIL, shapes.is_email, 0.02),
    (PersonalKind.ACCOUNT, shapes.is_account, 0.5),
    (PersonalKind.TAX, shapes.is_tax_number, 0.6),
    (PersonalKind.PHONE, shapes.is_phone, 0.6),
    (PersonalKind.ADDRESS, shapes.is_address, 0.3),
    (PersonalKind.NAME, shapes.is_person, 0.25),
)
_BY_NAME: dict[PersonalKind, tuple[Test, float]] = {
    PersonalKind.EMAIL: (shapes.is_email, 0.02),
    PersonalKind.PHONE: (lambda text: shapes.is_phone(text, named=True), 0.3),
    PersonalKind.NAME: (shapes.is_name_like, 0.3),
    PersonalKind.ADDRESS: (lambda text: any(sign.isalnum() for sign in text), 0.3),
    PersonalKind.BIRTH: (lambda text: shapes.is_birth_date(text, shapes.year_now()), 0.5),
    PersonalKind.ACCOUNT: (lambda text: shapes.is_account(text) or len(text) >= 8, 0.3),
    PersonalKind.TAX: (lambda text: shapes.is_tax_number(text, named=True), 0.3),
}
_FEW = 5  # distinct values, in many rows: a category, whatever its name


def personal_columns(
    session: Session, source: str, columns: Sequence[Copied], *, table: str
) -> tuple[PersonalColumn, ...]:
    """Return the columns that look personal in the first rows of `source`."""
    found: list[PersonalColumn] = []
    for part in in_parts([column for column in columns if column.kind != "BOOLEAN"], COLUMNS_PER_QUERY):
        items = ", ".join(f"CAST({column.cell} AS VARCHAR) AS {name_of(column.name)}" for column in part)
        limited = f"SELECT {items} FROM (SELECT * FROM {source} LIMIT {SAMPLED_ROWS})"
        rows = session.rows(limited, doing=f"looking for personal data in table {table}")
        for index, column in enumerate(part):
            values = Counter(row[index][:_LONGEST] for row in rows if row[index] is not None)
            found += judge(table, column.name, column.kind, values)
    return tuple(found)


def judge(table: str, column: str, kind: str, values: Counter[str]) -> Iterator[PersonalColumn]:
    """Yield what a column looks like, if anything, by its name, its DuckDB type and its sampled values."""
    looked_at = values.most_common(MOST_VALUES)
    rows = sum(count for _, count in looked_at)
    if not rows:
        return

    def share(test: Test) -> float:
        return sum(count for text, count in looked_at if test(text.strip())) / rows

    promised = kind_by_name(column)
    category = len(values) <= _FEW and rows >= 10 * _FEW
    if promised is not None and not category:
        test, least = _BY_NAME[promised]
        if _possible(promised, kind) and (part := share(test)) >= least:
            yield _found(table, column, promised, part)
            return
    if kind != "VARCHAR" or category:
        return
    for looks, test, least in _BY_VALUES:
        if (part := share(test)) >= least:
            yield _found(table, column, looks, part)
            return
    if is_name_alone(column) and (part := share(shapes.is_first_name)) >= _BY_VALUES[-1][2]:
        yield _found(table, column, PersonalKind.NAME, part)


def _possible(promised: PersonalKind, kind: str) -> bool:
    """Tell whether values of a type can be what a name promises."""
    if kind in ("DATE", "TIMESTAMP"):
        return promised is PersonalKind.BIRTH
    if kind in ("DOUBLE", "BIGINT") or kind.startswith("DECIMAL"):
        return promised in (PersonalKind.PHONE, PersonalKind.BIRTH, PersonalKind.TAX, PersonalKind.ACCOUNT)
    return True


def _found(table: str, column: str, looks: PersonalKind, share: float) -> PersonalColumn:
    return PersonalColumn(table=table, column=column, looks_like=looks.value, share=round(share, 2))
