"""What is wrong with an experiment is told at its place, before any trial: what a trial would be refused for, too."""

from __future__ import annotations

import pytest

from reconciler.core.spec.experiment.declared_experiment import Experiment, ParamAxis, Sampler
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile
from tests.unit.manifest.loading.test_cross_checks import EXPRESSIONS, FILES, problems

FILE = "experiments/search.yaml"
TEXT = """\
apiVersion: reconciler/v1
kind: Experiment
metadata: {name: search}
spec:
  model: customer-payments
  environment: sandbox
  metric: f1_macro
  trials: 48
  search: {uses: optuna, sampler: tpe, batch: 8, seed: 1, prune: halving}
  space:
    estimator:
      - uses: sklearn
        class: HistGradientBoostingClassifier
        params: {max_iter: {intLog: [50, 300]}, learning_rate: {log: [0.02, 0.3]}, max_bins: 100}
      - uses: sklearn
        class: LogisticRegression
        params: {class_weight: [null, balanced], C: {real: [0.1, 10]}}
    features: {drop: [country], add: {numeric: [discount]}}
    where: [null, invoice_amount >= 100]
    train: {since: [null, 2024-01-01]}
    outcome: {collapse: [late, very_late]}
"""


def with_text(*changes: tuple[str, str]) -> dict[str, bytes]:
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {**FILES, FILE: text.encode()}


def loaded(files: dict[str, bytes]) -> Experiment:
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    (experiment,) = load(files, tree, revision="c", expressions=EXPRESSIONS).experiments
    return experiment


def test_an_experiment_is_read_with_every_axis() -> None:
    experiment = loaded(with_text())
    assert (experiment.model, experiment.environment, experiment.trials) == ("customer-payments", "sandbox", 48)
    assert (experiment.search.sampler, experiment.search.prune, experiment.folds) == (Sampler.TPE, True, 3)
    space = experiment.space
    assert space is not None
    boosting, linear = space.estimators
    assert boosting.params == (("max_bins", 100),)
    assert ParamAxis(name="max_iter", low=50, high=300, whole=True, log=True) in boosting.tried
    assert ParamAxis(name="class_weight", choices=(None, "balanced")) in linear.tried
    assert (space.drop, space.add.numeric) == (("country",), ("discount",))
    assert (space.where, space.since) == ((None, "invoice_amount >= 100"), (None, "2024-01-01"))
    assert space.collapse == ("late", "very_late")


BLEND = """\
      - uses: blend
        members:
          a: {uses: sklearn, class: HistGradientBoostingClassifier}
          b: {uses: sklearn, class: ExtraTreesClassifier, params: {n_estimators: 50}}
    features: {drop"""


def test_a_blend_is_tried_as_it_is_written() -> None:
    space = loaded(with_text(("    features: {drop", BLEND))).space
    assert space is not None
    blend = space.estimators[2].blend
    assert blend is not None
    assert [(name, member.class_name) for name, member in blend.members] == [
        ("a", "HistGradientBoostingClassifier"),
        ("b", "ExtraTreesClassifier"),
    ]
    assert (blend.folds, space.estimators[2].tried) == (5, ())


@pytest.mark.parametrize(
    ("old", "new", "code", "field", "said"),
    [
        ("n_estimators: 50", "n_estimators: -1", "E214", "b.params.n_estimators", "expected"),
        ("n_estimators: 50", "n_estimators: [5, 50]", "E214", "b.params.n_estimators", "expected"),
        ("class: Extra", "class: Extras", "E213", "b.class", "unsupported"),
        (
            "Classifier}\n          b",
            "Classifier, monotonic: {invoice_amount: increasing}}\n          b",
            "E205",
            "a.monotonic",
            "hold for every trial",
        ),
        ("b: {uses: sklearn, class: Extra", "b: {uses: lightgbm, class: Extra", "E213", "b.uses", "file of its own"),
    ],
)
def test_a_mistake_of_a_blend_is_told_at_its_place(old: str, new: str, code: str, field: str, said: str) -> None:
    assert old in BLEND
    found = problems(with_text(("    features: {drop", BLEND.replace(old, new))))
    assert [(one.code, one.field) for one in found] == [(code, f"spec.space.estimator.2.members.{field}")], found
    assert said in found[0].message


