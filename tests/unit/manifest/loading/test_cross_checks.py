"""Rules that hold between fields: leaks, gates that cannot fail, parameters, places of expressions, one of a kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.artifact.evaluation import METRIC_RANGE, REGRESSION_METRICS
from reconciler.data.in_process import LocalExpressions
from reconciler.errors import InvalidManifestsError, Problem
from reconciler.manifest.loading.load import load
from reconciler.manifest.schema.estimators import table
from reconciler.ports import TreeFile

REPOSITORY = Path(__file__).resolve().parents[4]
SANDBOX, PRODUCTION = "environments/sandbox.yaml", "environments/production.yaml"
MODEL = "manifests/sandbox/customer-payments.yaml"
PATHS = ("reconciler.yaml", SANDBOX, PRODUCTION, MODEL, "requirements.lock")
FILES = {path: (REPOSITORY / path).read_bytes() for path in PATHS}
EXPRESSIONS = LocalExpressions()


def problems(files: dict[str, bytes]) -> tuple[Problem, ...]:
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    try:
        load(files, tree, revision="c", expressions=EXPRESSIONS)
    except InvalidManifestsError as error:
        return error.problems
    return ()


def edited(*changes: tuple[str, str], file: str = MODEL) -> dict[str, bytes]:
    text = FILES[file].decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {**FILES, file: text.encode()}


def codes(files: dict[str, bytes]) -> list[str]:
    return [problem.code for problem in problems(files)]


# --- places ---


@pytest.mark.parametrize("root", [".reconciler/sandbox", ".reconciler/sandbox/below"])
def test_two_environments_that_share_a_folder_are_told_with_the_place(root: str) -> None:
    (problem,) = problems(edited(("root: serving", f"root: {root}"), file=PRODUCTION))
    assert (problem.code, problem.where.file, problem.field) == ("E212", SANDBOX, "spec")
    assert problem.message == "shares a folder or bucket with environment production"


# --- data snapshots ---


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("keep: 3", "spec.data.keep"),
        ("columns: used", "spec.data.columns"),
        ("sample: {by: customers.customer_id, share: 20%}", "spec.data.sample"),
    ],
)
def test_what_is_said_of_snapshots_where_none_is_taken_is_told(said: str, field: str) -> None:
    (problem,) = problems(edited(("  data:\n", f"  data:\n    {said}\n"), file=PRODUCTION))
    assert (problem.code, problem.where.file, problem.field) == ("E205", PRODUCTION, field)
    assert "production takes none" in problem.message


def test_a_sample_of_a_table_that_is_not_copied_is_told() -> None:
    sample = "    sample: {by: custmers.customer_id, share: 20%}\n"
    (problem,) = problems(edited(("  data:\n", f"  data:\n{sample}"), file=SANDBOX))
    assert (problem.code, problem.where.file, problem.field) == ("E212", SANDBOX, "spec.data.sample.by")
    assert "declares no table 'custmers'" in problem.message


# --- leaks -----------------------------------------------------------------------------------------------------------

DERIVE = ("        invoice_month: month(invoice_date)\n", "")
NUMERIC = "numeric: [invoice_amount, "


def with_feature(name: str, derive: str = "") -> dict[str, bytes]:
    line = DERIVE[0]
    return edited((line, line + derive), (NUMERIC, f"{NUMERIC}{name}, "))


@pytest.mark.parametrize(
    ("name", "derive", "chain"),
    [
        ("paid_date", "", "paid_date"),
        ("PAID_DATE", "", "PAID_DATE"),
        ("days_late", "", "days_late"),
        ("x", "        x: days_late + 1\n", "x <- days_late"),
        ("x", "        x: days_late + 1\n        y: x\n", "x <- days_late"),
        ("y", "        x: DAYS_LATE * 2\n        y: x + 1\n", "y <- x <- DAYS_LATE"),
        ("x", "        x: (paid_date is null)::int\n", "x <- paid_date"),
        ("x", "        x: date_diff('day', due_date, paid_date)\n", "x <- paid_date"),
    ],
)
def test_a_feature_that_knows_the_outcome_is_refused_with_the_way_there(name: str, derive: str, chain: str) -> None:
    found = problems(with_feature(name, derive))
    assert [(one.code, one.field) for one in found] == [("E223", "spec.recipe.features.numeric.1")]
    assert found[0].message == f"leaks the outcome: {chain}"
    line = next(n for n, text in enumerate(FILES[MODEL].decode().splitlines(), 1) if NUMERIC in text)
    assert found[0].where.line == line + derive.count("\n")
    assert found[0].where.column == 7 + len(NUMERIC)


@pytest.mark.parametrize(
    ("name", "derive"),
    [
        ("due", "        due: month(due_date)\n"),
        ("age", "        age: date_diff('day', invoice_date, as_of)\n"),
        ("x", "        x: terms_days * 2\n"),
    ],
)
def test_what_is_known_from_the_first_day_is_a_feature(name: str, derive: str) -> None:
    assert problems(with_feature(name, derive)) == ()


def test_every_leak_is_told_not_only_the_first() -> None:
    assert codes(with_feature("paid_date, days_late")) == ["E223", "E223"]


# --- gates -----------------------------------------------------------------------------------------------------------

GATE = "    - {uses: threshold, metric: f1_macro, atLeast: 0.45}\n"


def with_gate(gate: str) -> dict[str, bytes]:
    return edited((GATE, f"    - {gate}\n"))


@pytest.mark.parametrize("metric", [*sorted(METRIC_RANGE), "recall:late"])
def test_a_threshold_that_every_model_passes_is_refused_whatever_the_metric(metric: str) -> None:
    low, high = METRIC_RANGE.get(metric, (0.0, 1.0))
    task = [("task: classification", "task: regression")] * (metric in REGRESSION_METRICS)
    for bound in [f"atLeast: {low}"] * (low > -1e300) + [f"atMost: {high}"] * (high < 1e300):
        found = codes(edited((GATE, f'    - {{uses: threshold, metric: "{metric}", {bound}}}\n'), *task))
        assert "E217" in found, bound


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("{uses: threshold, metric: accuracy, atLeast: 0}", "E217"),
        ("{uses: threshold, metric: accuracy, atLeast: -3}", "E217"),
        ("{uses: threshold, metric: accuracy, atMost: 1}", "E217"),
        ("{uses: threshold, metric: accuracy, atLeast: 1.1}", "E217"),
        ("{uses: threshold, metric: accuracy, atLeast: 0, atMost: 1}", "E217"),
        ("{uses: threshold, metric: accuracy}", "E217"),
        ("{uses: threshold, metric: log_loss, atLeast: 0}", "E217"),
        ("{uses: threshold, metric: log_loss, atMost: -1}", "E217"),
        ('{uses: threshold, metric: "recall:late", atLeast: 0.0}', "E217"),
        ('{uses: threshold, metric: "recall:never", atLeast: 0.5}', "E216"),
        ('{uses: threshold, metric: "recal:late", atLeast: 0.5}', "E216"),
        ("{uses: performance-grade, atLeast: D}", "E217"),
        ("{uses: performance-grade, atLeast: E}", "E205"),
        ("{uses: beats-naive-guess, byShareOfErrors: 0}", "E205"),
        ("{uses: beats-naive-guess, byShareOfErrors: -0.1}", "E205"),
        ("{uses: beats-naive-guess, byShareOfErrors: 1.01}", "E205"),
        ("{uses: no-worse-than-incumbent, metric: f1_macro, tolerance: -0.01}", "E205"),
        ("{uses: no-worse-than-incumbent, metric: f1_macro, tolerance: 1}", "E217"),
        ("{uses: no-worse-than-incumbent, metric: f1_macro, minRows: 0}", "E205"),
        ("{uses: no-worse-than-incumbent, metric: mae}", "E216"),
        ("{uses: no-worse-than-incumbent, metric: f1_macro, against: first}", "E205"),
        ("{uses: no-worse-than-incumbent, metric: f1_macro, within: 30d}", "E205"),
        ("{uses: no-worse-than-incumbent, metric: f1_macro, against: best, within: soon}", "E205"),
        ("{uses: performance-grade, atLeast: C, for: {}}", "E204"),
        ("{uses: performance-grade, atLeast: C, for: {task: ranking}}", "E205"),
        ("{uses: performance-grade, atLeast: C, for: {task: regression}}", "E217"),
        ("{uses: performance-grade, atLeast: C, for: {labels: {tier: critical}}}", "E217"),
        ("{uses: threshold, metric: r2, atLeast: 0.1, for: {task: classification}}", "E216"),
        ("{uses: no-worse-than-incumbent, metric: f1_macro, for: {task: regression}}", "E216"),
        ("{uses: nothing}", "E205"),
        ("{}", "E205"),
    ],
)
def test_a_gate_that_decides_nothing_is_refused(gate: str, code: str) -> None:
    found = problems(with_gate(gate))
    assert [one.code for one in found] == [code], [str(one) for one in found]
    line = next(n for n, text in enumerate(FILES[MODEL].decode().splitlines(keepends=True), 1) if text == GATE)
    assert found[0].where.line == line


@pytest.mark.parametrize(
    "gate",
    [
        "{uses: threshold, metric: accuracy, atLeast: 0.001}",
        "{uses: threshold, metric: log_loss, atMost: 5}",
        '{uses: threshold, metric: "f1:very_late", atLeast: 0.1}',
        "{uses: beats-naive-guess, byShareOfErrors: 1}",
        "{uses: no-worse-than-incumbent, metric: log_loss, tolerance: 0, rule: strict, minRows: 1}",
        "{uses: no-worse-than-incumbent, metric: f1_macro, against: incumbent}",
        "{uses: no-worse-than-incumbent, metric: f1_macro, against: best}",
    ],
)
def test_a_gate_at_the_edge_is_taken(gate: str) -> None:
    assert problems(with_gate(gate)) == ()


def promoting(gates: str, role: str = "production", labels: str = "") -> dict[str, bytes]:
    """Return a project whose model stands in production without gates of its own, under these of the environment."""
    policy = FILES[PRODUCTION].decode().replace("role: production", f"role: {role}")
    start, end = policy.index("    gates:\n"), policy.index("    maxDataAge")
    production = FILES[MODEL].decode().replace("spec:\n", f"spec:\n  artifact: sha256:{'a' * 64}\n", 1)
    production = production[: production.index("  # Checks that every candidate")]
    production = production.replace("metadata:\n", f"metadata:\n  labels: {{{labels}}}\n" if labels else "metadata:\n")
    return {
        **FILES,
        PRODUCTION: (policy[:start] + (f"    gates: [{gates}]\n" if gates else "") + policy[end:]).encode(),
        "manifests/production/customer-payments.yaml": production.encode(),
    }


GRADE = "{uses: performance-grade, atLeast: C"
R2 = "{uses: threshold, metric: r2, atLeast: 0.1"


@pytest.mark.parametrize("role", ["production", "staging", "test"])
def test_nothing_is_promoted_without_a_gate_that_applies(role: str) -> None:
    assert codes(promoting("", role)) == ["E218"]
    assert codes(promoting(f"{R2}, for: {{task: regression}}}}", role)) == ["E218"]
    assert codes(promoting(GRADE + ", for: {labels: {tier: critical}}}", role)) == ["E218"]
    assert codes(promoting(GRADE + "}", role)) == []


def test_a_gate_of_the_environment_on_a_figure_that_the_task_does_not_have_does_not_apply() -> None:
    assert codes(promoting(f"{GRADE}}}, {R2}}}")) == []
    assert codes(promoting(f"{R2}}}")) == ["E218"]
    assert codes(promoting(f"{GRADE}}}, {R2}, for: {{task: regression}}}}")) == []
    assert codes(promoting(f"{GRADE}}}, {R2}, for: {{labels: {{tier: critical}}}}}}")) == []
    assert codes(promoting(f"{GRADE}}}, {R2}, for: {{labels: {{tier: critical}}}}}}", labels="tier: critical")) == []


def test_a_gate_of_the_environment_on_a_class_that_the_outcome_does_not_have_is_refused() -> None:
    unknown = '{uses: threshold, metric: "recall:laet", atLeast: 0.1'
    (problem,) = problems(promoting(f"{GRADE}}}, {unknown}}}"))
    assert problem.code == "E216"
    assert problem.hint is not None
    assert "for:" in problem.hint
    assert codes(promoting(f"{GRADE}}}, {unknown}, for: {{labels: {{tier: critical}}}}}}")) == []


RETIRE = "    retire: [{model: customer-payments, reason: unused}]\n    maxDataAge"


def test_consent_to_retire_a_declared_model_is_refused() -> None:
    files = promoting(GRADE + "}")
    files[PRODUCTION] = files[PRODUCTION].replace(b"    maxDataAge", RETIRE.encode())
    assert codes(files) == ["E225"]
    del files["manifests/production/customer-payments.yaml"]
    assert codes(files) == []


@pytest.mark.parametrize("labels", ["Tier: a", "tier: 1", 'tier: ""', f"tier: {'a' * 64}", "tier: {a: b}"])
def test_labels_are_texts_by_name(labels: str) -> None:
    assert set(codes(promoting(GRADE + "}", labels=labels))) <= {"E201", "E202", "E205", "E206"}
    assert codes(promoting(GRADE + "}", labels=labels))


# --- estimators ------------------------------------------------------------------------------------------------------

ESTIMATOR = "{uses: sklearn, class: HistGradientBoostingClassifier, params: {max_iter: 120, learning_rate: 0.05}}"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("HistGradientBoostingClasifier", "E213"),
        ("sklearn.ensemble.RandomForestClassifier", "E213"),
        ("_BaseForest", "E213"),
        ("builtins.eval", "E213"),
        ("__import__('os')", "E213"),
        ("Pipeline", "E213"),
        ("RandomForestRegressor", "E213"),
        ("KNeighborsClassifier", "E213"),
    ],
)
def test_only_an_estimator_of_the_table_and_of_the_task_may_train(name: str, code: str) -> None:
    found = problems(edited((ESTIMATOR, f'{{uses: sklearn, class: "{name}"}}')))
    assert [(one.code, one.field) for one in found] == [(code, "spec.recipe.estimator.class")]


def test_the_nearest_estimator_is_named() -> None:
    found = problems(edited(("HistGradientBoostingClassifier", "HistGradientBoostingClasifier")))
    assert found[0].hint == "did you mean HistGradientBoostingClassifier?"


def test_rows_inside_an_artifact_have_to_be_accepted() -> None:
    given = "{uses: sklearn, class: KNeighborsClassifier, keepsRows: accepted}"
    assert problems(edited((ESTIMATOR, given))) == ()


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ("max_itr: 1", "E214"),
        ("max_iter: 1.5", "E214"),
        ("max_iter: true", "E214"),
        ('max_iter: "5"', "E214"),
        ("max_iter: 0", "E214"),
        ("max_iter: -1", "E214"),
        ("max_iter: 1000000000", "E215"),
        ("max_iter: null", "E214"),
        ("learning_rate: 0", "E214"),
        ("n_jobs: -1", "E215"),
        ("n_jobs: 1", "E215"),
        ("random_state: 3", "E214"),
        ("verbose: 1", "E214"),
        ("warm_start: true", "E214"),
        ("loss: absolute_error", "E214"),
        ("__class__: os", "E214"),
        ("scoring: accuracy", "E214"),
    ],
)
def test_a_parameter_is_of_the_table_and_within_its_bounds(params: str, code: str) -> None:
    found = problems(edited(("max_iter: 120, learning_rate: 0.05", params)))
    assert [one.code for one in found] == [code], [str(one) for one in found]
    line = next(n for n, text in enumerate(FILES[MODEL].decode().splitlines(), 1) if ESTIMATOR in text)
    start = 5 + ESTIMATOR.index("max_iter") + len("estimator: ") + len(params.partition(" ")[0]) + 1
    assert (found[0].where.line, found[0].where.column) == (line, start)


def test_an_estimator_inside_an_estimator_is_no_value() -> None:
    nested = "{}"
    for _ in range(12):
        nested = f"{{estimator: {nested}}}"
    assert set(codes(edited(("max_iter: 120, learning_rate: 0.05", f"estimator: {nested}")))) == {"E201"}


# What the rows and columns bound already.
BOUNDED_BY_DATA = {
    "max_features",
    "max_samples",
    "min_samples_leaf",
    "min_samples_split",
    "n_components",
    "n_iter_no_change",
    "validation_fraction",
}


def test_every_number_that_time_and_memory_grow_with_has_a_cap() -> None:
    for name, entry in table().items():
        for param, alternatives in entry["params"].items():
            for one in alternatives:
                assert one["type"] != "integer" or "max" in one or param in BOUNDED_BY_DATA, (name, param)


# --- expressions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "offset"),
    [
        ("days_late <= random()", len("days_late <= ")),
        ('"days_late <= random()"', 1 + len("days_late <= ")),
        ("'days_late <= random()'", 1 + len("days_late <= ")),
        ("country = 'é' and random() < 1", len("country = 'é' and ")),
        ("days_late <= (select 1)", len("days_late <= ")),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_is_wrong_with_an_expression_is_told_at_the_character(written: str, offset: int, ends: str) -> None:
    files = edited(("on_time: days_late <= 0", f"on_time: {written}"))
    body = files[MODEL].decode()
    line = next(n for n, text in enumerate(body.splitlines(), 1) if written in text)
    found = problems({**files, MODEL: body.replace("\n", ends).encode()})
    assert [(one.code, one.where.line, one.where.column) for one in found] == [("E224", line, 18 + offset)]
    assert found[0].field == "spec.recipe.outcome.classes.on_time"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("count(*)", "invoice_amount", "E224"),
        ("count(*)", "avg(days_late) + 1", "E224"),
        ("month(invoice_date)", "count(*)", "E224"),
        ("month(invoice_date)", "''", "E204"),
        ("terms_days: date_diff", "as_of: date_diff", "E207"),
        ("terms_days: date_diff", "AS_OF: date_diff", "E207"),
        ("prior_invoices: count(*)", "terms_days: count(*)", "E207"),
        ("month(invoice_date)", "invoice_month + 1", "E222"),
        ("date_diff('day', invoice_date, due_date)", "invoice_month + 1", "E222"),
    ],
)
def test_names_and_aggregates_keep_to_their_places(old: str, new: str, code: str) -> None:
    assert code in codes(edited((old, new)))


# --- words of their own ----------------------------------------------------------------------------------------------


def test_a_misspelt_field_names_the_nearest() -> None:
    found = problems(edited(("categorical:", "categorial:")))
    assert [(one.code, one.hint) for one in found] == [("E203", "did you mean `categorical`?")]


@pytest.mark.parametrize("text", ["1.10", "12345678", "010", "0x1F", "1e3", "true", "null", "~", ".5"])
def test_a_text_that_reads_as_something_else_asks_for_quotes(text: str) -> None:
    found = problems(edited(("owner: credit-and-collections", f"owner: {text}")))
    assert [(one.code, one.hint) for one in found] == [("E201", "put quotes around it")]


@pytest.mark.parametrize("text", ["NO", "on", "yes", "1:30", "2024-01-31", "1_000", '"1.10"'])
def test_text_of_the_core_schema_is_text(text: str) -> None:
    assert problems(edited(("owner: credit-and-collections", f"owner: {text}"))) == ()


@pytest.mark.parametrize("number", ["1e-3", "1.0e-3", "0.001", ".5"])
def test_numbers_of_the_core_schema_are_numbers(number: str) -> None:
    assert problems(edited(("atLeast: 0.45", f"atLeast: {number}"))) == ()


def test_the_same_model_or_table_by_another_case_is_refused() -> None:
    other = MODEL.replace("customer", "Customer")
    assert "E303" in codes({**FILES, other: FILES[MODEL]})


SECRETS = {
    "a cloud key": "AKIAABCDEFGHIJKLMNOP",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "a password": "postgres://me:hunter2@db.example/x",
    "a token": "ghp_" + "a1" * 20,
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("place", ["owner: credit-and-collections", "description: When will an invoice be paid?"])
def test_a_secret_is_told_by_its_place_and_never_shown(secret: str, place: str) -> None:
    field = place.partition(":")[0]
    found = problems(edited((place, f'{field}: "{secret}"')))
    assert [one.code for one in found] == ["E219"]
    assert not any(part in str(one) for one in found for part in ("AKIAABC", "hunter2", "a1a1a1", "BEGIN"))


def test_a_secret_in_the_place_of_a_key_is_found_and_not_shown() -> None:
    for secret in SECRETS.values():
        found = problems(edited(("owner: credit-and-collections", f'"{secret}": x')))
        assert "E219" in [one.code for one in found]
        assert not any(secret in str(one) for one in found), [str(one) for one in found]


def test_a_blend_beside_the_estimator_is_told_where_it_is_written() -> None:
    (problem,) = problems(edited(("    seed: ", "    blend: {members: []}\n    seed: ")))
    assert problem.code == "E203"
    assert "`estimator: {uses: blend, …}`" in problem.message
