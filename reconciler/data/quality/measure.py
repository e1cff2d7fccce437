"""Measure the selected rows of a training for the checks: counts over all rows, relations on a sample of them.

Takes: a session whose rows are labelled and split (`labels_and_split`). Gives: what the checks find. Keeps true:
memory grows with the columns of one query, not of the table; the sample depends on the keys alone; no value of a cell
leaves this module.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.quality.figures import ClassFigures, Estimate, FeatureFigures, RowFigures
from reconciler.core.quality.findings import Finding
from reconciler.core.quality.rules import ALARMS, judge
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.data.duckdb_session import COLUMNS_PER_QUERY, Session, in_parts, name_of
from reconciler.data.quality import one_feature
from reconciler.data.quality.known_later import known_later
from reconciler.data.quality.labelled_rows import LabelledRows, outcome_column

SAMPLED = '"sampled rows"'
_TRAINED = '"is trained"'
_MOST_ROWS, _MOST_CELLS = 20_000, 4_000_000
_FEWEST_ROWS = 1_000
_COLUMNS_AT_ONCE = 25  # of the sample
_OPEN = "('not matured', 'no outcome')"


def check_rows(session: Session, rows: LabelledRows, *, in_time: bool) -> tuple[Finding, ...]:
    """Return what the checks find in the rows that were labelled and split."""
    counts, classes = _counted(session, rows)
    features = _counted_features(session, rows)
    take_sample(session, rows, counts.get("train", 0) + counts.get("holdout", 0))
    late = known_later(rows)
    measured = [replace(feature, known_later=late.get(feature.name)) for feature in _related(session, rows, features)]
    session.run(f"DROP TABLE {SAMPLED}", doing="checking the rows")
    return judge(
        RowFigures(
            trained=counts.get("train", 0),
            held_out=counts.get("holdout", 0),
            open=counts.get("open", 0),
            features=tuple(measured),
            classes=classes,
            duplicates=_duplicates(session, rows),
            in_time=in_time,
        )
    )


# --- over all rows -------------------------------------------------------------------------------------------------


def _counted(session: Session, rows: LabelledRows) -> tuple[dict[str, int], tuple[ClassFigures, ...]]:
    """Return the rows by part, `open` for those whose outcome is not known; and those of each class."""
    label = "outcome" if rows.recipe.class_names else "0"
    counted = session.rows(
        f"SELECT CASE WHEN {rows.part} IN {_OPEN} THEN 'open' ELSE {rows.part} END, {label}, count(*)"
        f" FROM {rows.table} GROUP BY 1, 2",
        doing="checking the rows",
    )
    counts: dict[str, int] = {}
    for part, _, count in counted:
        counts[part] = counts.get(part, 0) + count
    by_class = {(part, index): count for part, index, count in counted}
    return counts, tuple(
        ClassFigures(name=name, trained=by_class.get(("train", index), 0), held_out=by_class.get(("holdout", index), 0))
        for index, name in enumerate(rows.recipe.class_names)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    name: str
    category: bool
    number: bool
    text: bool = False


def _kinds(recipe: Recipe) -> list[_Kind]:
    features, texts = recipe.features, set(recipe.features.encoded)
    return [
        _Kind(name=name, category=name in features.categorical, number=name in features.numeric, text=name in texts)
        for name in features.all
    ]


def _counted_features(session: Session, rows: LabelledRows) -> list[FeatureFigures]:
    figures: list[FeatureFigures] = []
    for some in in_parts(_kinds(rows.recipe), COLUMNS_PER_QUERY):
        known, still, trained = (
            session.rows(f"SELECT {', '.join(items)} FROM {rows.table} WHERE {which}", doing="checking the features")[0]
            for items, which in (
                ([item for kind in some for item in _count_items(kind)], f"{rows.part} IN ('train', 'holdout')"),
                ([f"count({name_of(kind.name)})" for kind in some], f"{rows.part} IN {_OPEN}"),
                ([_constant_item(name_of(kind.name)) for kind in some], f"{rows.part} = 'train'"),
            )
        )
        for index, kind in enumerate(some):
            filled, distinct, serial = known[3 * index : 3 * index + 3]
            figures.append(
                FeatureFigures(
                    name=kind.name,
                    filled=filled,
                    distinct=distinct,
                    category=kind.category,
                    serial=bool(serial) and distinct >= 0.9 * filled,
                    open_filled=still[index],
                    constant=bool(trained[index]),
                )
            )
    return figures


def _count_items(kind: _Kind) -> Iterator[str]:
    column = name_of(kind.name)
    yield f"count({column})"
    if not kind.category and not kind.number:
        yield from ("2", "false")
        return
    yield f"approx_count_distinct({column})"
    spread = f"max({column}) - min({column}) < 2 * count({column})"
    yield f"{spread} AND count_if({column} <> floor({column})) = 0" if kind.number else "false"


def _constant_item(column: str) -> str:
    return f"count({column}) = count(*) AND min({column}) = max({column})"


def _duplicates(session: Session, rows: LabelledRows) -> int:
    """Count the holdout rows that equal a training row in every feature and in the outcome, by a hash of all."""
    parts = [f"hash({', '.join(map(name_of, some))})" for some in in_parts(rows.recipe.features.all, COLUMNS_PER_QUERY)]
    row = f"hash({', '.join([*parts, 'outcome'])})"
    count: int = session.value(
        f"SELECT count(*) FROM {rows.table} WHERE {rows.part} = 'holdout'"
        f" AND {row} IN (SELECT {row} FROM {rows.table} WHERE {rows.part} = 'train')",
        doing="looking for repeated rows",
    )
    return count


# --- on a sample ---------------------------------------------------------------------------------------------------


def take_sample(session: Session, rows: LabelledRows, known: int) -> None:
    """Create the sample: known rows in an order that depends on the keys alone; of wide tables fewer."""
    columns = len(rows.recipe.features.all)
    most = max(_FEWEST_ROWS, min(_MOST_ROWS, _MOST_CELLS // max(1, columns)))
    size = min(known, most)
    # Rows above a hash that far more rows are below need not be put in order; it fails only on hashes that are crafted.
    below = min(1.0, (1.2 * size + 1000) / max(1, known))
    for condition in ([f" AND hash(key) <= {int(below * (2**64 - 1))}"] if below < 1 else []) + [""]:
        session.run(
            f"CREATE OR REPLACE TEMP TABLE {SAMPLED} AS SELECT *, {rows.part} = 'train' AS {_TRAINED}"
            f" FROM {rows.table} WHERE {rows.part} IN ('train', 'holdout'){condition}"
            f" ORDER BY hash(key), key LIMIT {size}",
            doing="taking a sample",
        )
        if session.value(f"SELECT count(*) FROM {SAMPLED}", doing="taking a sample") == size:
            return


def _related(session: Session, rows: LabelledRows, counted: Sequence[FeatureFigures]) -> Iterator[FeatureFigures]:
    """Yield the features with what relates them to the outcome, and their holdout to their training rows."""
    recipe, own = rows.recipe, rows.outcome_columns
    columns = [*(outcome_column(index) for index in range(len(own))), "outcome", _TRAINED]
    arrays = _arrays(session, columns)
    outcome, trained = arrays[-2], arrays[-1].astype(bool)
    targets = list(zip(own, arrays[:-2], strict=True))
    if recipe.task is Task.REGRESSION:
        targets = [(recipe.outcome.column or "outcome", outcome)]
    look = _Look(
        outcome=outcome,
        classes=len(recipe.class_names),
        trained=trained,
        targets=targets,
        z=one_feature.bound_of(ALARMS, len(counted) * (1 + len(targets))),
    )
    kinds = {kind.name: kind for kind in _kinds(recipe)}
    for some in in_parts(counted, _COLUMNS_AT_ONCE):
        values = _arrays(session, [_sample_item(kinds[figures.name]) for figures in some])
        for figures, column in zip(some, values, strict=True):
            yield look.at(figures, column, kinds[figures.name])


def _sample_item(kind: _Kind) -> str:
    """SQL: a number for each value. Of a category its hash, so that no text leaves the database."""
    column = name_of(kind.name)
    if kind.category or kind.text:
        return f"CASE WHEN {column} IS NOT NULL THEN hash({column}) END"
    return f"CAST({column} AS DOUBLE)"


def _arrays(session: Session, items: Sequence[str]) -> list[Any]:
    named = ", ".join(f"{item} AS c{index}" for index, item in enumerate(items))
    found = session.arrays(f"SELECT {named} FROM {SAMPLED}", doing="reading the sample")
    return [found[f"c{index}"] for index in range(len(items))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What every feature is compared with. `targets`: the columns that the outcome is made of, by name."""

    outcome: Any
    classes: int
    trained: Any
    targets: list[tuple[str, Any]]
    z: float

    def at(self, figures: FeatureFigures, values: Any, kind: _Kind) -> FeatureFigures:
        """Add to a feature's figures what its values in the sample say."""
        if figures.constant or not figures.filled:
            return figures
        bins, count = one_feature.bins_of(values, category=kind.category or kind.text)
        if self.classes:
            alone = one_feature.alone_for_classes(bins, count, self.outcome.astype("int64"), self.classes, self.z)
        else:
            alone = one_feature.alone_for_numbers(bins, count, self.outcome.astype("float64"), self.z)
        if kind.text:  # most texts are new: that says nothing
            return replace(figures, alone=alone)
        return replace(
            figures,
            alone=alone,
            copies=self._copies(values) if kind.number else None,
            outside=one_feature.outside_of(values, self.trained, category=kind.category),
            moved=one_feature.moved_by(bins, count, self.trained, category=kind.category),
        )

    def _copies(self, values: Any) -> tuple[str, Estimate] | None:
        found = [
            (name, ranks)
            for name, target in self.targets
            if (ranks := one_feature.rank_correlation(values, target, self.z)) is not None
        ]
        return max(found, key=lambda each: each[1].least, default=None)
