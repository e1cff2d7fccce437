"""What counts as a weaker gate: each kind in each direction, alone and among others."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.controls.weakened_gates import DeployRequirements, WeakenedGate, weakenings
from reconciler.core.digest import Digest
from reconciler.core.judging.applicable_gates import GateSubject, subject_of
from reconciler.core.spec.environment import Policy
from reconciler.core.spec.gates import (
    Against,
    BeatsNaiveGuess,
    Gate,
    GateScope,
    NoWorseThanIncumbent,
    PerformanceGrade,
    Rule,
    Threshold,
)
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.model import DeclaredEvaluation, DeclaredSlice
from reconciler.core.spec.policy import Approvals, Freeze, Hold, Rejected
from reconciler.core.spec.recipe import NamedExpression, Task
from tests.simulation import sample_project

F1 = Threshold(metric="f1_macro", at_least=0.5)
LOSS = Threshold(metric="log_loss", at_most=0.8)
GRADE = PerformanceGrade(at_least=Grade.B)
SHARE = BeatsNaiveGuess(by_share_of_errors=0.25)
NO_WORSE = NoWorseThanIncumbent(metric="f1_macro", tolerance=0.01, rule=Rule.POINT, min_rows=200)
DAY = 86_400
BEST = replace(NO_WORSE, against=Against.BEST, within=90 * DAY)
ALL = (F1, LOSS, GRADE, SHARE, NO_WORSE)


def found(old: DeployRequirements, new: DeployRequirements) -> list[str]:
    return [str(one).removeprefix("GATE WEAKENED ") for one in weakenings(old, new, model="pay")]


def gates(*gates: Gate) -> DeployRequirements:
    return DeployRequirements(gates=gates, policy=Policy())


WEAKER: list[tuple[Gate, Gate, str]] = [
    (F1, replace(F1, at_least=0.4), "f1_macro at least: 0.5 -> 0.4"),
    (F1, replace(F1, metric="accuracy"), "f1_macro at least: 0.5 -> nothing"),
    (F1, Threshold(metric="f1_macro", at_most=0.9), "f1_macro at least: 0.5 -> nothing"),
    (LOSS, replace(LOSS, at_most=0.9), "log_loss at most: 0.8 -> 0.9"),
    (GRADE, replace(GRADE, at_least=Grade.C), "performance-grade: grade B -> grade C"),
    (SHARE, replace(SHARE, by_share_of_errors=0.2), "beats-naive-guess: 0.25 of the errors -> 0.2 of the errors"),
    (NO_WORSE, replace(NO_WORSE, tolerance=0.02), "no-worse-than-incumbent by f1_macro: "),
    (NO_WORSE, replace(NO_WORSE, min_rows=100), "no-worse-than-incumbent by f1_macro: "),
    (NO_WORSE, replace(NO_WORSE, rule=Rule.EVIDENCE), "no-worse-than-incumbent by f1_macro: "),
    (NO_WORSE, replace(NO_WORSE, metric="accuracy"), "no-worse-than-incumbent by f1_macro: "),
]


@pytest.mark.parametrize(("strong", "weak", "words"), WEAKER)
def test_a_weaker_gate_is_told_and_a_stricter_one_is_not(strong: Gate, weak: Gate, words: str) -> None:
    assert len(found(gates(strong), gates(weak))) == 1
    assert found(gates(strong), gates(weak))[0].startswith(words)
    assert found(gates(*ALL), gates(weak, *(one for one in ALL if one is not strong)))[0].startswith(words)
    assert found(gates(strong), gates(weak, strong)) == [], "what is demanded beside it does not weaken it"
    if words.endswith("nothing") or "metric" in words or weak.uses != strong.uses:
        return
    if getattr(weak, "metric", None) == getattr(strong, "metric", None):
        assert found(gates(weak), gates(strong)) == [] or isinstance(weak, Threshold)


def test_to_compare_fewer_parts_of_a_slice_or_none_is_weaker() -> None:
    per = replace(NO_WORSE, per="region", min_support=60)
    assert found(gates(per), gates(replace(per, min_support=50))) == []
    for weak in (replace(per, min_support=100), replace(per, tolerance=0.02), NO_WORSE):
        (told,) = found(gates(per), gates(weak))
        assert told.startswith("no-worse-than-incumbent by f1_macro per region: point rule")
    assert found(gates(NO_WORSE), gates(per)) != [], "all rows together are not compared any more"


def test_to_look_back_less_far_is_weaker() -> None:
    for weak in (NO_WORSE, replace(BEST, within=89 * DAY)):
        (told,) = found(gates(BEST), gates(weak))
        assert told.startswith(
            "no-worse-than-incumbent by f1_macro: point rule, tolerance 0.01, 200 rows, the best in 90d"
        )
        assert found(gates(weak), gates(BEST)) == []


CLASSIFIES, CRITICAL = GateScope(task=Task.CLASSIFICATION), GateScope(labels=(("tier", "critical"),))
BOTH = GateScope(task=Task.CLASSIFICATION, labels=CRITICAL.labels)
ONE = GateSubject(task=Task.CLASSIFICATION, labels=(("team", "credit"), ("tier", "critical")))


@pytest.mark.parametrize("gate", ALL, ids=lambda gate: gate.uses)
def test_a_gate_that_is_narrowed_is_weaker_and_one_that_is_widened_is_not(gate: Gate) -> None:
    for wide, narrow in ((None, CLASSIFIES), (None, CRITICAL), (CLASSIFIES, BOTH), (CRITICAL, BOTH)):
        old, new = (replace(gates(replace(gate, for_=scope)), subject=ONE) for scope in (wide, narrow))
        assert len(found(old, new)) == 1, (wide, narrow)
        assert found(old, new)[0].endswith(f" for {narrow}")
        assert found(new, old) == []
    old, new = (replace(gates(replace(gate, for_=scope)), subject=ONE) for scope in (CLASSIFIES, CRITICAL))
    assert len(found(old, new)) == len(found(new, old)) == 1, "neither reaches all that the other does"


@pytest.mark.parametrize("gate", ALL, ids=lambda gate: gate.uses)
def test_a_label_taken_away_or_another_task_that_exempts_the_model_weakens_the_gate(gate: Gate) -> None:
    held = replace(gates(replace(gate, for_=BOTH)), subject=ONE)
    for exempt in (replace(ONE, labels=()), replace(ONE, task=Task.REGRESSION)):
        told = found(held, replace(held, subject=exempt))
        assert len(told) == 1
        assert told[0].endswith("-> nothing")
    assert found(held, replace(held, subject=replace(ONE, labels=CRITICAL.labels))) == []
    assert found(replace(held, subject=replace(ONE, labels=())), gates()) == [], "it was exempt before"


def test_two_bounds_are_two_demands() -> None:
    both = Threshold(metric="r2", at_least=0.2, at_most=0.9)
    assert found(gates(both), gates(replace(both, at_most=None))) == ["r2 at most: 0.9 -> nothing"]
    apart = (Threshold(metric="r2", at_least=0.3), Threshold(metric="r2", at_most=0.8))
    assert found(gates(both), gates(*apart)) == []


def test_where_a_gate_stands_is_all_the_same() -> None:
    here, there = (
        DeployRequirements(gates=(F1,), policy=Policy()),
        DeployRequirements(gates=(), policy=Policy(gates=(F1,))),
    )
    assert found(here, there) == found(there, here) == []


@settings(deadline=None)
@given(st.permutations(ALL), st.sets(st.sampled_from(range(5))))
def test_what_is_gone_is_told_whatever_the_order(order: list[Gate], left: set[int]) -> None:
    after = [one for position, one in enumerate(ALL) if position not in left]
    assert len(found(gates(*ALL), gates(*order))) == 0
    assert len(found(gates(*order), gates(*after))) == len(left)


OLD = Policy(
    max_data_age=86400,
    approvals=Approvals(least=2, people=("ada", "bob", "team:x")),
    owners=("ada",),
    freeze=(Freeze(cron="0 18 * * 5", duration=3600, time_zone="UTC", reason="r"),),
    holds=(Hold(model="pay", reason="closing"), Hold(model="other", reason="x")),
    rejected=(Rejected(artifact=Digest("sha256:" + "a" * 64), reason="rows"),),
)
APPROVALS = OLD.approvals or Approvals(least=0, people=())


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (replace(OLD, max_data_age=2 * 86400), ["maxDataAge: 1d -> 2d"]),
        (replace(OLD, max_data_age=None), ["maxDataAge: 1d -> nothing"]),
        (replace(OLD, max_data_age=3600), []),
        (replace(OLD, approvals=None), ["approvals: 2 of ada, bob, team:x -> nothing"]),
        (replace(OLD, approvals=replace(APPROVALS, least=1)), ["approvals.min: 2 -> 1"]),
        (replace(OLD, approvals=replace(APPROVALS, least=3)), []),
        (replace(OLD, approvals=replace(APPROVALS, people=("ada", "bob"))), []),
        (replace(OLD, approvals=replace(APPROVALS, people=("eve",))), ["approvals.from: ada, bob, team:x -> also eve"]),
        (replace(OLD, approvals=replace(APPROVALS, not_author=False)), ["approvals.notAuthor: true -> false"]),
        (replace(OLD, owners=("ada", "eve")), ["owners: ada -> also eve"]),
        (replace(OLD, owners=()), ["owners: ada -> nothing"]),
        (replace(OLD, freeze=()), ["freeze: 0 18 * * 5 for 1h -> another or none"]),
        (replace(OLD, holds=OLD.holds[1:]), ["hold: closing -> nothing"]),
        (replace(OLD, holds=OLD.holds[:1]), []),
        (replace(OLD, rejected=()), ["rejected sha256:aaaaaaaaaaaa: rows -> nothing"]),
    ],
)  # fmt: skip
def test_controls_are_demands_too(new: Policy, words: list[str]) -> None:
    assert found(DeployRequirements(gates=(), policy=OLD), DeployRequirements(gates=(), policy=new)) == words


def test_a_first_owner_is_one_more_than_nobody() -> None:
    old, new = (
        DeployRequirements(gates=(), policy=Policy()),
        DeployRequirements(gates=(), policy=Policy(owners=("eve",))),
    )
    assert weakenings(old, new, model="pay") == (WeakenedGate(what="owners", old="nobody", new="also eve"),)


def test_two_weakenings_of_one_subject_are_told_once_each() -> None:
    strict = (F1, replace(F1, at_least=0.6))
    told = found(gates(*strict), gates(replace(F1, at_least=0.4)))
    assert told == ["f1_macro at least: 0.5 -> 0.4", "f1_macro at least: 0.6 -> 0.4"]
    assert len(set(itertools.chain(told))) == 2


def test_a_gate_per_slice_is_weaker_where_the_slice_or_a_column_that_it_is_made_of_is_defined_otherwise() -> None:
    def declares(expression: str, *derive: str) -> DeployRequirements:
        named = tuple(
            NamedExpression(name=name, expression=text) for name, text in zip(("size", "is_big"), derive, strict=False)
        )
        declared = sample_project.desired("c", seed=1).model("sandbox", sample_project.MODEL)
        assert declared is not None
        recipe = replace(declared.recipe, data=replace(declared.recipe.data, derive=named))
        slices = (DeclaredSlice(name="big", expression=expression),)
        model = replace(declared, recipe=recipe, evaluation=DeclaredEvaluation(slices=slices))
        gate = Threshold(metric="accuracy", at_least=0.6, per="big")
        return replace(gates(gate), subject=subject_of(model))

    before = declares('"Is_Big"', "amount + 1", "size > 5")
    assert found(before, before) == []
    compared = gates(replace(NO_WORSE, per="big"))
    (same,) = found(replace(before, gates=compared.gates), replace(declares("amount > 5"), gates=compared.gates))
    assert same.endswith(", of slices that are cut otherwise"), "comparisons are bound to their slice, too"
    told = "accuracy at least per big: 0.6, slices of 50 rows -> 0.6, slices of 50 rows"
    for after in (
        declares("amount > 5", "amount + 1", "size > 5"),
        declares('"Is_Big"', "amount + 1", "size > -1"),
        declares('"Is_Big"', "amount * 0", "size > 5"),
    ):
        assert found(before, after) == [f"{told}, of slices that are cut otherwise"]
    unrelated = declares("amount > 5", "amount + 1")
    assert found(unrelated, declares("amount > 5", "amount * 0")) == []
