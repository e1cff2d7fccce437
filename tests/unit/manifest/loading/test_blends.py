"""A blend in a manifest: each mistake is told at its place, all at once; a recipe without one has its old text."""

from __future__ import annotations

import pytest

from reconciler import codec
from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.spec.recipe import Estimator, Recipe, blend_of
from tests.unit.manifest.loading.test_cross_checks import FILES, MODEL, edited, problems
from tests.unit.manifest.loading.test_decisions import model_of

TEXT = FILES[MODEL].decode()
BEFORE = TEXT[TEXT.index("    estimator:") : TEXT.index("    holdout:")]
BOOSTING = "a: {uses: sklearn, class: HistGradientBoostingClassifier}"
LINEAR = "b: {uses: sklearn, class: LogisticRegression, params: {C: 2.0}}"
FOREST = "c: {uses: sklearn, class: ExtraTreesClassifier}"
SIX = [f"m{index}: {{uses: sklearn, class: LogisticRegression, params: {{C: {index + 1}.5}}}}" for index in range(6)]
PLACE = "spec.recipe.estimator.members"
MONOTONIC = "monotonic: {invoice_amount: increasing}"


def blend(*members: str, more: str = "") -> dict[str, bytes]:
    lines = "".join(f"        {member}\n" for member in members) if members else ""
    head = "      members:\n" if members else "      members: {}\n"
    return edited((BEFORE, f"    estimator:\n      uses: blend\n{more}{head}{lines}"))


def test_members_are_written_as_estimators_in_any_order() -> None:
    recipe = model_of(blend(LINEAR, BOOSTING, more="      folds: 3\n")).recipe
    assert recipe.estimator == blend_of(
        (
            ("a", Estimator(uses="sklearn", class_name="HistGradientBoostingClassifier")),
            ("b", Estimator(uses="sklearn", class_name="LogisticRegression", params=(("C", 2.0),))),
        ),
        3,
    )
    assert recipe == model_of(blend(BOOSTING, LINEAR, more="      folds: 3\n")).recipe
    assert codec.decode(Recipe, codec.encode(recipe), what="recipe") == recipe
    assert recipe.fits_out_of_fold
    assert quantile_of(recipe.estimator) is None


def test_a_recipe_without_a_blend_has_the_text_that_it_always_had() -> None:
    assert "blend" not in codec.encode(model_of(FILES).recipe).decode()


