"""A plug-in that is not installed is told by validate, plan and apply: where it is named, what it stops, what to do."""

from __future__ import annotations

import pytest

from tests.e2e.promises.test_gates_for import ACCURACY, flat, policy
from tests.support.project import Project

GATE = "      - {uses: plug-in, name: worst-class}\n"


def line_of(project: Project, text: str, file: str = "environments/production.yaml") -> int:
    lines = (project.root / file).read_text().splitlines()
    return next(n for n, each in enumerate(lines, 1) if text in each)


def test_a_gate_that_is_not_installed_is_told_before_anything_is_trained(project: Project) -> None:
    policy(project, ACCURACY + GATE)
    place = f"environments/production.yaml:{line_of(project, 'worst-class')}:31: no installed package provides the"
    hint = "install the package that has the entry point worst-class of reconciler.gates"
    validated = flat(project.run("validate").out)
    assert f"{place} gate worst-class, so no candidate for production can be verified here: {hint}" in validated
    planned = flat(project.run("plan", "sandbox").out)
    assert f"{place} plug-in gate 'worst-class', so an apply from here does not verify lateness: {hint}" in planned
    applied = project.run("apply", "sandbox", "--yes", code=None)
    assert f"{place.replace(': no', ': E610 no')} plug-in gate 'worst-class'" in flat(applied.out + applied.err)
    assert hint in flat(applied.out + applied.err)


@pytest.mark.parametrize("kind", ["store", "target"])
def test_a_place_of_a_package_that_is_not_installed_is_told_where_it_is_named(project: Project, kind: str) -> None:
    text = (project.root / "environments/production.yaml").read_text()
    target = "  target: {uses: directory, root: serving}\n"
    vault = f"  {kind}: {{uses: vault, settings: {{a: b}}}}\n"
    project.write("environments/production.yaml", text.replace(target, vault if kind == "target" else target + vault))
    project.commit("A vault")
    place = f"environments/production.yaml:{line_of(project, 'vault')}:"
    advice = f"install the package that has the entry point vault of reconciler.{kind}s"
    validated = flat(project.run("validate").out)
    assert f"no installed package provides the {kind} vault" in validated
    assert place in validated
    assert advice in validated
    planned = project.run("plan", "production", code=2)
    assert place in flat(planned.out + planned.err)
    assert advice in flat(planned.out + planned.err)


def test_a_source_of_a_package_that_is_not_installed_is_told_where_it_is_named(project: Project) -> None:
    text = (project.root / "environments/production.yaml").read_text()
    table = "uses: csv, path: data/invoices.csv, types: {customer_id: VARCHAR}"
    project.write("environments/production.yaml", text.replace(table, "uses: warehouse, settings: {a: b}"))
    project.commit("A source")
    place = f"environments/production.yaml:{line_of(project, 'warehouse')}:17: E408 spec.data.tables.invoices:"
    reason = "no installed package provides the source warehouse"
    advice = "install the package that has the entry point warehouse of reconciler.sources"
    for door in ("validate",), ("plan", "sandbox"):
        told = project.run(*door, code=2)
        for text in (place, reason, advice):
            assert text in flat(told.out + told.err)
