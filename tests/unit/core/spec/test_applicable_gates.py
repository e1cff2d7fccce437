"""Which gates apply to a model: by the gate's own `for:` only; and no digest of a gate without one has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.judging.applicable_gates import ANY, applies, exemption, gates_of
from reconciler.core.spec.environment import Policy
from reconciler.core.spec.gates import (
    BeatsNaiveGuess,
    Coverage,
    Gate,
    GateScope,
    GateSet,
    NoWorseThanIncumbent,
    PerformanceGrade,
    Threshold,
)
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import Estimator, Task
from tests.simulation.sample_project import PRODUCTION, desired

LABELS = (("team", "credit"), ("tier", "critical"))
MODEL = replace(desired(None, seed=1).models[0], labels=LABELS)


@pytest.mark.parametrize(
    ("scope", "whether"),
    [
        (None, True),
        (GateScope(task=Task.CLASSIFICATION), True),
        (GateScope(task=Task.REGRESSION), False),
        (GateScope(labels=LABELS[1:]), True),
        (GateScope(labels=LABELS), True),
        (GateScope(labels=(("tier", "low"),)), False),
        (GateScope(labels=(*LABELS, ("unit", "north"))), False),
        (GateScope(task=Task.CLASSIFICATION, labels=LABELS), True),
        (GateScope(task=Task.REGRESSION, labels=LABELS), False),
        (GateScope(task=Task.CLASSIFICATION, labels=(("tier", "low"),)), False),
    ],
)
def test_a_gate_applies_to_the_task_and_all_the_labels_that_it_is_for(scope: GateScope | None, whether: bool) -> None:
    own, theirs = PerformanceGrade(at_least=Grade.C, for_=scope), Threshold(metric="accuracy", at_least=0.1, for_=scope)
    found = gates_of(replace(MODEL, gates=(own,)), replace(PRODUCTION, policy=Policy(gates=(theirs,))))
    both: tuple[tuple[Gate, ...], tuple[Gate, ...]] = ((own, theirs), ())
    assert (found.applying, found.others) == (both if whether else both[::-1])


@pytest.mark.parametrize(
    ("gate", "of"),
    [
        (Threshold(metric="r2", at_least=0.1), "r2 is a figure of a regression"),
        (NoWorseThanIncumbent(metric="rmse"), "rmse is a figure of a regression"),
        (Coverage(tolerance=0.02), "coverage is a figure of a model that predicts a quantile"),
        (Threshold(metric="r2", at_least=0.1, for_=GateScope(labels=LABELS)), "r2 is a figure of a regression"),
    ],
)
def test_a_figure_that_the_task_does_not_have_does_not_apply_and_says_of_which_it_is(gate: Gate, of: str) -> None:
    found = gates_of(MODEL, replace(PRODUCTION, policy=Policy(gates=(gate,))))
    assert (found.applying, found.others) == (MODEL.gates, (gate,))
    assert exemption(gate).endswith(of)
    assert applies(replace(gate, for_=None), ANY), "of a task that is not known it is taken to be"


def test_only_a_model_of_a_quantile_has_a_coverage() -> None:
    gates = (Coverage(tolerance=0.02), Threshold(metric="pinball", at_most=9.0), Threshold(metric="mae", at_most=9.0))
    policy = replace(PRODUCTION, policy=Policy(gates=gates))
    regression = replace(MODEL, gates=(), recipe=replace(MODEL.recipe, task=Task.REGRESSION))
    assert gates_of(regression, policy).applying == gates[2:]
    quantile = Estimator(uses="sklearn", class_name="QuantileRegressor", params=(("quantile", 0.9),))
    assert (
        gates_of(replace(regression, recipe=replace(regression.recipe, estimator=quantile)), policy).applying == gates
    )


def test_a_class_that_the_outcome_does_not_have_exempts_nobody() -> None:
    misspelt = Threshold(metric="recall:laet", at_least=0.1)
    assert gates_of(MODEL, replace(PRODUCTION, policy=Policy(gates=(misspelt,)))).others == ()


def test_an_unknown_task_exempts_from_nothing() -> None:
    for task in Task:
        assert applies(PerformanceGrade(at_least=Grade.C, for_=GateScope(task=task)), ANY)


def test_what_does_not_apply_says_whom_it_is_for() -> None:
    scope = GateScope(task=Task.REGRESSION, labels=LABELS[:1])
    words = [
        exemption(replace(gate, for_=scope))
        for gate in (
            Threshold(metric="r2", at_least=0.1, at_most=0.9),
            PerformanceGrade(at_least=Grade.C),
            BeatsNaiveGuess(by_share_of_errors=0.1),
            NoWorseThanIncumbent(metric="r2"),
        )
    ]
    assert words == [
        "r2 at least 0.1 and r2 at most 0.9 does not apply: for task regression and label team: credit",
        "grade C does not apply: for task regression and label team: credit",
        "0.1 of the errors does not apply: for task regression and label team: credit",
        "by r2 evidence rule, tolerance 0, 100 rows does not apply: for task regression and label team: credit",
    ]


def test_a_gate_without_a_scope_keeps_its_digest_and_so_does_its_set() -> None:
    """Written down before gates had a scope: stored verifications go on counting."""
    gates: tuple[Gate, ...] = (
        Threshold(metric="f1_macro", at_least=0.45),
        PerformanceGrade(at_least=Grade.C),
        BeatsNaiveGuess(by_share_of_errors=0.25),
        NoWorseThanIncumbent(metric="f1_macro", tolerance=0.01),
    )
    rows = Digest("sha256:" + "1" * 64)
    found = codec.digest_of(GateSet(environment="production", gates=gates, evaluation=rows, incumbent=rows))
    assert found == DIGEST
    assert codec.from_json(
        GateSet, codec.to_json(GateSet(environment="p", gates=gates, evaluation=rows, incumbent=None))
    )
    scoped = replace(gates[0], for_=GateScope(labels=LABELS))
    assert codec.from_json(Threshold, codec.to_json(scoped)) == scoped
    assert "for" in codec.to_json(scoped)


DIGEST = "sha256:ff314c5fef2287311e7f011b0a66eea1545b9f25ecf63a9e8932bc9a207bd0da"
