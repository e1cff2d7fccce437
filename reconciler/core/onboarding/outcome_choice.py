"""Choose the column of an unknown table that a first model predicts: a guess, unless the author names it.

Names come first, those that say outright what is to be predicted before those that may; then a last column of two
values, which is how such tables are written; then an amount that people predict, such as a price; then the last column
that can be one. A column that is the outcome by its name and cannot be predicted is told, and none is taken instead.
"""

from __future__ import annotations

import re

from reconciler.core.names import visible
from reconciler.core.onboarding.column_roles import IDENTITY
from reconciler.core.onboarding.table_profile import ColumnProfile, TableProfile
from reconciler.core.spec.recipe import Outcome, OutcomeClass, Window
from reconciler.errors import UsageError

MOST_CLASSES = 20
FEWEST_OF_A_CLASS = 10  # rows, of which about two are held out
MOST_NUMBERS = 10  # a column of whole numbers with at most this many values is taken for classes

_CAN_BE = f"an outcome is a number, or has 2 to {MOST_CLASSES} values, and is not the key"
_GUESS = "choose another with --outcome COLUMN"
_EVENTS = (
    r"churn(ed)?|default(ed)?(_payment)?(_next_month)?|surviv(ed|al)|fraud(ulent)?|convert(ed|s)?|conversion|returned"
    r"|attrition|approv(ed|al)|bought|purchased?|subscribed|cancell?ed|cancell?ation|exited|clicked|responded|spam"
)
_BY_NAME = tuple(  # the surest first
    re.compile(pattern)
    for pattern in (
        r"target|label|outcome|y|response|ground_truth|.*_(target|label|outcome|class)",
        rf"((is|has|was|will|did)_)?({_EVENTS})(_flag|_yn)?|(loan|application)_status",
        r"class|species|variety|diagnosis",
    )
)
_OUTRIGHT = _BY_NAME[:2]
_AMOUNTS = re.compile(r"((sale|sales|selling)_?)?price|income|quality")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def outcome_of(profile: TableProfile, key: str, wanted: str | None) -> tuple[ColumnProfile, str]:
    """Return the column to predict, and the reason. `wanted` is the author's choice, None to guess.

    Raises UsageError E410 when no column can be predicted, or not the one that is wanted or named like an outcome, E416
    when there is no such column.
    """
    if wanted is not None:
        return _wanted(profile, key, wanted), "chosen with --outcome"
    possible = [
        column
        for column in profile.columns
        if can_be_outcome(column) and column.name != key and not IDENTITY.fullmatch(column.name)
    ]
    for pattern in _BY_NAME:
        if named := [column for column in possible if pattern.fullmatch(_words(column))]:
            return named[-1], f"a guess by its name: {_GUESS}{_others(named[-1], possible)}"
        if pattern in _OUTRIGHT:
            _check_none_so_named(pattern, profile, possible)
    if not possible:
        raise UsageError(f"no column of the table can be predicted{_why_none(profile)}", hint=_CAN_BE, code="E410")
    last = profile.columns[-1]
    if possible[-1] is last and last.distinct == 2 and are_classes(last):
        return last, f"a guess, as the last column, of two values: {_GUESS}{_others(last, possible)}"
    if amounts := [column for column in possible if _AMOUNTS.fullmatch(_words(column))]:
        return amounts[-1], f"a guess by its name: {_GUESS}{_others(amounts[-1], possible)}"
    return possible[-1], f"a guess, as the last column that can be one: {_GUESS}"


def can_be_outcome(column: ColumnProfile) -> bool:
    """Tell whether the column's values can be predicted."""
    if column.distinct < 2 or column.dated:
        return False
    return column.numeric or (
        bool(column.values) and column.distinct <= MOST_CLASSES and all(map(_fits_manifest, column.values))
    )


def are_classes(column: ColumnProfile) -> bool:
    """Tell whether the column's values are taken for classes, not for numbers."""
    if not column.numeric:
        return True
    return 2 <= column.distinct <= MOST_NUMBERS and all(float(value).is_integer() for value in column.values)


def classes_of(column: ColumnProfile, *, is_open: bool) -> tuple[Outcome, Window | None, str]:
    """Return the classes by value, or by condition for decimals and for texts that cannot be class names; and a note.

    By condition, open rows match no class, so a window keeps them from training. Texts that differ only in case or in
    spaces around them are one class.
    """
    values = sorted(column.values, key=float) if column.numeric else sorted(column.values)
    spelt = _spellings(column)
    if not spelt and all(map(is_label, values)) and column.type in ("BIGINT", "INTEGER", "BOOLEAN", "VARCHAR"):
        return Outcome(column=column.name, classes=tuple(OutcomeClass(name=value) for value in values)), None, ""
    window = Window(where=f'"{column.name}" is not null') if is_open else None
    if spelt:
        tests = {name: f'lower(trim("{column.name}")) = {_literal(name.lower())}' for name in sorted(spelt)}
        varied = "; ".join(f"{name} stands for {', '.join(map(repr, texts))}" for name, texts in sorted(spelt.items()))
        note = f"; case and spaces around tell no classes apart: {varied}" if len(spelt) < len(values) else ""
        classes = tuple(OutcomeClass(name=name, when=test) for name, test in tests.items())
        return Outcome(classes=classes), window, note
    classes = ()
    for number, value in enumerate(values, start=1):
        literal = value if column.numeric else _literal(value)
        label = str(int(float(value))) if column.numeric else value if is_label(value) else f"class_{number}"
        classes = (*classes, OutcomeClass(name=label, when=f'"{column.name}" = {literal}'))
    return Outcome(classes=classes), window, ""


