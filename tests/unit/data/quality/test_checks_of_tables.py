"""Each check has a table that trips it and a near miss that does not; random tables are hardly ever suspects."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.quality.checks import CHECKS, LEAK
from reconciler.core.quality.findings import Finding, Severity
from reconciler.core.quality.rules import ALARMS
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    NamedExpression,
    Outcome,
    OutcomeClass,
    Recipe,
    Selection,
    Task,
)
from reconciler.data.in_process import LocalData
from reconciler.ports import SelectionKind, SelectRequest
from tests.support.effort import count
from tests.support.invoice_tables import write_table

Columns = dict[str, tuple[str, list[Any]]]
ROWS = 1_200
CHANCE = random.Random(7)
NOISE = [CHANCE.random() for _ in range(ROWS)]
LABELS = [CHANCE.choice(["no", "yes"]) for _ in range(ROWS)]
DAYS = [date(2024, 1, 1) + timedelta(days=n // 4) for n in range(ROWS)]
RANDOM, IN_TIME = Holdout(random=0.2), Holdout(last=0.2, by="day")


def found(
    folder: Path,
    features: Mapping[str, tuple[str, list[Any]]],
    *,
    labels: list[Any] = LABELS,
    outcome: Outcome | None = None,
    holdout: Holdout = RANDOM,
    derive: Mapping[str, str] | None = None,
    more: Mapping[str, tuple[str, list[Any]]] | None = None,
    left_out: tuple[str, ...] = (),
) -> dict[str, Finding]:
    """The findings of a table by name; beside its features it has a day, noise and the label."""
    rows = len(labels)
    columns: Columns = {
        "id": ("BIGINT", list(range(rows))),
        "day": ("DATE", DAYS[:rows]),
        "label": ("VARCHAR" if isinstance(labels[0], str) else "DOUBLE", labels),
        "noise": ("DOUBLE", NOISE[:rows]),
        **features,
        **(more or {}),
    }
    table = write_table(
        folder,
        "t",
        {n: kind for n, (kind, _) in columns.items()},
        list(zip(*(c for _, c in columns.values()), strict=True)),
    )
    used = {
        "noise": "DOUBLE",
        **{name: kind for name, (kind, _) in features.items()},
        **dict.fromkeys(derive or {}, "DOUBLE"),
    }
    names = sorted({label for label in labels if label is not None}) if columns["label"][0] == "VARCHAR" else ()
    recipe = Recipe(
        task=Task.CLASSIFICATION if names else Task.REGRESSION,
        data=Selection(
            table="t",
            key="id",
            derive=tuple(NamedExpression(name=name, expression=text) for name, text in (derive or {}).items()),
        ),
        outcome=outcome or Outcome(column="label", classes=tuple(OutcomeClass(name=name) for name in names)),
        features=Features(
            numeric=tuple(name for name, kind in used.items() if kind == "DOUBLE" and name not in left_out),
            categorical=tuple(name for name, kind in used.items() if kind == "VARCHAR"),
        ),
        estimator=Estimator(uses="sklearn", class_name="LogisticRegression"),
        holdout=holdout,
        seed=1,
    )
    (folder / "out").mkdir(exist_ok=True)
    request = SelectRequest(
        recipe=recipe, tables=(table,), as_of="2025-06-30", want=SelectionKind.FIT, into=folder / "out", limits=Limits()
    )
    return {finding.name: finding for finding in LocalData().select(request).checks or ()}


def numbers(make: Callable[[int], float | None], rows: int = ROWS) -> tuple[str, list[Any]]:
    return "DOUBLE", [make(n) for n in range(rows)]


def texts(make: Callable[[int], str | None], rows: int = ROWS) -> tuple[str, list[Any]]:
    return "VARCHAR", [make(n) for n in range(rows)]


def flipped(share: float) -> tuple[str, list[Any]]:
    """The label as a number, wrong in this share of the rows."""
    chance = random.Random(3)
    return numbers(lambda n: float((LABELS[n] == "yes") != (chance.random() < share)))


# Of each check: what trips it, what nearly does, and the finding.
YES: dict[str, float] = {"no": 0.0, "yes": 1.0}
LATE = [NOISE[n] ** 2 * 40 - 10 for n in range(ROWS)]
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], Severity]] = {
    "too-few-rows": ({"features": {}, "labels": LABELS[:49]}, {"features": {}, "labels": LABELS[:50]}, Severity.ERROR),
    "too-few-rows.rare": (
        {"features": {}, "labels": ["rare"] * 9 + LABELS[9:]},
        {"features": {}, "labels": ["rare"] * 10 + LABELS[10:]},
        Severity.ERROR,
    ),
    "few-rows": ({"features": {}, "labels": LABELS[:999]}, {"features": {}, "labels": LABELS[:1000]}, Severity.WARNING),
    "constant-feature.x": (
        {"features": {"x": numbers(lambda n: 5.0)}},
        {"features": {"x": numbers(lambda n: 5.0 if n % 100 else None)}},
        Severity.WARNING,
    ),
    "mostly-missing.x": (
        {"features": {"x": numbers(lambda n: NOISE[-n] if n % 150 == 0 else None)}},
        {"features": {"x": numbers(lambda n: NOISE[-n] if n % 60 == 0 else None)}},
        Severity.WARNING,
    ),
    "identifier.x": (
        {"features": {"x": texts(lambda n: f"C{n}")}},
        {"features": {"x": texts(lambda n: f"C{n // 2}")}},
        Severity.WARNING,
    ),
    "identifier.y": (
        {"features": {"y": numbers(lambda n: 5000.0 + n)}},
        {"features": {"y": numbers(lambda n: float(round(NOISE[n] * 1e6)))}},
        Severity.WARNING,
    ),
    "duplicates": (
        {"features": {"noise": numbers(lambda n: float(n % 600))}, "labels": LABELS[:600] * 2},
        {"features": {"noise": numbers(lambda n: NOISE[n])}, "labels": LABELS[:600] * 2},
        Severity.WARNING,
    ),
    "vanished-class.late": (
        {"features": {}, "labels": ["late"] * 100 + LABELS[100:], "holdout": IN_TIME},
        {"features": {}, "labels": [*(["late"] * 100), *LABELS[100:-1], "late"], "holdout": IN_TIME},
        Severity.WARNING,
    ),
    "class-balance.rare": (
        {"features": {}, "labels": ["rare"] * 11 + LABELS[11:]},
        {"features": {}, "labels": ["rare"] * 12 + LABELS[12:]},
        Severity.WARNING,
    ),
    "holdout-shift.x": (
        {"features": {"x": numbers(lambda n: n + NOISE[n])}, "holdout": IN_TIME},
        {"features": {"x": numbers(lambda n: n + NOISE[n])}, "holdout": RANDOM},
        Severity.WARNING,
    ),
    "holdout-shift.month": (
        {"features": {"month": numbers(lambda n: float(n > 900) + NOISE[n] / 2)}, "holdout": IN_TIME},
        {"features": {"month": numbers(lambda n: float(n > 900) / 9 + NOISE[n])}, "holdout": IN_TIME},
        Severity.NOTE,
    ),
    # leaks: it predicts alone, for sure and nearly; of numbers, too; it copies; it is filled once the outcome is known
    "leak-suspect.x": ({"features": {"x": flipped(0.0)}}, {"features": {"x": flipped(0.2)}}, Severity.ERROR),
    "leak-suspect.nearly": (
        {"features": {"nearly": flipped(0.03)}},
        {"features": {"nearly": flipped(0.12)}},
        Severity.WARNING,
    ),
    "leak-suspect.text": (
        {"features": {"text": texts(lambda n: f"{LABELS[n]}{n % 3}")}},
        {"features": {"text": texts(lambda n: f"{LABELS[n] if n % 4 else n % 3}")}},
        Severity.ERROR,
    ),
    "leak-suspect.double": (
        {"features": {"double": numbers(lambda n: NOISE[n] ** 3)}, "labels": NOISE, "left_out": ("noise",)},
        {"features": {"double": numbers(lambda n: NOISE[n] + NOISE[-n])}, "labels": NOISE, "left_out": ("noise",)},
        Severity.ERROR,
    ),
    "leak-suspect.shown": (
        {
            "features": {"shown": numbers(lambda n: LATE[n] + 30)},
            "more": {"late": numbers(lambda n: LATE[n])},
            "outcome": Outcome(
                classes=(OutcomeClass(name="on_time", when="late <= 0"), OutcomeClass(name="late", when="late > 0"))
            ),
            "left_out": ("noise",),
        },
        {
            "features": {"shown": numbers(lambda n: LATE[n] + 60 * NOISE[-n])},
            "more": {"late": numbers(lambda n: LATE[n])},
            "outcome": Outcome(
                classes=(OutcomeClass(name="on_time", when="late <= 0"), OutcomeClass(name="late", when="late > 0"))
            ),
            "left_out": ("noise",),
        },
        Severity.ERROR,
    ),
    "leak-suspect.filled": (
        {
            "features": {"filled": numbers(lambda n: NOISE[-n] if n < 1100 else None)},
            "labels": [*LABELS[:1100], *([None] * 100)],
        },
        {
            "features": {"filled": numbers(lambda n: NOISE[-n] if n < 1100 or n % 2 else None)},
            "labels": [*LABELS[:1100], *([None] * 100)],
        },
        Severity.ERROR,
    ),
    "leak-suspect.disputed": (
        {
            "features": {"disputed": numbers(lambda n: NOISE[-n])},
            "outcome": Outcome(
                column="label",
                classes=(OutcomeClass(name="no"), OutcomeClass(name="yes")),
                matured="day + interval 9 day",
            ),
        },
        {"features": {"disputed": numbers(lambda n: NOISE[-n])}},  # nothing says that the outcome is a matter of time
        Severity.WARNING,
    ),
}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("name", CASES)
def test_a_check_finds_what_it_is_for_and_not_what_nearly_is(tmp_path: Path, name: str) -> None:
    trips, near, severity = CASES[name]
    finding = found(tmp_path, **trips).get(name)
    assert finding is not None
    assert finding.severity is severity
    assert finding.remedy
    (tmp_path / "near").mkdir()
    assert name not in found(tmp_path / "near", **near)


def test_every_check_has_a_table_that_trips_it() -> None:
    assert {name.partition(".")[0] for name in CASES} == set(CHECKS)


def test_a_table_of_honest_features_is_told_of_nothing(tmp_path: Path) -> None:
    chance = random.Random(5)
    honest = {
        "amount": numbers(lambda n: chance.lognormvariate(5, 1) + 200 * (LABELS[n] == "yes")),
        "country": texts(lambda n: chance.choice(["AT", "DE", "FR"])),
        "terms": numbers(lambda n: chance.choice([14.0, 30.0, 60.0])),
        "holes": numbers(lambda n: chance.random() if n % 3 else None),
    }
    assert found(tmp_path, honest) == {}


def test_no_finding_holds_a_value_of_a_cell(tmp_path: Path) -> None:
    secret = texts(lambda n: f"CANARY{n}")
    told = found(tmp_path, {"x": secret, "same": texts(lambda n: "CANARY")}, holdout=IN_TIME)
    assert {"identifier.x", "constant-feature.same"} <= set(told)
    assert "CANARY" not in repr(told)


def test_the_findings_do_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    order = list(range(ROWS))
    random.Random(1).shuffle(order)
    columns = {"x": flipped(0.05), "y": numbers(lambda n: NOISE[n] if n % 2 else None)}
    columns["id2"] = numbers(float)
    first = found(tmp_path, columns)
    (tmp_path / "b").mkdir()
    table = {name: (kind, [cells[n] for n in order]) for name, (kind, cells) in columns.items()}
    moved = {
        "id": ("BIGINT", order),
        "day": ("DATE", [DAYS[n] for n in order]),
        "noise": ("DOUBLE", [NOISE[n] for n in order]),
    }
    assert found(tmp_path / "b", table, labels=[LABELS[n] for n in order], more=moved) == first


@pytest.mark.soak
def test_tables_of_chance_are_leak_suspects_at_no_more_than_the_stated_rate(tmp_path: Path) -> None:
    """Of random tables, whose features know nothing of the outcome, at most the share ALARMS is told of a leak."""
    tables, alarms = count("RANDOM_TABLES"), 0
    for seed in range(tables):
        chance = random.Random(seed)
        rows = chance.choice([60, 150, 600])
        classes = chance.choice([2, 3, 6, 0])
        shape = [chance.choice(["gauss", "whole", "text", "holes", "skewed"]) for _ in range(chance.randint(2, 20))]
        labels = [f"c{chance.randrange(classes)}" if classes else chance.gauss(0, 1) for _ in range(rows)]
        made: dict[str, Callable[[int], Any]] = {
            "gauss": lambda n: chance.gauss(0, 1),  # noqa: B023
            "whole": lambda n: float(chance.randint(0, 4)),  # noqa: B023
            "text": lambda n: chance.choice("abcdefgh"),  # noqa: B023
            "holes": lambda n: chance.choice([None, chance.random()]),  # noqa: B023
            "skewed": lambda n: chance.lognormvariate(0, 3),  # noqa: B023
        }
        features = {
            f"f{n}": ("VARCHAR" if kind == "text" else "DOUBLE", [made[kind](row) for row in range(rows)])
            for n, kind in enumerate(shape)
        }
        folder = tmp_path / str(seed)
        folder.mkdir()
        told = found(folder, features, labels=labels, holdout=chance.choice([RANDOM, IN_TIME]))
        alarms += any(name.startswith(LEAK) for name in told)
    assert alarms <= ALARMS * tables
