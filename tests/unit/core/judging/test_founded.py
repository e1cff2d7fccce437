"""A verdict that nobody signed counts only where the artifact, or what is signed, says it word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.judging.founded import is_founded, own_answer, portable_results
from reconciler.core.spec.gates import (
    Gate,
    GateResult,
    GateStatus,
    NoWorseThanIncumbent,
    PluginGate,
    Rule,
    Threshold,
    Verification,
)
from tests.simulation.sample_project import recipe
from tests.unit.core.plan.test_gate_evaluation import EVALUATION

RECIPE = recipe(10)
OWN = Threshold(metric="accuracy", at_least=0.1)
OF_ROWS = Threshold(metric="accuracy", at_least=0.1, rule=Rule.EVIDENCE)
COMPARES = NoWorseThanIncumbent(metric="accuracy", tolerance=0.05)
SOME = Digest(f"sha256:{'1' * 64}")


def verification(*results: GateResult, incumbent: Digest | None = None) -> Verification:
    return Verification(
        artifact=SOME,
        environment="site",
        gate_set=SOME,
        evaluation=EVALUATION.evaluation_rows,
        incumbent=incumbent,
        results=results,
    )


def passed(gate: Gate, reason: str = "good") -> GateResult:
    return GateResult(gate=gate, verdict=GateStatus.PASSED, reason=reason)


def founded(made: Verification, *signed: Verification) -> bool:
    return is_founded(made, RECIPE, EVALUATION, signed)


def test_what_the_artifact_says_of_itself_is_founded_and_nothing_else_in_its_words() -> None:
    own = own_answer(OWN, RECIPE, EVALUATION, first=False)
    assert own is not None
    assert founded(verification(own))
    assert not founded(verification(replace(own, reason="so good")))
    failing = own_answer(replace(OWN, at_least=0.999), RECIPE, EVALUATION, first=False)
    assert failing is not None
    assert failing.verdict is GateStatus.REFUSED
    assert not founded(verification(replace(failing, verdict=GateStatus.PASSED)))


@pytest.mark.parametrize("gate", [OF_ROWS, PluginGate(name="fair")])
def test_what_needs_rows_or_a_plug_in_is_founded_by_nothing_of_the_artifact(gate: Gate) -> None:
    assert own_answer(gate, RECIPE, EVALUATION, first=True) is None
    assert not founded(verification(passed(gate)))


def test_a_signed_result_counts_for_the_same_gate_and_the_same_rows_alone() -> None:
    signed = verification(passed(OF_ROWS, "measured"))
    assert founded(verification(passed(OF_ROWS, "measured")), signed)
    assert not founded(verification(passed(OF_ROWS, "otherwise")), signed)
    assert not founded(verification(passed(replace(OF_ROWS, at_least=0.2), "measured")), signed)
    other_rows = replace(signed, evaluation=SOME)
    assert not founded(verification(passed(OF_ROWS, "measured")), other_rows)
    assert portable_results([verification(passed(PluginGate(name="fair")))], EVALUATION) == {}, "of that place alone"


def test_a_comparison_is_founded_only_where_there_was_nothing_to_compare_with() -> None:
    first = own_answer(COMPARES, RECIPE, EVALUATION, first=True)
    assert first is not None
    assert founded(verification(first))
    assert not founded(verification(first, incumbent=SOME))
    assert not founded(replace(verification(first), deployed_before=(("None", (SOME,)),)))
    assert not founded(verification(passed(COMPARES)), verification(passed(COMPARES)))