def few_of_a_class(column: ColumnProfile) -> str:
    """Say that the rarest class has so few rows that no model learns it and no holdout judges it; else empty."""
    if column.rarest is None or column.rarest >= FEWEST_OF_A_CLASS:
        return ""
    rows = f"{column.rarest} row{'s' * (column.rarest != 1)}"
    return f"; class {column.values[-1].strip()[:63]} has {rows}: too few to learn it, and to judge what was learned"


def is_label(text: str) -> bool:
    """Tell whether a text can be a class name."""
    return 1 <= len(text) <= 63 and text == text.strip() and text.isprintable()


def _spellings(column: ColumnProfile) -> dict[str, list[str]]:
    """Return the texts of each class by its name, where some of them only differ in case or in spaces around.

    Empty where each text stands for a class of its own.
    """
    if column.type != "VARCHAR":
        return {}
    spelt: dict[str, list[str]] = {}
    for value in column.values:  # the most frequent first
        spelt.setdefault(value.strip(" ").lower(), []).append(value)
    named = {texts[0].strip(" "): sorted(texts) for texts in spelt.values()}
    varied = len(named) < len(column.values) or any(value != value.strip(" ") for value in column.values)
    return named if varied and len(named) > 1 and all(map(is_label, named)) else {}


def _small(name: str) -> str:
    return _literal(name.lower()) if name.isascii() else f"lower({_literal(name)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _wanted(profile: TableProfile, key: str, wanted: str) -> ColumnProfile:
    names = {written: name for name, written in profile.table.columns} | {
        column.name: column.name for column in profile.columns
    }
    if wanted not in names:
        columns = ", ".join(column.name for column in profile.columns[:30])
        raise UsageError(f"the table has no column {wanted[:60]!r}", hint=f"choose one of {columns}", code="E416")
    column = profile.column(names[wanted])
    if column.name == key:
        raise UsageError(f"{wanted} cannot be predicted: it is the key", hint=_CAN_BE, code="E410")
    if not can_be_outcome(column):
        raise UsageError(f"{wanted} cannot be predicted: it {_why_not(column, profile)}", hint=_CAN_BE, code="E410")
    return column


def _check_none_so_named(pattern: re.Pattern[str], profile: TableProfile, possible: list[ColumnProfile]) -> None:
    """Raise UsageError E410 where a column has a name of this pattern: it cannot be predicted, and says the outcome.

    Free text and dates of such names are no outcomes.
    """
    for column in reversed(profile.columns):
        is_free = column.dated or (not column.values and column.distinct > 0.5 * column.filled > 0)
        if not is_free and pattern.fullmatch(_words(column)):
            other = f", such as --outcome {possible[-1].name}" if possible else ""
            raise UsageError(
                f"{column.name} is the outcome by its name, and cannot be predicted: it {_why_not(column, profile)}",
                hint=f"correct the column in the file, or {_GUESS}{other}",
                code="E410",
            )


def _why_not(column: ColumnProfile, profile: TableProfile) -> str:
    """Return why the column's values cannot be predicted."""
    if column.filled == 0:
        return "is empty"
    if column.distinct == 1 and column.filled < profile.rows:
        left = profile.rows - column.filled
        return f"has one value, or none ({left:,} of {profile.rows:,} rows): where none means another class, write that"
    if column.distinct == 1:
        return "has the same value everywhere"
    if column.dated:
        return f"is {column.type}"
    if column.distinct > MOST_CLASSES:
        return f"has {column.distinct:,} different values, and at most {MOST_CLASSES} are taken for classes"
    return "has values that are too long for a manifest, or hold invisible characters"


def _why_none(profile: TableProfile) -> str:
    """Return what is odd about a table in which nothing can be predicted."""
    if profile.rows < 2:
        return ": it has one row"
    if len(profile.columns) == 1:
        return ": it has one column; where a sign parts more, --delimiter names it"
    return ""


def _others(chosen: ColumnProfile, possible: list[ColumnProfile]) -> str:
    """Return the columns that may as well be meant."""
    named = [column for pattern in (*_BY_NAME, _AMOUNTS) for column in possible if pattern.fullmatch(_words(column))]
    last = [possible[-1]] if possible[-1].distinct == 2 else []
    names = dict.fromkeys(column.name for column in (*named, *last) if column is not chosen)
    return f" (such as {', '.join([*names][:3])})" if names else ""


def _words(column: ColumnProfile) -> str:
    """Return the column's name in small letters, its words parted by underscores."""
    return _CAMEL.sub("_", column.name).lower()


def _fits_manifest(value: str) -> bool:
    """Tell whether a manifest can hold the value."""
    return visible(value) == value and len(value) <= 200
