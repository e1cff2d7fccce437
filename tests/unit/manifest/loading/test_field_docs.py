"""Every field of every manifest is explained: in words, and by an example that is valid."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.data.in_process import LocalExpressions
from reconciler.engine.load_desired import load
from reconciler.errors import UsageError
from reconciler.manifest.loading import field_docs as module
from reconciler.manifest.loading.field_docs import explain
from reconciler.report.help import field_docs as reporter
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from tests.support.each import hold_for_each

EXAMPLE = Path(module.__file__).parents[1] / "example"
FIELDS = sorted({field.name for field in module._fields()})


explained = cache(explain)  # the example is read for each field anew


def test_the_example_is_a_valid_project() -> None:
    desired = load(WorkTree(EXAMPLE), LocalExpressions(), revision=None).desired
    assert len(desired.models) == 6


def test_every_field_has_words_and_stands_in_the_example() -> None:
    def check(name: str) -> None:
        found = explained(name)
        assert found.path == name
        assert found.what
        assert found.example, f"{name} is in no file of the example"
        assert yaml.safe_load(found.example.removesuffix("\n...")) is not None

    hold_for_each(check, FIELDS)


@pytest.mark.parametrize("width", [100, 60, 40])
def test_what_is_said_fits_every_width(width: int) -> None:
    for name in FIELDS:
        text = to_text(reporter.blocks(explained(name), Detail.SCREEN), TextStyle(width=width))
        assert max(map(len, text.splitlines())) <= width, name
        if width == 100:
            assert ".." not in text.replace("...", ""), f"{name}: something is cut"


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("holdout", "model.recipe.holdout"),
        ("recipe.holdout", "model.recipe.holdout"),
        ("model.spec.recipe.holdout", "model.recipe.holdout"),
        ("spec.role", "environment.role"),
        ("model", "model"),
        ("environment.spec", "environment.spec"),
        ("no-worse-than-incumbent.minRows", "model.gates.no-worse-than-incumbent.minRows"),
    ],
)
def test_a_tail_that_says_enough_finds_the_field(asked: str, path: str) -> None:
    assert explain(asked).path == path


def test_fields_that_are_called_the_same_are_named() -> None:
    found = explain("gates")
    assert [one.path for one in found.others] == ["environment.policy.gates"]


def test_without_a_field_the_kinds_are_told() -> None:
    assert [one.path for one in explain(None).children] == ["project", "environment", "model", "experiment"]


@pytest.mark.parametrize(
    "asked", ["hodlout", "", ".", "recipe.", "x" * 5000, "spec..role", "recipe/holdout", "\x1b[31m"]
)
def test_what_is_no_field_is_refused_with_what_is_near(asked: str) -> None:
    with pytest.raises(UsageError) as refused:
        explain(asked)
    assert refused.value.hint
    if asked == "hodlout":
        assert "holdout" in refused.value.hint


@pytest.mark.parametrize("kind", ["project", "environment", "model"])
def test_the_schema_of_a_kind_is_the_one_that_editors_use(kind: str) -> None:
    committed = json.loads((EXAMPLE.parent / f"schemas/{kind}.json").read_text())
    assert module.schema_of(kind) == committed


def test_the_schema_of_a_field_judges_the_field() -> None:
    schema = module.schema_of("recipe.holdout")
    jsonschema.validate({"last": "20%", "by": "day"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"last": "20%", "nonsense": 1}, schema)
    with pytest.raises(UsageError, match="unknown field"):
        module.schema_of("holdoutt")
    with pytest.raises(UsageError, match="of a kind of manifest") as caught:
        module.schema_of(None)
    assert "explain --schema model" in (caught.value.hint or "")
