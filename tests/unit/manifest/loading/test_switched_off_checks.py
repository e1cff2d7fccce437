"""Checks that a manifest switches off: known ones, of features that the model has, and not to no effect."""

from __future__ import annotations

import pytest

from reconciler.core.quality.checks import CheckOff
from reconciler.data.in_process import LocalExpressions
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile
from tests.unit.manifest.loading.test_cross_checks import MODEL, PRODUCTION, edited, problems


def with_off(*lines: str, allowed: str = "") -> dict[str, bytes]:
    off = "".join(f"      {line}\n" for line in lines)
    files = edited(("  gates:\n", f"  checks:\n    off:\n{off}  gates:\n"))
    if allowed:
        text = files[PRODUCTION].decode()
        files[PRODUCTION] = text.replace("  policy:", f"  policy:\n    checks: [{allowed}]", 1).encode()
    return files


def test_what_is_switched_off_is_read_with_its_feature_and_its_reason() -> None:
    files = with_off("leak-suspect.invoice_amount: known before", "few-rows: it grows", allowed="leak-suspect")
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    desired = load(files, tree, revision="c", expressions=LocalExpressions())
    (model,) = desired.models_of("sandbox")
    assert model.checks_off == (
        CheckOff(check="few-rows", reason="it grows"),
        CheckOff(check="leak-suspect", subject="invoice_amount", reason="known before"),
    )
    production = desired.environment("production")
    assert production is not None
    assert production.policy.checks == ("leak-suspect",)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("leak-suspects: known", "E203", "did you mean leak-suspect?"),
        ("xyz: known", "E203", "checks: too-few-rows, leak-suspect"),
        ("leak-suspect.invoice_amuont: known", "E212", "did you mean 'invoice_amount'?"),
        ("leak-suspect.: known", "E206", "expected a feature or a class behind the dot"),
        ('leak-suspect: ""', "E205", "is empty: write a text"),
        ("too-few-rows: we know", "E225", "policy.checks of production does not allow too-few-rows"),
    ],
)
def test_a_check_that_is_unknown_or_off_to_no_effect_is_refused_at_its_line(line: str, code: str, words: str) -> None:
    (problem,) = problems(with_off(line))
    assert (problem.code, problem.where.file) == (code, MODEL)
    assert problem.where.line is not None
    assert words in f"{problem.message} {problem.hint}"


def test_an_unknown_check_of_a_policy_is_refused_with_a_suggestion() -> None:
    (problem,) = problems(with_off("few-rows: it grows", allowed="leak-suspekt"))
    assert (problem.code, problem.where.file) == ("E203", PRODUCTION)
    assert "did you mean leak-suspect?" in problem.message


def test_a_check_that_is_always_an_error_is_off_where_the_policy_allows_it() -> None:
    assert problems(with_off("too-few-rows: we know", allowed="too-few-rows")) == ()
