"""List the functions, operators, aggregates and types that an expression may use. No behaviour.

Every function here is deterministic, reads its arguments only, and gives one scalar whose size is bounded by that of
its arguments (so no `repeat`, `lpad` or `format`: a width is not bounded). Regular expressions run in RE2, in time
linear in their input. What depends on the clock, the session, a file, a setting, a table or an ICU time zone is absent.
"""

from __future__ import annotations

MAX_LENGTH = 2_000  # characters
MAX_DEPTH = 100  # nested nodes; also the number of terms in one chain of + or ||
MAX_BRACKETS = 60

_DATE = """
    century date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth
    dayofweek dayofyear decade epoch epoch_ms era hour isodow isoyear julian last_day make_date make_timestamp
    microsecond millennium millisecond minute month monthname quarter second strftime strptime try_strptime
    time_bucket to_days to_months to_years to_weeks to_hours to_minutes to_seconds to_quarters week weekday weekofyear
    year yearweek
"""
_TEXT = """
    ascii bit_length char_length character_length chr concat concat_ws contains damerau_levenshtein ends_with instr
    hamming jaccard jaro_similarity jaro_winkler_similarity lcase left length levenshtein lower ltrim nfc_normalize ord
    position prefix regexp_extract regexp_full_match regexp_matches regexp_replace replace reverse right rtrim
    split_part starts_with strip_accents strlen strpos substr substring suffix translate trim ucase unicode upper
"""
_NUMBER = """
    abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees even exp floor gcd greatest isfinite isinf isnan lcm
    least ln log log10 log2 mod pi pow power radians round round_even sign signbit sin sqrt tan trunc
"""
FUNCTIONS = frozenset([*_DATE.split(), *_TEXT.split(), *_NUMBER.split(), "if", "nullif"])
# DuckDB defines these as macros that repeat their arguments: never one inside another.
ONCE = frozenset(["nullif", "split_part"])

BINARY = frozenset(["+", "-", "*", "/", "//", "%", "**", "^", "||", "~~", "!~~", "~~*", "!~~*", "^@"])
UNARY = frozenset(["+", "-"])

COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}

# Each can be kept up to date row by row, in an order that is total, without depending on how sums are grouped.
AGGREGATES = frozenset(["count", "count_star", "sum", "avg", "min", "max", "median", "stddev", "bool_and", "bool_or"])
# Other aggregates that SQL users know: rejected with a reason of their own.
_OTHERS = """
    any_value approx_count_distinct approx_quantile arg_max arg_min array_agg avg_if bit_and bit_or bit_xor corr
    count_if countif covar_pop covar_samp entropy favg first fsum geomean group_concat histogram kurtosis last list
    listagg mad max_by mean min_by mode product quantile quantile_cont quantile_disc regr_slope reservoir_quantile
    sem skewness stddev_pop stddev_samp string_agg sum_no_overflow var_pop var_samp variance
"""
OTHER_AGGREGATES = frozenset(_OTHERS.split())

TYPES = {
    "BIGINT": "BIGINT",
    "BOOL": "BOOLEAN",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
    "DECIMAL": "DECIMAL",
    "DOUBLE": "DOUBLE",
    "FLOAT": "DOUBLE",
    "FLOAT8": "DOUBLE",
    "HUGEINT": "HUGEINT",
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "INTEGER": "INTEGER",
    "INTERVAL": "INTERVAL",
    "LONG": "BIGINT",
    "NUMERIC": "DECIMAL",
    "REAL": "DOUBLE",
    "SMALLINT": "INTEGER",
    "STRING": "VARCHAR",
    "TEXT": "VARCHAR",
    "TIMESTAMP": "TIMESTAMP",
    "VARCHAR": "VARCHAR",
}

# Words that DuckDB's parser reads as columns and its engine as the clock, the session or the physical row.
_WORDS = """
    current_catalog current_database current_date current_localtime current_localtimestamp current_query current_role
    current_schema current_setting current_time current_timestamp current_user localtime localtimestamp rowid
    session_user system_user today now get_current_time get_current_timestamp transaction_timestamp
"""
NOT_COLUMNS = frozenset(_WORDS.split())
CLOCKS = frozenset(name for name in NOT_COLUMNS if "time" in name or name in ("current_date", "today", "now"))

# Class of a node -> why an expression may not contain it.
REFUSED_NODES = {
    "SUBQUERY": "a subquery is not allowed: an expression reads one row",
    "WINDOW": "a window function is not allowed: an expression reads one row",
    "STAR": "`*` is not allowed: name the columns",
    "LAMBDA": "a lambda is not allowed",
    "PARAMETER": "a parameter is not allowed",
    "COLLATE": "a collation is not allowed",
    "DEFAULT": "`default` is not allowed",
    "POSITIONAL_REFERENCE": "a column by position is not allowed: name it",
}

# Class of a node -> its keys that may hold a value.
NODE_KEYS = {
    "COLUMN_REF": {"column_names"},
    "CONSTANT": {"literal"},
    "COMPARISON": {"left", "right"},
    "CONJUNCTION": {"children"},
    "OPERATOR": {"children"},
    "CASE": {"case_checks", "else_expr"},
    "CAST": {"child", "type_expr", "try_cast"},
    "BETWEEN": {"input", "lower", "upper"},
    "FUNCTION": {"function_name", "arguments", "is_operator", "qualified_name", "order_bys", "filter", "distinct"},
    "TYPE": {"type_name", "children", "qualified_name"},
}
EVERY_NODE = frozenset({"class", "type", "alias", "query_location", "query_location_length"})
