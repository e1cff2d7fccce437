"""What stops a model, what is told, and what a manifest and a policy switch off; a switch is a loosening."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.controls.controls import EnvironmentControls, ModelControls
from reconciler.core.controls.in_force import checks_allowed, checks_off
from reconciler.core.controls.loosened import loosened, loosened_own
from reconciler.core.quality import refusal
from reconciler.core.quality.checks import CheckOff
from reconciler.core.quality.figures import ClassFigures, Estimate, FeatureFigures, RowFigures
from reconciler.core.quality.findings import CheckFacts, Finding, Severity, names_of
from reconciler.core.quality.rules import MOST_TOLD, judge
from reconciler.core.spec.environment import Policy, Role
from reconciler.core.storage.location import StorageLocation

ERROR = Finding(check="leak-suspect", severity=Severity.ERROR, subject="paid", message="paid knows", remedy="remove it")
WARNING = replace(ERROR, severity=Severity.WARNING, subject="late")
NOTE = replace(ERROR, check="holdout-shift", severity=Severity.NOTE)
FOUND = (ERROR, WARNING, NOTE)
ALL_OFF = CheckOff(check="leak-suspect", reason="known")
PAID_OFF = replace(ALL_OFF, subject="paid")
STORE = StorageLocation(uses="files", root="s")
PRODUCTION = EnvironmentControls(
    name="production",
    role=Role.PRODUCTION,
    store=STORE,
    target=None,
    protect="main",
    promotes_from=(),
    policy=Policy(),
    sources=(),
)
ALLOWS = replace(PRODUCTION, policy=Policy(checks=("leak-suspect",)))


def told(*off: CheckOff, allowed: tuple[str, ...] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what stops the model, what is told)."""
    facts = CheckFacts(findings=FOUND, off=off, allowed=allowed)
    return tuple(each.subject for each in facts.refusing), tuple(each.subject for each in facts.told)


def test_an_error_is_switched_off_by_both_files_a_warning_by_its_model_alone() -> None:
    assert told() == (("paid",), ("paid", "late"))
    assert told(allowed=("leak-suspect",)) == (("paid",), ("paid", "late"))
    assert told(ALL_OFF) == (("paid",), ("paid",))
    assert told(ALL_OFF, allowed=("too-few-rows",)) == (("paid",), ("paid",))
    assert told(ALL_OFF, allowed=("leak-suspect",)) == ((), ("paid",)), "what is off and would stop it is told still"
    assert told(PAID_OFF, allowed=("leak-suspect",)) == ((), ("paid", "late"))
    assert told(replace(PAID_OFF, subject="late"), allowed=("leak-suspect",)) == (("paid",), ("paid",))


def test_rows_that_nobody_checked_stop_nothing() -> None:
    facts = CheckFacts(findings=None)
    assert facts.refusing == facts.told == ()
    assert facts.names is None
    assert CheckFacts(findings=()).names == ()


def test_a_refusal_names_the_other_file_only_while_it_is_needed() -> None:
    facts = CheckFacts(findings=FOUND, off=(PAID_OFF,))
    assert refusal.reasons(facts) == ("check leak-suspect: paid knows",)
    assert "environments/production.yaml allows it" in refusal.remedy(facts, "production")
    assert "environments/" not in refusal.remedy(replace(facts, off=(), allowed=("leak-suspect",)), "production")
    assert "switched off: known" in refusal.lines_of((ERROR,), (PAID_OFF,), ("leak-suspect",))[0]


def test_to_allow_a_check_to_be_off_and_to_switch_it_off_are_loosenings() -> None:
    assert [str(item) for item in loosened(PRODUCTION, ALLOWS)] == [
        "GATE WEAKENED check leak-suspect: on -> may be switched off"
    ]
    assert loosened(ALLOWS, PRODUCTION) == ()
    on, off, one = ModelControls(), ModelControls(off=(ALL_OFF,)), ModelControls(off=(PAID_OFF,))
    for before, after, count in ((on, off, 1), (on, one, 1), (one, off, 1), (off, one, 0), (off, on, 0), (off, off, 0)):
        assert len(loosened_own(before, after, ALLOWS, model="m")) == count
    assert "check leak-suspect: on -> off of paid: known" in str(loosened_own(on, one, ALLOWS, model="m")[0])


