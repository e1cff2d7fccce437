"""What a manifest says of how a model is judged: each mistake is told at its place, and no digest depends on it."""

from __future__ import annotations

import pytest

from reconciler.core.spec.model import Model, with_slices
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile
from tests.unit.manifest.loading.test_cross_checks import EXPRESSIONS, FILES, MODEL, edited, problems

ORDER = "order: [very_late, late, on_time]"
COSTS = "costs: {on_time: {late: 1, very_late: 2}, late: {on_time: 5, very_late: 1}, very_late: {on_time: 20, late: 8}}"


def declared(text: str) -> dict[str, bytes]:
    """Return the files with `evaluation: {text}`."""
    return edited(("  gates:\n", f"  evaluation: {{{text}}}\n  gates:\n"))


def model_of(files: dict[str, bytes]) -> Model:
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    desired = load(files, tree, revision="c", expressions=EXPRESSIONS)
    return next(model for model in desired.models if model.file == MODEL)


def test_what_judges_changes_no_digest_of_the_recipe() -> None:
    plain = model_of(FILES)
    judged = model_of(
        declared(f"slices: [country, {{name: large, expression: 'invoice_amount > 1000'}}], {ORDER}, {COSTS}")
    )
    assert judged.evaluation.declares
    assert judged.recipe_digest == plain.recipe_digest
    assert judged.recipe == plain.recipe
    assert len(with_slices(judged.recipe, judged.evaluation).data.derive) == len(plain.recipe.data.derive) + 2


def test_costs_are_in_the_order_of_the_classes_and_the_right_class_costs_nothing() -> None:
    model = model_of(declared(COSTS))
    assert model.recipe.class_names == ("on_time", "late", "very_late")
    assert model.evaluation.cost_matrix(model.recipe.class_names) == (
        (0.0, 1.0, 2.0),
        (5.0, 0.0, 1.0),
        (20.0, 8.0, 0.0),
    )


@pytest.mark.parametrize(
    ("text", "code", "field", "said"),
    [
        ("order: [late, on_time]", "E204", "spec.evaluation.order", "'very_late' is missing"),
        ("order: [late, on_time, very_late, lost]", "E205", "spec.evaluation.order", "'lost' is no class"),
        ("order: [late, late, on_time]", "E207", "spec.evaluation.order", "given twice"),
        ("costs: {late: {on_time: 1, very_late: 2}}", "E204", "spec.evaluation.costs", "'on_time' is missing"),
        (COSTS.replace("late: 8", "lost: 8"), "E205", "spec.evaluation.costs.very_late", "'lost' is no class"),
        ("slices: [country, Country]", "E207", "spec.evaluation.slices", "given twice"),
        ("slices: [{name: n, expression: 'count(*)'}]", "E224", "spec.evaluation.slices.0.expression", "aggregate"),
        ("slices: [{name: n, expression: '1 +'}]", "E224", "spec.evaluation.slices.0.expression", ""),
        ("slices: [customer_id]", "E205", "spec.evaluation.slices.0", "tells single"),
        ("slices: [{name: country, expression: 'lower(country)'}]", "E207", "spec.evaluation.slices.0", "a feature"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(text: str, code: str, field: str, said: str) -> None:
    found = problems(declared(text))
    assert [(problem.code, problem.field.startswith(field)) for problem in found][:1] == [(code, True)], found
    assert said in found[0].message
