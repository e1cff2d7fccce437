"""An expression is one row-local scalar of our grammar; everything else is refused, with the reason and the place."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import pytest

from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_session import Session, open_session
from reconciler.data.expressions.parse import RefusedError, only_item, serialize
from reconciler.data.expressions.validate import Aggregate, Scalar, grammar, read_all
from reconciler.data.in_process import LocalExpressions
from reconciler.errors import DataError

# expression, part of the reason, position in characters
HOSTILE = [
    # reaching other rows or tables
    ("(select avg(days_late) from inv i2 where i2.customer_id = customer_id)", "subquery", 0),
    ("exists(select 1)", "subquery", 0),
    ("a in (select b from t)", "subquery", 5),
    ("a = any([1, 2])", "subquery", 0),
    ("avg(days_late) over (partition by customer_id)", "window", 0),
    ("1 + lead(days_late) over (order by due_date)", "window", 4),
    ("row_number() over ()", "window", 0),
    ("*", "`*` is not allowed", 0),
    ("b.*", "`*` is not allowed", 0),
    ("columns(*)", "`*` is not allowed", 8),
    ("inv.days_late", "without its table", 0),
    ("#1", "position", 0),
    ("1) , (select 2", "closes a bracket", 1),
    ("1) union select (2", "closes a bracket", 1),
    ("1) from inv where (true", "closes a bracket", 1),
    ("a\n) AS x FROM (select 1\n", "closes a bracket", 2),
    ("1) + (2", "closes a bracket", 1),
    ("a; drop table t", "one expression only", 1),
    ("a -- b", "comment", 2),
    ("a /* b */", "comment", 2),
    ("a union all select 2", 'syntax error at "union"', 2),
    ("a limit 1", "syntax error", 2),
    ("x'é'", "not an expression", None),
    ("%a", "% needs a value on each side", 0),
    ("a + (||b)", "|| needs a value on each side", 5),
    ("a b", 'syntax error at "b"', 2),
    ("a, b", "one value", 0),
    ("(a, b)", "one value", 0),
    ("[a, b]", "one value", 0),
    ("{'a': b}", "one value", 0),
    ("array[1]", "not allowed", 0),
    ("a[1]", "not allowed", 1),
    ("unnest([1])", "unnest", 0),
    # the clock, chance, the session
    ("today()", "as_of", 0),
    ("now()", "as_of", 0),
    ("due_date - current_date", "as_of", 11),
    ("current_timestamp", "as_of", 0),
    ("current_localtimestamp", "as_of", 0),
    ("localtime", "as_of", 0),
    ('"current_date"', "as_of", 0),
    ("CURRENT_DATE", "as_of", 0),
    ("age(due_date)", "as_of", 0),
    ("random()", "random", 0),
    ("uuid()", "uuid", 0),
    ("gen_random_uuid()", "gen_random_uuid", 0),
    ("current_user", "not a column", 0),
    ("session_user", "not a column", 0),
    ("current_schema", "not a column", 0),
    ("rowid", "not a column", 0),
    ("current_setting('allowed_paths')", "current_setting", 0),
    ("getvariable('x')", "getvariable", 0),
    ("getenv('HOME')", "getenv", 0),
    ("duckdb_settings()", "duckdb_settings", 0),
    ("duckdb_views()", "duckdb_views", 0),
    ("nextval('s')", "nextval", 0),
    ("txid_current()", "txid_current", 0),
    # time, memory, text of our choice in an error
    ("pg_sleep(10)", "pg_sleep", 0),
    ("repeat('x', 1000000000)", "repeat", 0),
    ("lpad('x', 1000000000, 'y')", "lpad", 0),
    ("format('{:>1000000000}', a)", "format", 0),
    ("printf('%1000000000d', 1)", "printf", 0),
    ("range(1000000000)", "range", 0),
    ("error(email)", "error", 0),
    # files
    ("read_text('/etc/passwd')", "read_text", 0),
    ("read_csv('x.csv')", "read_csv", 0),
    ("read_blob('x')", "read_blob", 0),
    ("glob('*')", "glob", 0),
    ("parse_path('x')", "parse_path", 0),
    ("json_extract(a, 'b')", "json_extract", 0),
    ("a ->> 'b'", "->>", 0),
    # forms
    ("x -> x + 1", "lambda", 0),
    ("list_transform([1], lambda x: x)", "not a function that an expression may use", 0),
    ("$1", "parameter", 0),
    ("?", "parameter", 0),
    ("$$a$$", "parameter", 0),
    ("default", "default", 0),
    ("name collate nocase", "collation", 0),
    ("try(a / 0)", "try", 0),
    ("x'00'", "constant", 0),
    ("lower(x := a)", "by position", 0),
    ("main.lower(a)", "without a schema", 0),
    ("system.main.lower(a)", "without a schema", 0),
    ("a.lower()", "without a schema", 0),
    ("abs(distinct a)", "not an aggregate", 0),
    ("abs(a) filter (where b)", "not an aggregate", 0),
    ("a::date[]", "cast", 1),
    ("a::struct(x int)", "cast", 1),
    ("a::json", "cast", 1),
    ("a::blob", "cast", 1),
    ("a::timestamptz", "cast", 1),
    ("a at time zone 'UTC'", "timezone", 0),
    ("grouping(a)", "not allowed", 0),
    ('"a b" + 1', "valid column name", 0),
    ("größe > 1", "valid column name", 0),
    ("'ä' || b || foo(c)", "foo", 12),
    # aggregates outside past
    ("coalesce(avg(a), 0)", "only a feature of past", 9),
    ("sum(a) / count(*)", "only a feature of past", 0),
    ("avg(sum(a))", "only a feature of past", 4),
    ("avg(a order by b)", "no ORDER BY", 0),
    ("count(distinct a)", "distinct", 0),
    ("sum(a, b)", "one argument", 0),
    ("var_samp(a)", "unsupported aggregate", 0),
    ("arg_max(a, b)", "unsupported aggregate", 0),
    ("avg((select 1))", "subquery", 4),
    ("avg(a) filter (where b > avg(c))", "only a feature of past", 25),
    # text
    ("", "empty", 0),
    (" \n ", "empty", 0),
    ("'abc", "unterminated", 0),
    ("a +", "too early", 3),
    ("(a", "not closed", 2),
    ("a\u202e + 1", "U+202E", 1),
    ("a\u200b", "U+200B", 1),
    ("a\x00", "U+0000", 1),
    ("a = '\ud800'", "U+D800", 5),
    ("a + " * 600 + "a", "longer than", 2000),
    ("a" + "+a" * 300, "nested", None),
    ("(" * 100 + "a" + ")" * 100, "nested", 60),
    ("not " * 300 + "a", "nested", None),
    ("nullif(nullif(a, 1), 2)", "inside nullif", 0),
    ("split_part(split_part(a, '-', 1), '/', 2)", "inside split_part", 0),
    ("123456789012345678901234567890123456789012345", "constant", 0),
]


@pytest.mark.parametrize(("text", "reason", "position"), HOSTILE)
def test_hostile_expressions_are_refused_with_reason_and_position(text: str, reason: str, position: int | None) -> None:
    parsed = LocalExpressions().parse([text])[text]
    assert parsed.refused is not None
    assert reason in parsed.refused
    assert parsed.columns == ()
    if position is not None:
        assert parsed.position == position


ACCEPTED = [
    ("date_diff('day', due_date, coalesce(paid_date, as_of))", ("due_date", "paid_date", "as_of")),
    ("due_date + interval 31 day", ("due_date",)),
    ("invoice_amount >= 50 and customer_group <> 'INTERCOMPANY'", ("invoice_amount", "customer_group")),
    ("paid_date is null", ("paid_date",)),
    ("(days_late > 0)::int", ("days_late",)),
    ("a between 1 and 2 or not b in ('x', 'y;--')", ("a", "b")),
    ("case when a like 'x%' then 1 when b ilike '%y' then 2 else null end", ("a", "b")),
    ("case a when 1 then 'one' else 'more' end", ("a",)),
    ("extract(year from d) - year(e)", ("d", "e")),
    ("try_cast(a as decimal(10, 2)) // 2 ** 3 % 4", ("a",)),
    ("if(a is not distinct from b, -1, nullif(c, 0))", ("a", "b", "c")),
    ("amount / nullif(terms, 0)", ("amount", "terms")),
    ("'it''s' || x || \"user\"", ("x", "user")),
    ("regexp_matches(a, '^[0-9]+$') is true", ("a",)),
    ("split_part(account, '-', 2)", ("account",)),
    ("interval '3 days' + d", ("d",)),
    ("date '2024-02-29' + 1", ()),
    ("1_000 + 1.5e3 - .5", ()),
    ("a + a", ("a",)),
]


@pytest.mark.parametrize(("text", "columns"), ACCEPTED)
def test_row_local_scalars_are_accepted_with_the_columns_they_name(text: str, columns: tuple[str, ...]) -> None:
    parsed = LocalExpressions().parse([text])[text]
    assert parsed.refused is None
    assert parsed.columns == columns
    assert parsed.aggregate is False


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("count(*)", ()),
        ("count()", ()),
        ("COUNT(a)", ("a",)),
        ("avg((days_late > 0)::int)", ("days_late",)),
        ("sum(a) filter (where b > 1 and c)", ("a", "b", "c")),
        ("(median(a))", ("a",)),
        ("bool_or(a = 1)", ("a",)),
    ],
)
def test_one_listed_aggregate_is_a_feature_of_past(text: str, columns: tuple[str, ...]) -> None:
    parsed = LocalExpressions().parse([text])[text]
    assert parsed.refused is None
    assert parsed.aggregate is True
    assert parsed.columns == columns


def test_a_batch_answers_each_distinct_text_once_in_order() -> None:
    texts = ["b + 1", "random()", "a", "b + 1", "avg(a)"]
    assert list(LocalExpressions().parse(texts)) == ["b + 1", "random()", "a", "avg(a)"]
    assert LocalExpressions().parse([]) == {}


@pytest.mark.parametrize("text", [text for text, _ in ACCEPTED])
def test_what_runs_means_what_was_written(text: str) -> None:
    """The SQL written anew is parsed to the same tree again: nothing is lost or changes its binding strength."""
    (scalar,) = read_all([text]).values()
    assert isinstance(scalar, Scalar)
    (again,) = read_all([scalar.sql]).values()
    assert isinstance(again, Scalar)
    assert again == scalar


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("- 2 ** 2", 4.0),
        ("not true or true", True),
        ("not (true or true)", False),
        ("10 - 4 - 3", 3),
        ("7 // 2 * 2", 6),
        ("'a' || 'b' = 'ab' and 1 < 2", True),
        ("case when null then 1 else 2 end", 2),
        ("1 in (2, 3) or 3 not in (1, 2)", True),
        ("nullif(1, 1) is null", True),
        ("if(1 > 2, 'x', 'y')", "y"),
        ("5 between 1 and 3 + 2", True),
        ("'x%' like 'x|%'", False),
        ("split_part('a-b', '-', 2)", "b"),
        ("date '2024-01-31' + interval 1 month > date '2024-02-28'", True),
    ],
)
def test_the_value_is_that_of_the_text(text: str, expected: object) -> None:
    (scalar,) = read_all([text]).values()
    assert isinstance(scalar, Scalar)
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {scalar.sql}, ({text})").fetchone()
    assert row is not None
    assert row[0] == expected == row[1]


def test_every_function_of_the_list_is_deterministic_and_has_no_side_effect() -> None:
    """By DuckDB's own catalogue; macros only where we know that they repeat their arguments."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT function_name, list(DISTINCT function_type), bool_or(has_side_effects),"
            " list(DISTINCT stability) FROM duckdb_functions() GROUP BY 1"
        ).fetchall()
    known = {name: (set(kinds), effects, set(stability)) for name, kinds, effects, stability in rows}
    for name in grammar.FUNCTIONS:
        kinds, effects, stability = known[name]
        if "macro" in kinds:
            assert name in {"if", "nullif", "split_part"}
            continue
        assert "scalar" in kinds, name
        assert not effects, name
        assert stability <= {"CONSISTENT"}, name