def test_a_check_is_off_only_where_every_set_in_force_switches_it_off_and_allows_it() -> None:
    on, off, one = ModelControls(), ModelControls(off=(ALL_OFF,)), ModelControls(off=(PAID_OFF,))
    assert checks_off((off, one), one) == (PAID_OFF,)
    assert checks_off((one, off), off) == (), "all of it was never off"
    assert checks_off((on, off), off) == ()
    assert checks_allowed((ALLOWS, ALLOWS)) == ("leak-suspect",)
    assert checks_allowed((PRODUCTION, ALLOWS)) == checks_allowed((ALLOWS, PRODUCTION)) == ()


def rows(*features: FeatureFigures, known: int = 10_000, **more: object) -> RowFigures:
    return replace(RowFigures(trained=known * 4 // 5, held_out=known // 5, open=0, features=features), **more)  # type: ignore[arg-type]


def feature(name: str = "x", **more: object) -> FeatureFigures:
    return replace(FeatureFigures(name=name, filled=10_000, distinct=500), **more)  # type: ignore[arg-type]


def sure(value: float, least: float) -> Estimate:
    return Estimate(value=value, least=least)


@pytest.mark.parametrize(
    ("figures", "severity"),
    [
        ({"alone": sure(0.81, 0.79)}, None),
        ({"alone": sure(0.85, 0.80)}, Severity.WARNING),
        ({"alone": sure(0.994, 0.99)}, Severity.WARNING),
        ({"alone": sure(1.0, 0.90)}, Severity.WARNING),  # of few rows nothing is certain
        ({"alone": sure(0.995, 0.95)}, Severity.ERROR),
        ({"copies": ("late", sure(0.995, 0.98))}, None),
        ({"copies": ("late", sure(0.995, 0.99))}, Severity.WARNING),
        ({"copies": ("late", sure(0.999, 0.99))}, Severity.ERROR),
        ({"known_later": "paid_on"}, Severity.WARNING),
        ({"known_later": "paid_on", "alone": sure(1.0, 0.99)}, Severity.ERROR),
    ],
)
def test_a_leak_is_certain_suspected_or_not_told(figures: dict[str, object], severity: Severity | None) -> None:
    found = judge(rows(feature(**figures)))
    assert [each.severity for each in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("filled", "still", "waiting", "severity"),
    [
        (10_000, 0, 19, None),  # too few open rows to say it of
        (10_000, 0, 60, Severity.ERROR),
        (8_000, 0, 60, Severity.WARNING),
        (10_000, 20, 60, None),  # a third of them: chance, as far as so few tell
        (10_000, 200, 600, Severity.WARNING),
        (4_000, 0, 60, None),
    ],
)
def test_filled_where_the_outcome_is_known(filled: int, still: int, waiting: int, severity: Severity | None) -> None:
    found = judge(rows(feature(filled=filled, open_filled=still), open=waiting))
    assert [each.severity for each in found] == ([severity] if severity else [])


def test_of_two_thousand_suspects_twenty_are_named_and_the_others_counted() -> None:
    suspects = [feature(f"f{n}", alone=sure(1.0, 0.99)) for n in range(2_000)]
    found = judge(rows(*suspects))
    assert len(found) == MOST_TOLD + 1
    assert found[-1].message.startswith("1,980 more features")
    assert found[-1].severity is Severity.ERROR
    assert len(names_of(found)) < 200


def test_errors_come_first_and_a_class_is_told_once() -> None:
    few = ClassFigures(name="rare", trained=3, held_out=0)
    found = judge(rows(feature(constant=True), feature("y", alone=sure(1.0, 0.99)), classes=(few,)))
    assert [(each.severity.value, each.name) for each in found] == [
        ("error", "too-few-rows.rare"),
        ("error", "leak-suspect.y"),
        ("warning", "constant-feature.x"),
        ("warning", "vanished-class.rare"),
    ]


def test_a_remedy_that_differs_in_its_feature_alone_is_told_once() -> None:
    leaks = tuple(
        Finding(
            check="leak-suspect",
            severity=Severity.ERROR,
            subject=name,
            message=f"{name} predicts nearly alone",
            remedy=f"remove {name} from the features",
        )
        for name in ("overdue", "paid", "settled")
    )
    few = Finding(check="few-rows", severity=Severity.ERROR, message="there are 3 rows", remedy="wait for more rows")
    told = refusal.remedy(CheckFacts(findings=(*leaks, few)), "production")
    assert told.startswith("remove overdue from the features (the same of paid, settled); wait for more rows; ")
    assert told.count("from the features") == 1
