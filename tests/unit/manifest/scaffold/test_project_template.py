"""A first model's text means exactly what was suggested, whatever the table's names and values are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.core.names import is_column, visible
from reconciler.core.onboarding.estimator_choice import Trial, TriedEstimator, choose
from reconciler.core.onboarding.estimator_options import options_for
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion, suggest
from reconciler.core.onboarding.table_profile import FEW, CellNote, ColumnProfile, DateGap, DayCountColumn, TableProfile
from reconciler.core.spec.data import CellText, Table
from reconciler.core.spec.recipe import Task
from reconciler.data.in_process import LocalExpressions
from reconciler.engine.load_desired import load
from reconciler.errors import InvalidManifestsError, UsageError
from reconciler.manifest.scaffold import project_template
from tests.support.effort import examples

TODAY = "2026-01-31"
PLACE = project_template.ProjectFacts(
    project="p",
    model="m",
    table="t",
    branch="main",
    python="3.11",
    architecture="x86_64",
    versions={"duckdb": "1.4.0", "numpy": "2.3.0", "scikit-learn": "1.7.0", "scipy": "1.16.0", "skops": "0.13.0"},
)

odd = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)
hostile = st.one_of(
    odd, st.sampled_from(["yes", "no", "null", "~", "1e3", "a: b", "# x", "'", '"', "${{ x }}", "\u2028"])
)
names = st.one_of(
    st.sampled_from(["order", "group", "select", "y", "yes", "null", "id", "target", "select_id", "on", "as_of_"]),
    st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,30}\Z"),
).filter(lambda name: is_column(name) and name.lower() != "as_of")


@st.composite
def columns(draw: st.DrawFn) -> ColumnProfile:
    kind = draw(st.sampled_from(["BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "DECIMAL(9,2)"]))
    values: tuple[str, ...] = ()
    if kind == "VARCHAR" and draw(st.booleans()):
        values = tuple(draw(st.lists(hostile, min_size=1, max_size=FEW, unique=True)))
    elif kind == "BOOLEAN":
        values = ("true", "false")
    elif draw(st.booleans()) and kind in ("BIGINT", "DOUBLE", "DECIMAL(9,2)"):
        values = tuple(map(str, draw(st.lists(st.integers(-9, 9), min_size=1, max_size=9, unique=True))))
    return ColumnProfile(
        name=draw(names),
        type=kind,
        filled=draw(st.sampled_from([1000, 900])),
        distinct=len(values) or draw(st.sampled_from([30, 300, 1000])),
        values=values,
        latest="2026-01-15" if kind in ("DATE", "TIMESTAMP") else None,
    )


@st.composite
def looks(draw: st.DrawFn) -> TableProfile:
    found = draw(st.lists(columns(), min_size=1, max_size=12, unique_by=lambda one: one.name.lower()))
    written = draw(st.lists(hostile, max_size=3, unique_by=visible))
    table = Table(
        uses="csv",
        path="data/t.csv",
        columns=tuple(sorted((one.name, visible(text)) for one, text in zip(found, written, strict=False))),
        dates=draw(st.sampled_from([None, "%d.%m.%Y"])),
        delimiter=draw(st.sampled_from([None, ";", "\t", "|"])),
        nulls=draw(st.sampled_from([("",), ("", "NA")])),
        cells=tuple(
            CellText(
                column=one.name,
                nulls=tuple(map(visible, draw(st.lists(hostile, max_size=2)))),
                dates=draw(st.sampled_from([None, "%b %d, %Y"])),
                decimal=draw(st.sampled_from([None, ","])),
                grouping=draw(st.sampled_from([None, " ", "'"])),
                unit=draw(st.sampled_from([None, "%", "€", "#"])),
                negative=draw(st.sampled_from([None, "brackets"])),
            )
            for one in sorted(found, key=lambda one: one.name)[:2]
        ),
    )
    dates = [one.name for one in found if one.dated]
    gaps = tuple(
        DateGap(start=a, end=b, forward=1.0, over_0=0.5, over_10=0.3, over_30=draw(st.sampled_from([0.0, 0.2])))
        for a in dates
        for b in dates
        if a != b
    )
    days = tuple(
        DayCountColumn(column=one.name, start=dates[0], end=dates[-1]) for one in found[:1] if one.numeric and dates
    )
    notes = tuple(
        CellNote(column=one.name, note=draw(st.sampled_from(["2 cells are #", "a: {b"]))) for one in found[:3]
    )
    return TableProfile(table=table, rows=1000, columns=tuple(found), gaps=gaps, days=days, notes=notes)


def written(root: Path, suggestion: RecipeSuggestion, *, note: str | None = None) -> Path:
    for name, text in project_template.files(PLACE, suggestion, note=note).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(look=looks())
def test_the_text_reads_back_as_what_was_suggested(
    look: TableProfile, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        suggestion = suggest(look, name="t", today=TODAY)
    except UsageError:
        return
    root = written(tmp_path_factory.mktemp("project"), suggestion)
    try:
        desired = load(WorkTree(root), LocalExpressions(), revision=None).desired
    except InvalidManifestsError as error:
        raise AssertionError("\n".join(map(str, error.problems))) from error
    assert desired.models[0].recipe == suggestion.recipe
    production = desired.environment("production")
    assert production is not None
    assert dict(production.data.tables)["t"] == suggestion.table
    assert production.data.as_of == suggestion.as_of


PLAIN = TableProfile(
    table=Table(uses="csv", path="data/t.csv"),
    rows=1000,
    columns=(
        ColumnProfile(name="id", type="VARCHAR", filled=1000, distinct=1000),
        *(ColumnProfile(name=f"measure_{n}", type="DOUBLE", filled=1000, distinct=300) for n in range(100)),
        ColumnProfile(name="target", type="VARCHAR", filled=1000, distinct=2, values=("NO", "yes")),
    ),
)


def test_no_line_of_a_wide_table_is_too_long_to_read(tmp_path: Path) -> None:
    root = written(tmp_path, suggest(PLAIN, name="t", today=TODAY), note="Made up.")
    for path in root.rglob("*"):
        if path.is_file() and path.suffix != ".json":
            assert max(map(len, path.read_text().splitlines())) <= 120, path.name


def test_every_choice_stands_beside_its_reason() -> None:
    suggestion = suggest(PLAIN, name="t", today=TODAY)
    text = " ".join(project_template.files(PLACE, suggestion)["manifests/sandbox/m.yaml"].replace("#", " ").split())
    reasons = suggestion.reasons
    for why in (reasons.key, reasons.outcome, reasons.estimator, reasons.predict):
        assert why in text
    assert reasons.holdout[1:] in text


def test_the_scores_of_all_estimators_stand_beside_the_lines_to_take_them_instead(tmp_path: Path) -> None:
    options = options_for(Task.CLASSIFICATION, rows=1000, columns=9, classes=(900, 100))
    tried = tuple(
        TriedEstimator(option=option, scores=(0.5 + 0.01 * number, 0.6)) for number, option in enumerate(options)
    )
    choice = choose(Trial(tried=tried, metric="f1_macro", guess=(0.4, 0.4), rows=800, all_rows=800, in_time=False))
    assert choice is not None
    text = project_template.files(PLACE, suggest(PLAIN, name="t", today=TODAY).with_choice(choice))
    lines = text["manifests/sandbox/m.yaml"].splitlines()
    for number, entry in enumerate(tried):
        place = next(
            n for n, line in enumerate(lines) if line.startswith(f"    # - {entry.option.name}, {entry.score}")
        )
        instead = lines[place + 1 : place + 3 if lines[place + 2].startswith("    #   params") else place + 2]
        root = tmp_path / str(number)
        at = next(n for n, line in enumerate(lines) if line.startswith("    estimator:"))
        until = at + 2 if lines[at + 1].startswith("      params") else at + 1
        changed = [*lines[:at], *(line.replace("    # ", "    ", 1) for line in instead), *lines[until:]]
        for path, body in {**text, "manifests/sandbox/m.yaml": "\n".join(changed) + "\n"}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(body)
        desired = load(WorkTree(root), LocalExpressions(), revision=None).desired
        assert desired.models[0].recipe.estimator == entry.option.estimator


def test_a_branch_of_another_name_is_protected(tmp_path: Path) -> None:
    text = project_template.files(replace(PLACE, branch="trunk"), suggest(PLAIN, name="t", today=TODAY))
    assert "protect: {branch: trunk}" in text["environments/production.yaml"]


@pytest.mark.parametrize(("known", "fewest"), [(30, 1), (100, 8), (200, 20), (360, 50), (500, 75), (640, 95)])
def test_the_gate_against_the_incumbent_can_be_passed_with_the_rows_that_the_table_has(known: int, fewest: int) -> None:
    *others, target = PLAIN.columns
    small = replace(PLAIN, rows=known + 40, columns=(*others, replace(target, filled=known)))
    text = project_template.files(PLACE, suggest(small, name="t", today=TODAY))["manifests/sandbox/m.yaml"]
    assert f"against: best, minRows: {fewest}}}" in text
    assert f"about {round(known / 5)} rows: raise minRows" in text


def test_the_gate_against_the_incumbent_keeps_its_default_where_there_are_rows_enough() -> None:
    text = project_template.files(PLACE, suggest(PLAIN, name="t", today=TODAY))["manifests/sandbox/m.yaml"]
    assert "minRows" not in text


def test_how_a_column_is_read_stands_in_the_manifest_with_its_note() -> None:
    table = replace(PLAIN.table, cells=(CellText(column="measure_1", nulls=("NA",)),), dates="%d.%m.%Y")
    notes = (
        CellNote(column="measure_1", note="15 cells are NA: read as missing"),
        CellNote(column="measure_2", note="is written in some way"),
    )
    suggestion = suggest(replace(PLAIN, table=table, notes=notes), name="t", today=TODAY)
    text = project_template.files(PLACE, suggestion)["environments/production.yaml"]
    assert '# 15 cells are NA: read as missing.\n          measure_1: {nulls: ["NA"]}' in text
    assert "# measure_2: is written in some way.\n" in text
