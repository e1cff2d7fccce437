"""`explain` knows every word that the program prints, and says what is true of each."""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from reconciler import core
from reconciler.cli.error_reporting import guarded
from reconciler.core.artifact.evaluation import (
    CLASSIFICATION_METRICS,
    METRIC_RANGE,
    PER_CLASS_METRICS,
    REGRESSION_METRICS,
    grade_classification,
    grade_regression,
)
from reconciler.core.spec.gates import Gate, Rule
from reconciler.report.help import glossary, word_docs
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from reconciler.report.plan.apply_result import STATES
from reconciler.report.plan.headlines import OUTCOMES, SYMBOLS

REPOSITORY = Path(__file__).resolve().parents[4]
METRICS = CLASSIFICATION_METRICS | REGRESSION_METRICS
NEVER_PRINTED = {"CommitOrder", "Ancestry", "DigestDepth"}  # the program's own reckoning; messages say it in sentences


def values_of_enums() -> Iterator[str]:
    for module in walk_packages(core.__path__, "reconciler.core."):
        for name, kind in vars(import_module(module.name)).items():
            if isinstance(kind, type) and issubclass(kind, Enum) and name not in NEVER_PRINTED:
                yield from (str(member.value) for member in kind)


def headings_of_tables() -> Iterator[str]:
    """The headings of every table of the golden files, without names from manifests and data (in backticks)."""
    for path in (REPOSITORY / "tests/golden/report/expected").glob("*.md"):
        for row in re.findall(r"^\|(.+)\|\n\|[-:|]+\|$", path.read_text(), re.MULTILINE):
            for cell in map(str.strip, row.split("|")):
                if cell and "`" not in cell:
                    yield cell.replace("\\_", "_")


def labels_of_reports() -> Iterator[str]:
    """The labels before facts and the names of columns, as the source of the reports writes them."""
    for path in (REPOSITORY / "reconciler/report").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in ("Item", "Column"):
                continue
            for keyword in call.keywords:
                if keyword.arg in ("label", "name"):
                    yield from _constants(keyword.value)


def _constants(node: ast.expr) -> Iterator[str]:
    """The words of an expression; not the names that it compares or formats with."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        word = node.value.strip(" :")
        if word and word.isascii():
            yield word
    elif isinstance(node, ast.IfExp):
        yield from (*_constants(node.body), *_constants(node.orelse))
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Either", "Literal", "Strong"):
        for argument in node.args:
            yield from _constants(argument)
    elif isinstance(node, ast.Tuple):
        for element in node.elts:
            yield from _constants(element)


def printed() -> set[str]:
    gates = (kind.__dataclass_fields__["uses"].default for kind in typing.get_args(Gate))
    return {
        *values_of_enums(),
        *headings_of_tables(),
        *labels_of_reports(),
        *METRICS,
        *(f"{metric}:late" for metric in PER_CLASS_METRICS),
        *gates,
        *SYMBOLS.values(),
        *OUTCOMES.values(),
        *STATES,
        *(f"{rule} rule" for rule in Rule),
        *("!", ".", "reuse an earlier build"),  # headlines.symbol and headlines.step_name
    }


def test_the_words_are_looked_for_in_every_place() -> None:
    assert {"DEGRADED", "wrong-digest", "does not apply", "A", "freeze"} <= set(values_of_enums())
    assert {"what and why", "loss when shuffled", "who"} <= set(headings_of_tables())
    assert {"F1/R2", "what to do", "pushed to", "FAIL"} <= set(labels_of_reports())


def test_every_word_that_is_printed_is_explained() -> None:
    unknown = sorted(word for word in printed() if glossary.meaning_of(word) is None)
    assert not unknown, f"write them into reconciler/report/help/glossary.txt: {unknown}"


@pytest.mark.parametrize("name", [*METRICS, *(f"{metric}:late" for metric in PER_CLASS_METRICS)])
def test_a_metric_has_a_formula_a_unit_its_direction_and_the_function_of_scikit_learn(name: str) -> None:
    docs = glossary.meaning_of(name)
    assert docs is not None
    (meaning,) = docs.meanings
    assert meaning.formula
    assert meaning.unit
    assert meaning.better == ("higher" if METRICS.get(name, True) else "lower")
    function = re.search(r"sklearn\.metrics\.(\w+)", meaning.source or "")
    assert function is not None
    assert hasattr(import_module("sklearn.metrics"), function[1])
    if METRIC_RANGE.get(name) == (0.0, 1.0):
        assert "0 to 1" in meaning.unit


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_a_grade_begins_where_its_explanation_says(grade: str) -> None:
    (meaning,) = glossary.meaning_of(grade).meanings  # type: ignore[union-attr]
    skill, r2 = (float(number) for number in re.findall(r"(?:skill|r2) (?:of|from) (0[.][0-9]+)", meaning.what))
    assert grade_regression(r2) == grade
    assert grade_regression(r2 - 0.001) != grade
    assert grade_classification(0.5 + (skill + 1e-9) / 2, (0.5, 0.5)) == grade
    assert grade_classification(0.5 + (skill - 0.001) / 2, (0.5, 0.5)) != grade


def test_every_word_has_a_kind_and_sentences_and_fits_a_narrow_terminal() -> None:
    for entry in glossary.entries():
        (meaning,) = entry.meanings
        assert meaning.kind
        assert meaning.what.endswith("."), entry.word
        text = to_text(word_docs.blocks(entry, Detail.SCREEN), TextStyle(width=60))
        assert max(map(len, text.splitlines())) <= 60, entry.word


def test_no_word_is_explained_twice_as_the_same_kind() -> None:
    pairs = [(word, entry.meanings[0].kind) for entry in glossary.entries() for word in entry.word.split(" | ")]
    assert sorted(set(pairs)) == sorted(pairs)


def test_a_word_in_another_case_and_with_other_spaces_has_all_its_meanings() -> None:
    docs = glossary.meaning_of("  Missing ")
    assert docs is not None
    assert docs.word == "MISSING or missing"
    assert {"health of what is deployed, best first", "kind of drift, worst first"} <= {m.kind for m in docs.meanings}


@pytest.mark.parametrize("asked", ["", " ", ":", ":late", "helthy", "x" * 5000])
def test_what_is_no_word_has_no_meaning(asked: str) -> None:
    assert glossary.meaning_of(asked) is None


def test_explain_tells_a_word_of_several_parts_and_a_field_with_what_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert guarded(["explain", "data", "as", "of"]) == 0
    assert "training data" in capfd.readouterr().out
    assert guarded(["explain", "gates", "--output", "json"]) == 0
    out = capfd.readouterr().out
    assert '"path": "model.gates"' in out
    assert '"kind": "control of an environment"' in out


def test_explain_of_an_unknown_word_names_what_is_near(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["explain", "helthy"]) == 2
    assert "HEALTHY" in capfd.readouterr().err


def test_the_shell_completes_fields_codes_and_words() -> None:
    from click import Context

    from reconciler.cli.commands.explain import command

    (field,) = (param for param in command.params if param.name == "field")
    completed = {item.value for item in field.shell_complete(Context(command), "Hold")}
    assert {"hold", "holdout", "holdout.last", "holdout rows"} <= completed
    assert [item.value for item in field.shell_complete(Context(command), "E41")][:2] == ["E410", "E411"]