SPACE = "spec.space"
COSTS = (
    "{costs: {on_time: {late: 1, very_late: 2}, late: {on_time: 3, very_late: 1}, very_late: {on_time: 9, late: 1}}}"
)


def _with(axis: str, *, alone: bool = False) -> tuple[str, str]:
    """Return the change that gives the space a further axis; `alone`: instead of that of the outcome."""
    outcome = "    outcome: {collapse: [late, very_late]}\n"
    return outcome, f"    {axis}\n" + ("" if alone else outcome)


TRIED = f"{SPACE}.estimator"


@pytest.mark.parametrize(
    ("old", "new", "code", "field", "said"),
    [
        ("environment: sandbox", "environment: sandbx", "E212", "spec.environment", "does not exist"),
        ("environment: sandbox", "environment: production", "E205", "spec.environment", "only a sandbox trains"),
        ("model: customer-payments", "model: customer-payment", "E212", "spec.model", "has no model"),
        ("metric: f1_macro", "metric: mae", "E205", "spec.metric", "not defined for a classification"),
        ("metric: f1_macro", "metric: pinball", "E205", "spec.metric", "no quantile"),
        ("trials: 48", "trials: 7", "E205", "spec.trials", "leave some without any"),
        ("uses: optuna, sampler: tpe", "uses: grid", "E205", "spec.search.uses", "more points"),
        ("class: LogisticRegression", "class: SVC", "E213", f"{TRIED}.1.class", "support vector"),
        ("class: Hist", "class: Hists", "E213", f"{TRIED}.0.class", "unsupported"),
        ("max_iter: {", "max_iters: {", "E214", f"{TRIED}.0.params.max_iters", "unknown parameter"),
        ("[null, balanced]", "[null, balance]", "E214", f"{TRIED}.1.params.class_weight.1", "expected"),
        ("{real: [0.1, 10]}", "{real: [-1, 10]}", "E214", f"{TRIED}.1.params.C", "expected"),
        ("{intLog: [50, 300]}", "{log: [0.5, 300]}", "E214", f"{TRIED}.0.params.max_iter", "whole number"),
        ("max_bins: 100", "random_state: 3", "E214", f"{TRIED}.0.params.random_state", "seed"),
        ("{real: [0.1, 10]}", "{real: [10, 1]}", "E205", f"{TRIED}.1.params.C", "less than"),
        ("{log: [0.02, 0.3]}", "{log: [0, 0.3]}", "E205", f"{TRIED}.0.params.learning_rate", "over 0"),
        ("[discount]", "[paid_date]", "E223", f"{SPACE}.features.add.numeric.0", "leaks the outcome: paid_date"),
        ("[discount]", "[days_late]", "E223", f"{SPACE}.features.add.numeric.0", "leaks the outcome"),
        ("[discount]", "[discount, discount]", "E207", f"{SPACE}.features.add.numeric.1", "twice"),
        ("[discount]", "[outcome]", "E416", f"{SPACE}.features.add.numeric.0", "cannot be named"),
        ("invoice_amount >= 100", "invoice_amount >=", "E224", f"{SPACE}.where.1", ""),
        ("invoice_amount >= 100", "count(*) > 1", "E224", f"{SPACE}.where.1", "aggregate"),
        ("[late, very_late]", "[on_time, very_late]", "E205", f"{SPACE}.outcome.collapse", "follow one another"),
        ("[late, very_late]", "[later, latest]", "E205", f"{SPACE}.outcome.collapse", "classes of the model"),
        ("[late, very_late]", "[late, later]", "E205", f"{SPACE}.outcome.collapse", "classes of the model"),
        ("2024-01-01", "2024-02-30", "E205", f"{SPACE}.train.since.1", "not a date"),
        ("search: {uses: optuna", "search: {uses: random", "E205", "spec.search.sampler", "optuna"),
        ("    outcome: {", "    blend: [null]\n    outcome: {", "E203", f"{SPACE}.blend", ""),
        (*_with("decide: [null, {maximise: f2}]"), "E205", f"{SPACE}.decide.1.maximise", ""),
        (*_with("decide: [null, {maximise: f1_macro}, null]"), "E207", f"{SPACE}.decide.2", "twice"),
        (
            *_with("decide: [{maximise: f1_macro}, {maximise: f1_macro, folds: 5}]"),
            "E207",
            f"{SPACE}.decide.1",
            "twice",
        ),
        (*_with("decide: []"), "E205", f"{SPACE}.decide", ""),
        (*_with("calibrate: [{uses: platt}]"), "E205", f"{SPACE}.calibrate.0.uses", ""),
        (
            *_with("decide: [{costs: {early: {late: 1}}}]", alone=True),
            "E203",
            f"{SPACE}.decide.0.costs.early",
            "classes",
        ),
        (*_with(f"decide: [null, {COSTS}]"), "E205", f"{SPACE}.decide.1.costs", "collapse"),
        (
            *_with(f"decide: [{COSTS[:-1]}, folds: 5}}]\n    calibrate: [{{uses: sigmoid}}]", alone=True),
            "E205",
            f"{SPACE}.decide.0.folds",
            "nothing is fitted",
        ),
    ],
)
def test_each_mistake_is_told_at_its_place(old: str, new: str, code: str, field: str, said: str) -> None:
    found = problems(with_text((old, new)))
    assert [(problem.code, problem.field) for problem in found] == [(code, field)], found
    assert said in found[0].message
    assert found[0].where.file == FILE
    line = next(
        number
        for number, text in enumerate(with_text((old, new))[FILE].decode().splitlines(), 1)
        if new.strip().split("\n")[0] in text
    )
    assert found[0].where.line == line


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(
        with_text(
            ("metric: f1_macro", "metric: mae"),
            ("[discount]", "[paid_date]"),
            ("[null, balanced]", "[null, balance]"),
        )
    )
    assert [problem.code for problem in found] == ["E205", "E214", "E223"]