@pytest.mark.parametrize(
    ("members", "code", "field", "said"),
    [
        ([], "E205", PLACE, "2 to 5 members, and this one none"),
        ([BOOSTING], "E205", PLACE, "this one 1"),
        (SIX, "E205", PLACE, "this one 6"),
        ([BOOSTING, BOOSTING], "E106", None, "twice"),
        ([BOOSTING, "b: {uses: sklearn, class: HistGradientBoostingClassifier}"], "E207", f"{PLACE}.b", "the same"),
        ([BOOSTING, "b: {uses: lightgbm, class: LGBMClassifier}"], "E213", f"{PLACE}.b.uses", "file of its own"),
        ([BOOSTING, "b: {uses: xgboost, class: XGBClassifier}"], "E213", f"{PLACE}.b.uses", "file of its own"),
        ([BOOSTING, f"b: {{uses: blend, members: {{{LINEAR}}}}}"], "E205", f"{PLACE}.b", "and no blend"),
        ([BOOSTING, "b: {uses: torch, class: LogisticRegression}"], "E205", f"{PLACE}.b.uses", "expected"),
        ([BOOSTING, "b: {uses: sklearn}"], "E204", f"{PLACE}.b.class", "missing"),
        ([BOOSTING, "b: {uses: sklearn, class: SVC}"], "E213", f"{PLACE}.b.class", ""),
        ([BOOSTING, "b: {uses: sklearn, class: Ridge}"], "E213", f"{PLACE}.b.class", "for regression"),
        ([BOOSTING, "b: {uses: sklearn, class: KNeighborsClassifier}"], "E213", f"{PLACE}.b.class", "keeps training"),
        ([BOOSTING, LINEAR.replace("C: 2.0", "C: -1")], "E214", f"{PLACE}.b.params.C", "expected"),
        ([BOOSTING, LINEAR.replace("C: 2.0", "Cs: 2.0")], "E214", f"{PLACE}.b.params.Cs", "unknown parameter"),
        ([BOOSTING, LINEAR.replace("C: 2.0", "n_jobs: 2")], "E215", f"{PLACE}.b.params.n_jobs", "parallel"),
        (
            [BOOSTING, LINEAR.replace("C: 2.0", "class_weight: {later: 2}")],
            "E203",
            f"{PLACE}.b.params.class_weight.later",
            "not one of the classes",
        ),
        ([BOOSTING, LINEAR.replace("b:", "B_1:")], "E206", f"{PLACE}.B_1", "not a valid name"),
        (
            [BOOSTING.replace("}", ", interactions: [[invoice_amount, country]]}"), FOREST],
            "E205",
            f"{PLACE}.a.interactions",
            "since c would not",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(members: list[str], code: str, field: str | None, said: str) -> None:
    found = problems(blend(*members))
    assert [(one.code, one.field) for one in found] == [(code, field)], found
    assert said in found[0].message
    assert found[0].where is not None
    assert found[0].where.line
    assert found[0].where.column


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(
        blend(
            "a: {uses: sklearn, class: HistGradientBoostingClassifier, params: {max_iter: -1}}",
            "b: {uses: xgboost, class: XGBClassifier}",
            "c: {uses: blend}",
            "d: {uses: sklearn, class: SVC, colour: red}",
            more="      folds: 1\n      clas: x\n",
        )
    )
    assert {(one.code, (one.field or "").removeprefix("spec.recipe.estimator.")) for one in found} == {
        ("E205", "folds"),
        ("E203", "clas"),
        ("E205", "members.c"),
        ("E203", "members.d.colour"),
        ("E213", "members.b.uses"),
        ("E213", "members.d.class"),
        ("E214", "members.a.params.max_iter"),
    }


def test_members_of_a_regression_predict_the_same() -> None:
    text = TEXT.replace("task: classification", "task: regression")
    start, end = text.index("      # The first condition"), text.index("    features:", text.index("    outcome:"))
    numbers = text[:start] + "      column: days_late\n" + text[end:]

    def found(*members: str) -> list[tuple[str, str | None]]:
        lines = "".join(f"        {member}\n" for member in members)
        body = numbers.replace(BEFORE, f"    estimator:\n      uses: blend\n      members:\n{lines}")
        return [
            (one.code, one.field) for one in problems({**FILES, MODEL: body.encode()}) if PLACE in (one.field or "")
        ]

    mean = "a: {uses: sklearn, class: Ridge}"
    high = "b: {uses: sklearn, class: HistGradientBoostingRegressor, params: {loss: quantile, quantile: 0.9}}"
    same = "c: {uses: sklearn, class: GradientBoostingRegressor, params: {loss: quantile, alpha: 0.9}}"
    other = same.replace("0.9", "0.8")
    rising = "d: {uses: sklearn, class: HistGradientBoostingRegressor, " + MONOTONIC + "}"
    falling = rising.replace("increasing", "decreasing").replace("d:", "e:")
    assert found(mean, high) == [("E205", f"{PLACE}.b")]
    assert found(high, same) == []
    assert found(high, other) == [("E205", f"{PLACE}.c")]
    assert found(rising, rising.replace("d:", "e:").replace("Regressor,", "Regressor, params: {max_iter: 9},")) == []
    assert found(rising, mean) == [("E205", f"{PLACE}.d.monotonic")]
    assert found(rising, falling) == [("E205", f"{PLACE}.e.monotonic")]
    assert found(rising, mean.replace("}", ", " + MONOTONIC + "}")) == [("E214", f"{PLACE}.a.monotonic")]


def test_rows_are_weighed_where_every_member_can() -> None:
    weighed = "    weights: {recency: {halfLife: 180d, by: invoice_date}}\n    seed: 7\n"
    neighbours = "b: {uses: sklearn, class: KNeighborsClassifier, keepsRows: accepted}"
    for member, expected in ((LINEAR, []), (neighbours, [("E213", "spec.recipe.weights.recency")])):
        body = blend(BOOSTING, member)[MODEL].decode().replace("    seed: 7\n", weighed)
        found = problems({**FILES, MODEL: body.encode()})
        assert [(one.code, one.field) for one in found] == expected
