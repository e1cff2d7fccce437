"""What differs of the gates is told by what each demands, in the words of the manifest."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.field_diff import changes
from reconciler.core.plan.config_diff import difference
from reconciler.core.spec.gates import Against, BeatsNaiveGuess, Gate, GateScope, NoWorseThanIncumbent, Threshold
from tests.simulation import sample_project

ACCURACY = Threshold(metric="accuracy", at_least=0.55)
GUESS = BeatsNaiveGuess(by_share_of_errors=0.1)
BEST = NoWorseThanIncumbent(metric="f1_macro", against=Against.BEST, within=90 * 86_400)


def told(old: tuple[Gate, ...], new: tuple[Gate, ...]) -> list[str]:
    (model,) = sample_project.desired(None, seed=10).models
    found = difference(replace(model, gates=old), replace(model, gates=new), environment="sandbox")
    return [f"{change.path}: {change.old} -> {change.new}" for change in found.gates] if found is not None else []


def test_a_bound_that_moved_is_told_with_its_gate_and_the_field_as_it_is_written() -> None:
    assert told((GUESS, ACCURACY), (GUESS, replace(ACCURACY, at_least=0.6))) == [
        "threshold accuracy atLeast: 0.55 -> 0.6"
    ]
    assert told((GUESS,), (replace(GUESS, by_share_of_errors=0.2),)) == [
        "beats-naive-guess byShareOfErrors: 0.1 -> 0.2"
    ]
    assert told((BEST,), (replace(BEST, within=30 * 86_400),)) == [
        "no-worse-than-incumbent f1_macro within: 90d -> 30d"
    ]
    scoped = replace(ACCURACY, for_=GateScope(labels=(("cost_centre", "b"),)))
    assert told((ACCURACY,), (scoped,)) == ["threshold accuracy for.labels.cost_centre: None -> b"]


def test_a_gate_that_came_or_went_leaves_the_others_as_they_are() -> None:
    assert told((ACCURACY, GUESS), (GUESS,)) == ["threshold accuracy atLeast: 0.55 -> None"]
    upper = Threshold(metric="accuracy", at_most=0.9)
    assert told((ACCURACY,), (ACCURACY, upper)) == ["threshold accuracy #2 atMost: None -> 0.9"]


def test_another_order_of_the_same_gates_is_told_too() -> None:
    assert told((ACCURACY, GUESS), (GUESS, ACCURACY)) == [
        "order: threshold accuracy, beats-naive-guess -> beats-naive-guess, threshold accuracy"
    ]
    assert told((ACCURACY, GUESS), (ACCURACY, GUESS)) == []


def test_a_gate_in_a_list_is_called_by_what_it_is_never_by_its_place() -> None:
    old = (Threshold(metric="f1_macro", at_least=0.5), Threshold(metric="accuracy", at_least=0.6))
    new = (Threshold(metric="f1_macro", at_least=0.55), *old[1:], Threshold(metric="accuracy", at_most=0.99))
    assert [change.path for change in changes(old, new)] == [
        ".threshold accuracy #2.at_most",
        ".threshold accuracy #2.metric",
        ".threshold accuracy #2.uses",
        ".threshold f1_macro.at_least",
    ]