@pytest.mark.parametrize("space", ["{}", "{features: {}}", "{features: {add: {}}}", "{where: [null]}"])
def test_a_space_in_which_nothing_is_tried_is_refused(space: str) -> None:
    text = TEXT.partition("  space:")[0].replace("trials: 48", "trials: 2") + f"  space: {space}\n"
    (problem,) = problems({**FILES, FILE: text.encode()})
    assert (problem.code, problem.field) == ("E204", "spec.space")
    assert "every trial would be the model as it is" in problem.message


def test_of_a_space_that_is_wrong_no_count_of_combinations_is_told() -> None:
    found = problems(with_text(("trials: 48", "trials: 2"), ("[late, very_late]", "[on_time, very_late]")))
    assert [problem.field for problem in found] == [f"{SPACE}.outcome.collapse"]


def test_the_names_of_improve_are_no_names_of_experiments() -> None:
    renamed = {**FILES, "experiments/improve-x.yaml": TEXT.replace("name: search", "name: improve-x").encode()}
    assert [(problem.code, problem.field) for problem in problems(renamed)] == [("E206", "metadata.name")]


def test_an_experiment_of_another_place_or_kind_is_told() -> None:
    moved = {**FILES, "experiments/a/search.yaml": TEXT.encode()}
    (problem,) = problems(moved)
    assert (problem.code, "experiments/<name>.yaml" in problem.message) == ("E208", True)
    other = {**FILES, FILE: TEXT.replace("kind: Experiment", "kind: Model").encode()}
    assert "expected kind Experiment" in problems(other)[0].message


def test_what_an_adopted_trial_has_already_is_no_mistake() -> None:
    """A feature that was left out, and one that was added: the experiment can be run again from there."""
    assert problems(with_text(("[country]", "[terms_days]"), ("[discount]", "[invoice_amount]"))) == ()
