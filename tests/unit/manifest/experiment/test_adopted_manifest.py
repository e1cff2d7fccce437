"""A manifest with what a trial has otherwise declares the trial's recipe, and keeps what was there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.experiment.candidates import arms_of, recipe_at, search_space
from reconciler.core.experiment.samplers import random_points
from reconciler.core.experiment.tried_space import space_of
from reconciler.core.spec.decisions.declared import Calibrate, CalibrationMethod, Decide, DecisionMetric
from reconciler.core.spec.experiment.declared_experiment import EstimatorSpace, ModelSpace, ParamAxis, PastSpace
from reconciler.core.spec.recipe import Estimator, Features, NamedExpression, Past, PastFeature, Recipe, blend_of
from reconciler.manifest.experiment.adopted_manifest import with_recipe
from reconciler.manifest.loading.load import load
from reconciler.manifest.yaml.edit import document
from reconciler.ports import TreeFile
from tests.unit.core.experiment.test_candidates import EXPERIMENT
from tests.unit.manifest.loading.test_cross_checks import EXPRESSIONS, FILES, MODEL

TEXT = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: customer-payments}
spec:
  recipe:
    task: classification
    data:
      from: invoices
      derive: {days_late: "date_diff('day', due_date, paid_date)"}
      key: row_id
      past:   # of the customer
        by: [customer_id, country]
        at: invoice_date
        known: paid_date
        features:
          prior: count(*)
          lately: {aggregate: avg(days_late), within: 180d}
          last_ten: {aggregate: avg(days_late), last: 10}
    outcome:
      classes: {on_time: days_late <= 0, late: days_late <= 30, very_late: days_late > 30}
    features:
      numeric: [invoice_amount, terms_days, prior, lately]  # of the invoice
      categorical: [country]
      dates: {invoice_date: [month, weekday]}
      text: {note: 64}
      targetEncoded: [customer_id]
    estimator:
      uses: sklearn
      class: HistGradientBoostingClassifier
      params: {max_iter: 120, class_weight: {late: 2, very_late: 3.5}}  # late is what costs
      interactions: [[invoice_amount, terms_days], [prior, lately]]
    weights: {recency: {halfLife: 180d, by: invoice_date}}  # older ones count less
    calibrate: {uses: sigmoid}  # what it says is what happens
    decide: {maximise: f1_macro}  # all classes alike
    holdout: {random: 20%}
    seed: 7
"""
KEPT = ("# of the customer", "# of the invoice", "# older ones count less")
COSTS = (
    ("late", (("on_time", 3.0), ("very_late", 1.0))),
    ("on_time", (("late", 1.0), ("very_late", 2.5))),
    ("very_late", (("late", 1.0), ("on_time", 9.0))),
)
ISOTONIC = Calibrate(uses=CalibrationMethod.ISOTONIC, folds=4)
BALANCED = Decide(maximise=DecisionMetric.BALANCED_ACCURACY, folds=5)
SPACE = ModelSpace(
    drop=("invoice_amount", "terms_days", "lately", "invoice_date", "note", "customer_id"),
    add=Features(numeric=("last_ten",)),
    calibrate=(None, ISOTONIC, Calibrate(uses=CalibrationMethod.SIGMOID, folds=5)),
    decide=(None, BALANCED, Decide(costs=COSTS), Decide(costs=COSTS, folds=3)),
)
ESTIMATORS = replace(
    SPACE,
    estimators=(
        EstimatorSpace(
            uses="sklearn",
            class_name="HistGradientBoostingClassifier",
            tried=(ParamAxis(name="class_weight", choices=(None, "balanced")),),
        ),
    ),
)


def recipe_of(text: str) -> Recipe:
    """Return the recipe that a manifest declares, where it is valid."""
    files = {**FILES, MODEL: text.encode()}
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    model = load(files, tree, revision="c", expressions=EXPRESSIONS).model("sandbox", "customer-payments")
    assert model is not None
    return model.recipe


MEMBERS = (
    ("linear", Estimator(uses="sklearn", class_name="LogisticRegression", params=(("C", 2.0),))),
    (
        "boosting",
        Estimator(uses="sklearn", class_name="HistGradientBoostingClassifier", class_weights=(("late", 2.0),)),
    ),
)


def test_a_blend_takes_the_place_of_an_estimator_and_the_other_way_round() -> None:
    base = recipe_of(TEXT.replace("      interactions: [[invoice_amount, terms_days], [prior, lately]]\n", ""))
    text = TEXT.replace("      interactions: [[invoice_amount, terms_days], [prior, lately]]\n", "")
    blends = [blend_of(members, folds) for members, folds in ((MEMBERS, 5), (MEMBERS, 3), (MEMBERS[::-1], 5))]
    other = replace(MEMBERS[0][1], params=(("C", 3.0),))
    blends.append(blend_of((("other", other), MEMBERS[1]), 3))
    for first in blends:
        wanted = replace(base, estimator=first)
        adopted = with_recipe(text, base, wanted)
        assert recipe_of(adopted) == wanted, adopted
        assert with_recipe(adopted, wanted, base) == with_recipe(with_recipe(adopted, wanted, base), base, base)
        assert recipe_of(with_recipe(adopted, wanted, base)) == base
        for second in blends:
            then = replace(base, estimator=second)
            assert recipe_of(with_recipe(adopted, wanted, then)) == then