def test_no_function_of_the_list_can_make_long_text_of_short() -> None:
    for name in ("repeat", "lpad", "rpad", "format", "printf", "list_value", "range", "bar", "hash", "error", "age"):
        assert name not in grammar.FUNCTIONS


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{outside}')",
        "SELECT * FROM read_text('{outside}')",
        "SELECT * FROM read_blob('{outside}')",
        "SELECT * FROM read_parquet('{outside}')",
        "SELECT * FROM sniff_csv('{outside}')",
        "SELECT * FROM glob('{outside}')",
        "SELECT * FROM '{outside}'",
        "COPY (SELECT 1) TO '{outside}'",
        "COPY (SELECT 1) TO '{into}/../escaped.csv'",
        "ATTACH '{outside}' AS other",
        "EXPORT DATABASE '{outside}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 4",
        "SET TimeZone = 'Asia/Tokyo'",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET GLOBAL memory_limit = '100GB'",
        "PRAGMA database_list; ATTACH '{outside}'",
        "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    ],
)
def test_the_session_reaches_no_file_extension_or_setting(statement: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a,b\n1,2\n")
    into = tmp_path / "into"
    into.mkdir()
    with open_session(limits=Limits(seconds=60), into=into, inputs=()) as session:
        error = _refusal(session, statement.format(outside=outside, into=into))
        assert str(outside) not in str(error)
        assert session.value("SELECT current_setting('TimeZone') || current_setting('threads')", doing="x") == "UTC1"


def _refusal(session: Session, statement: str) -> DataError:
    with pytest.raises(DataError) as caught:
        session.run(statement, doing="trying")
    return caught.value


def test_a_statement_ends_at_the_time_limit() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_session(limits=Limits(seconds=1), into=Path(folder), inputs=()) as session,
    ):
        with pytest.raises(DataError, match=r"out of time \(limit 1 s\)") as caught:
            session.rows("SELECT count(*) FROM range(1000000000000) a, range(1000) b", doing="counting")
        assert caught.value.code == "E418"
        with pytest.raises(DataError, match="out of time"):
            session.rows("SELECT 1", doing="going on")


def test_an_error_of_the_engine_names_its_class_and_never_its_text() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_session(limits=Limits(seconds=60), into=Path(folder), inputs=()) as session,
        pytest.raises(DataError) as caught,
    ):
        session.rows("SELECT CAST('canary-7731' AS INTEGER)", doing="reading")
    assert str(caught.value) == "E413 reading: a value cannot be converted to the type asked for"
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text", ["a\n) AS x FROM (select 1\n", "1) , (select 2", "1) union select (2", "a) AS x; SELECT (b"]
)
def test_the_tree_is_that_of_one_plain_select_even_if_the_text_were_not_looked_at(text: str) -> None:
    (tree,) = serialize([text])
    with pytest.raises(RefusedError):
        only_item(text, tree)


def test_an_aggregate_is_read_into_its_parts() -> None:
    (found,) = read_all(["sum(a + 1) filter (where b)"]).values()
    assert found == Aggregate(function="sum", argument='("a" + 1)', filter='"b"', columns=("a", "b"))
    (other,) = read_all(["avg(a) + 1"]).values()
    assert isinstance(other, RefusedError)
