"""A problem hides no other: an invalid document is looked at as if it were mended, and nothing is told twice."""

from __future__ import annotations

import pytest

from reconciler.errors import Problem
from tests.unit.manifest.loading.test_cross_checks import MODEL, PRODUCTION, SANDBOX, edited, problems

CLASSES = """\
      classes:
        on_time: days_late <= 0
        late: days_late <= 30
        very_late: days_late > 30
"""


def short(found: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(one.code, (one.field or "").removeprefix("spec.").removeprefix("recipe.")) for one in found]


def test_a_share_as_a_number_is_told_how_to_be_written_and_what_else_is_missing() -> None:
    found = problems(edited(("{last: 20%, by: invoice_date}", "{last: 0.2}")))
    assert sorted(short(found)) == [("E201", "holdout.last"), ("E204", "holdout")]
    assert "write 20%" in next(one for one in found if one.code == "E201").message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("seed: 7", "sede: 7"), ("days_late <= 0", "days_late <= now()")], ["E203", "E204", "E224"]),
        ([("seed: 7", "seed: x"), ("[country,", "[paid_date, country,")], ["E201", "E223"]),
        ([("from: invoices", "from: Invoices!"), ("class: Hist", "class: Hits")], ["E206", "E213"]),
        ([("seed: 7", "seed: x"), ("from: invoices", "from: invoicse")], ["E201", "E212"]),
        ([("because: [recipe]", "because: recipe"), ("max_iter: 120", "max_iter: -1")], ["E201", "E214"]),
        ([("[country, customer_group]", "[country, 5]"), ("month(invoice_date)", "1 +")], ["E201", "E224"]),
        ([("metric: f1_macro", "metric: f1"), ("days_late <= 30", "sum(days_late) > 1")], ["E216", "E224"]),
        ([("task: classification", "task: clasification"), ("days_late <= 0", "now() > 1")], ["E205", "E224"]),
    ],
    ids=lambda case: str(case)[:60],
)
def test_what_is_wrong_with_one_field_hides_nothing(changes: list[tuple[str, str]], expected: list[str]) -> None:
    assert sorted(one.code for one in problems(edited(*changes))) == expected


@pytest.mark.parametrize(
    "change",
    [
        ("holdout: {last: 20%, by: invoice_date}\n", ""),
        ("from: invoices", "from: 5"),
        ("key: invoice_id", "key: invoice id"),
        ("seed: 7", "seed: x"),
        ("estimator: {uses: sklearn,", "estimator: {uses: sklaern,"),
        ("[country, customer_group]", "[country, customer group]"),
        ("[country, customer_group]", "5"),
        ("task: classification", "task: clustering"),
        ("on_time: days_late <= 0", "on_time: 0"),
        ("name: customer-payments", "name: Customer Payments"),
        ("prior_invoices: count(*)", "prior_invoices: 1"),
        ("since: 2023-01-01", "since: 2023"),
        ("        late: days_late <= 30", '        "": days_late <= 30'),
        ("holdout: {last: 20%,", "holdout: {lats: 20%,"),
        ("class: HistGradientBoostingClassifier,", "class: 5,"),
        (CLASSES, "      column: country\n      classes: 5\n"),
    ],
    ids=str,
)
def test_one_mistake_is_one_problem(change: tuple[str, str]) -> None:
    """What a mended document has instead of it brings no problem of its own."""
    assert len(problems(edited(change))) == 1


def test_mistakes_of_an_environment_hide_those_of_its_models() -> None:
    files = edited(("maxAge: 24h", "maxAge: 24"), file=SANDBOX)
    files[MODEL] = files[MODEL].replace(b"days_late <= 0", b"days_late <= now()")
    assert [one.code for one in problems(files)] == ["E201", "E224"]


def test_a_broken_file_hides_no_reference_of_another() -> None:
    files = edited(("promotesFrom: [sandbox]", "promotesFrom: [sandobx]"), file=PRODUCTION)
    files["manifests/sandbox/other.yaml"] = b"a: [\n"
    assert sorted(one.code for one in problems(files)) == ["E105", "E212"]


@pytest.mark.parametrize(
    ("change", "file", "hint"),
    [
        (("    seed: 7\n", ""), MODEL, "add `seed: 7`"),
        (("    holdout: {last: 20%, by: invoice_date}\n", ""), MODEL, "add `holdout: {last: 20%, by: COLUMN}`"),
        (("    task: classification\n", ""), MODEL, "add `task: classification`"),
        (("  name: customer-payments\n", ""), MODEL, "add `name: customer-payments`"),
        (("      key: invoice_id\n", ""), MODEL, "add `key: COLUMN`"),
        (("uses: csv, path: data/invoices.csv", "uses: csv"), PRODUCTION, "add `path: data/invoices.csv`"),
        (
            ("  target: {uses: directory, root: serving}\n", ""),
            PRODUCTION,
            "add `target: {uses: directory, root: serving}`",
        ),
        (("  promotesFrom: [sandbox]\n", ""), PRODUCTION, "add `promotesFrom: [sandbox]`"),
        (('    python: "3.11"\n', ""), SANDBOX, 'add `python: "3.11"`'),
        (("metric: f1_macro, atLeast: 0.45", "atLeast: 0.45"), MODEL, 'add `metric: "recall:very_late"`'),
        (("task: classification", "task: clasification"), MODEL, "did you mean classification?"),
        (("uses: threshold", "uses: treshold"), MODEL, "did you mean threshold?"),
    ],
    ids=str,
)
def test_a_field_that_is_missing_is_named_with_a_value(change: tuple[str, str], file: str, hint: str) -> None:
    assert hint in [one.hint for one in problems(edited(change, file=file))]


@pytest.mark.parametrize(
    ("change", "file", "message"),
    [
        (("last: 20%", "last: 0.25"), MODEL, "write 25%"),
        (("last: 20%", "last: 20"), MODEL, "write 20%"),
        (("last: 20%", "last: 0.005"), MODEL, "write a percentage, such as 20%"),
        (("maxAge: 24h", "maxAge: 24"), SANDBOX, "expected a duration with its unit, such as 24h or 30d"),
        (("maxDataAge: 30d", "maxDataAge: 30"), PRODUCTION, "expected a duration with its unit, such as 24h or 30d"),
        (("since: 2023-01-01", "since: 2023"), MODEL, "expected a date, such as 2024-01-31"),
        (("protect: {branch: main}", "limits: {memory: 4}"), PRODUCTION, "such as 4GiB"),
    ],
    ids=str,
)
def test_a_number_where_a_unit_is_due_is_answered_in_one_round(
    change: tuple[str, str], file: str, message: str
) -> None:
    (found,) = problems(edited(change, file=file))
    assert message in found.message
