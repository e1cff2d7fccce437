"""Tables that break their contract are not copied: the old snapshot and the old model serve, until somebody agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.each import hold_for_each
from tests.support.once import copy, once
from tests.support.project import PRODUCTION, Project, begin, configured

CONTRACT = """\
    contracts:
      invoices:
        key: invoice_id
        required: [customer_id]
        columns: {invoice_id: VARCHAR, customer_id: VARCHAR, issued: DATE, due: DATE, paid: DATE, amount: DOUBLE, country: VARCHAR}
        values: {country: ["NO", SE, DK]}
        ranges: {amount: {atLeast: 20}}
        rows: {changeAtMost: 30%}
"""  # noqa: E501
TABLES = "    tables:\n"


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a contract, whose model is deployed."""

    def make(folder: Path) -> Project:
        project = configured(folder)
        project.write("environments/production.yaml", PRODUCTION.replace(TABLES, CONTRACT + TABLES))
        begin(project)
        project.run("apply", "sandbox", "--yes")
        project.promote()
        project.run("apply", "production", "--yes")
        return project

    return Project(copy(once(tmp_path_factory, "contracts", make), tmp_path / "project"))


def ledger(project: Project) -> list[str]:
    return (project.root / "data/invoices.csv").read_text().splitlines()


def write(project: Project, lines: list[str]) -> None:
    (project.root / "data/invoices.csv").write_text("\n".join(lines) + "\n")


def store(project: Project) -> set[str]:
    folder = project.root / ".reconciler/sandbox"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def with_cell(line: str, place: int, cell: str) -> str:
    cells = line.split(",")
    return ",".join([*cells[:place], cell, *cells[place + 1 :]])


def test_each_break_stops_the_refresh_and_its_near_miss_does_not(project: Project) -> None:
    whole, before, served = ledger(project), store(project), project.served()
    head, *rows = whole
    breaks = {
        "one bad row": ([*whole[:500], with_cell(whole[500], 5, "19.99"), *whole[501:]], "invoices.csv:501"),
        "a missing column": ([line.rpartition(",")[0] for line in whole], "the column is missing"),
        "a new column": ([f"{head},tax", *(f"{row},SECRET" for row in rows)], "a new column, VARCHAR"),
        "a type that changed": ([head, with_cell(rows[0], 5, "SECRET"), *rows[1:]], "no DOUBLE"),
        "40 % fewer rows": (whole[:361], "40% fewer than the 600"),
    }

    def check(name: str) -> None:
        lines, said = breaks[name]
        write(project, lines)
        ran = project.run("apply", "sandbox", "--refresh", "--yes", code=1)
        assert said in ran.err
        assert "SECRET" not in ran.err + ran.out
        assert "models that read invoices: lateness" in ran.err

    hold_for_each(check, breaks)
    # Besides what `status` tells: that production's journal was seen.
    assert {path.partition("/")[0] for path in store(project) - before} <= {"refusals", "register"}
    assert project.served() == served
    told = project.run("status", "sandbox", "-o", "json").json["environments"][0]
    assert told["snapshot"] == 0
    assert any("was refused by contracts of production" in note for note in told["notes"])
    # A cell at the end of its range, fewer rows within what is allowed.
    write(project, [*whole[:440], with_cell(whole[440], 5, "20.00")])
    project.run("apply", "sandbox", "--refresh", "--yes")
    assert project.run("status", "sandbox", "-o", "json").json["environments"][0]["snapshot"] == 1


def test_an_intended_break_passes_by_a_change_of_the_contract_that_is_merged(project: Project) -> None:
    write(project, ledger(project)[:361])
    text = (project.root / "environments/production.yaml").read_text()
    project.git("switch", "-q", "-c", "fewer")
    project.write("environments/production.yaml", text.replace("changeAtMost: 30%", "changeAtMost: 40%"))
    project.commit("Half of the customers left")
    refused = " ".join(project.run("apply", "sandbox", "--refresh", "--yes", code=1).err.split())
    assert "40% fewer" in refused, "a branch loosens nothing"
    assert (
        "checked as in force, until what this commit loosens is merged and applied:"
        " contract of invoices: rows changeAtMost: 30% (at this commit: 40%)"
    ) in refused
    project.git("switch", "-q", "main")
    project.merge("fewer")
    assert "rows changeAtMost of production: 30% -> 40%" in project.run("apply", "production", "--yes").err
    project.run("apply", "sandbox", "--refresh", "--yes")