@pytest.mark.parametrize("space", [SPACE, ESTIMATORS], ids=["rules", "estimators"])
def test_what_is_adopted_declares_the_trial_and_keeps_the_rest(space: ModelSpace) -> None:
    base = recipe_of(TEXT)
    tried = space_of(replace(EXPERIMENT, space=space), base)
    assert tried.drop == SPACE.drop
    for point in random_points(search_space(tried), seed=2, batch=0, count=24):
        wanted = recipe_at(point, tried, base)
        adopted = with_recipe(TEXT, base, wanted)
        assert recipe_of(adopted) == wanted, adopted
        assert all(comment in adopted for comment in KEPT)
        assert with_recipe(adopted, wanted, wanted) == adopted


def test_a_rule_is_written_changed_and_removed_and_nothing_else() -> None:
    base = recipe_of(TEXT)
    removed = with_recipe(TEXT, base, replace(base, calibrate=None, decide=None))
    lines = TEXT.splitlines(keepends=True)
    assert removed == "".join(line for line in lines if "calibrate:" not in line and "decide:" not in line)
    changed = with_recipe(TEXT, base, replace(base, decide=BALANCED))
    assert changed == TEXT.replace("{maximise: f1_macro}", "{maximise: balanced_accuracy, folds: 5}")
    plain = recipe_of(removed)
    written = document(with_recipe(removed, plain, replace(plain, decide=Decide(costs=COSTS, folds=5))))
    assert written["spec"]["recipe"]["decide"]["costs"]["on_time"] == {"late": 1, "very_late": 2.5}


def test_weights_by_class_stay_as_they_were_written_where_a_constraint_goes() -> None:
    text = TEXT
    for old, new in (
        ("late: days_late <= 30, very_late: days_late > 30", "late: days_late > 0"),
        (", very_late: 3.5}}", "}}"),
        (
            "      interactions:",
            "      monotonic: {lately: increasing, invoice_amount: increasing}\n      interactions:",
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    base = recipe_of(text)
    wanted = recipe_at((("drop", 1.0),), SPACE, base)
    assert wanted.estimator.monotonic == (("lately", "increasing"),)
    assert wanted.estimator.interactions == (("prior", "lately"),)
    adopted = with_recipe(text, base, wanted)
    assert "class_weight: {late: 2}}  # late is what costs" in adopted
    assert recipe_of(adopted).estimator == wanted.estimator


def test_weights_by_class_follow_classes_that_become_one() -> None:
    base = recipe_of(TEXT)
    arm = arms_of(ModelSpace(collapse=("late", "very_late")), base)[-1].recipe
    adopted = with_recipe(TEXT, base, arm)
    assert recipe_of(adopted) == arm
    assert document(adopted)["spec"]["recipe"]["estimator"]["params"]["class_weight"] == {"late_or_very_late": 2}


NEW = (
    PastFeature(name="past_worst", expression='max("days_late")'),
    PastFeature(name="past_rows_within_180d", expression="count(*)", within=180 * 86400),
    PastFeature(name="past_late_last_3", expression="avg((days_late > 0)::int)", last=3),
)
WITHOUT_PAST = TEXT[: TEXT.index("      past:")] + TEXT[TEXT.index("    outcome:") :].replace(", prior, lately]", "]")


def space_of_past(base: Recipe) -> ModelSpace:
    """A space of one group of features from earlier rows, of a model that declares some and of one that does not."""
    own = base.data.past
    past = own or Past(by="customer_id", at="invoice_date", known="known_from", features=())
    derive = () if own is not None else (NamedExpression(name="known_from", expression="paid_date"),)
    names = tuple(each.name for each in NEW)
    whole = replace(past, features=(*past.features, *NEW))
    tried = PastSpace(past=whole, groups=(names,), derive=derive, guessed=own is None, outcomes=True)
    return ModelSpace(add=Features(numeric=names), past=tried)


@pytest.mark.parametrize("text", [TEXT, WITHOUT_PAST.replace(", [prior, lately]]", "]")], ids=["declared", "guessed"])
def test_features_from_earlier_rows_are_declared_where_people_look_for_them(text: str) -> None:
    base = recipe_of(text)
    space = space_of_past(base)
    some = recipe_at((("add.past_worst", 1.0), ("add.past_late_last_3", 1.0)), space, base)
    adopted = with_recipe(text, base, some)
    assert recipe_of(adopted) == some
    assert all(comment in adopted for comment in KEPT if comment in text)
    assert "past_rows_within_180d" not in adopted
    every = recipe_at(tuple((f"add.{each.name}", 1.0) for each in NEW), space, base)
    assert recipe_of(with_recipe(text, base, every)) == every
    assert recipe_of(with_recipe(adopted, some, every)) == every
    assert recipe_at((), space, base) == base
