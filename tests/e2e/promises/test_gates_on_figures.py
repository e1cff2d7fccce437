"""Gates on any figure: judged where the rows are, by intervals, and told with their numbers at every door."""

from __future__ import annotations

from tests.e2e.promises.test_gates_for import ACCURACY, flat, policy
from tests.support.project import Project, write_ledger

AUC = "      - {uses: threshold, metric: roc_auc, atLeast: 0.3, rule: strict}\n"
CALIBRATED = "      - {uses: calibration, atMost: 0.5}\n"
COVERED = "      - {uses: coverage, tolerance: 0.02}\n"


def test_a_figure_is_told_with_its_interval_and_bound_at_every_door(project: Project) -> None:
    write_ledger(project.root / "data/invoices.csv", rows=1_600)
    policy(project, ACCURACY + AUC + CALIBRATED + COVERED)
    planned = flat(project.run("plan", "sandbox").out)
    assert "coverage is a figure of a model that predicts a quantile" in planned
    applied = flat(project.run("apply", "sandbox", "--yes").out)
    assert "passed 4 gates for production; 1 does not apply" in applied
    doors = {
        "why": flat(project.run("why", "lateness", "--in", "sandbox").out),
        "show": flat(project.run("show", "lateness", "--in", "sandbox").out),
        "promote": flat(project.run("promote", "lateness", "--to", "production").out),
        "status": flat(project.run("status", "sandbox", "-v").out),
    }
    project.merge(project.git("branch", "--list", "promote/*", "--format", "%(refname:short)"))
    doors["card"] = flat((project.root / "manifests/production/lateness.md").read_text())
    doors["plan"] = flat(project.run("plan", "production").out)
    for door, text in doors.items():
        print("=====", door, "\n", text)
    assert 0
