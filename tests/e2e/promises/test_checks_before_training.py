"""A column that knows the outcome stops its model, until two files say that it is no mistake; production believes no
sandbox, and no request switches a check off in the shadow of a pin."""

from __future__ import annotations

import csv
import json

import pytest

from tests.support.project import Project

POLICY = "environments/production.yaml"
MODEL = "manifests/sandbox/lateness.yaml"
ALLOWED = ("    maxDataAge: 30d\n", "    maxDataAge: 30d\n    checks: [leak-suspect]\n")
OFF = "  checks: {off: {leak-suspect.overdue: the clerk types it in when the invoice is written}}\n"


def edit(project: Project, path: str, old: str, new: str) -> None:
    text = (project.root / path).read_text()
    assert old in text, f"{old} is not in {path}"
    (project.root / path).write_text(text.replace(old, new))


@pytest.fixture
def leaking(deployed: Project) -> Project:
    """Production serves an honest model; the sandbox's recipe reads a column that is the outcome, since this commit."""
    table = deployed.root / "data/invoices.csv"
    with table.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*header, "overdue"])
        for row in rows:
            late = row[4] > row[3]
            writer.writerow([*row, "" if not row[4] else int(late)])
    edit(deployed, MODEL, "prior_late]", "prior_late, overdue]")
    deployed.commit("One more feature")
    return deployed


def applied(project: Project, *arguments: str, code: int = 0) -> str:
    ran = project.run("apply", *arguments, "--yes", code=code)
    return " ".join(f"{ran.out} {ran.err}".split())


def test_a_certain_leak_stops_its_model_and_no_other(leaking: Project) -> None:
    leaking.run("add", "honest", "--like", "lateness")
    edit(leaking, "manifests/sandbox/honest.yaml", ", overdue]", "]")
    edit(leaking, "manifests/sandbox/honest.yaml", "seed: 7", "seed: 8")
    leaking.commit("Another model")
    told = applied(leaking, "sandbox", "--refresh", code=4)
    assert "E708 not trained: check leak-suspect: overdue" in told
    assert "remove overdue from the features" in told
    assert "`policy: {checks: [leak-suspect]}`" in told
    assert "+ honest trained" in told
    plan = leaking.run("plan", "sandbox", "-o", "json", code=None).json
    (part,) = [part for part in plan["models"] if part["model"] == "lateness"]
    assert any(note.startswith("will not be trained on these rows") for note in part["detail"]["notes"])
    assert [each["subject"] for each in part["detail"]["checks"] if each["severity"] == "error"] == ["overdue"]
    assert "CANARY" not in told
    said = leaking.run("why", "lateness", "--in", "sandbox", "-o", "json").json
    assert [each.get("command") for each in said["advice"]] == [None], "an apply would be refused again"
    assert said["advice"][0]["reason"].startswith("remove overdue from the features")


@pytest.mark.soak(only=True)
def test_a_leak_is_deployed_only_once_both_files_were_let_in_and_is_told_everywhere(leaking: Project) -> None:
    served = leaking.served()["artifact"]
    edit(leaking, MODEL, "  gates:\n", f"{OFF}  gates:\n")
    leaking.commit("It is no mistake")
    assert "policy: {checks: [leak-suspect]}" in applied(leaking, "sandbox", "--refresh", code=4), (
        "one file is not enough"
    )
    edit(leaking, POLICY, *ALLOWED)
    leaking.commit("It may be off")
    told = applied(leaking, "sandbox")
    assert "check leak-suspect: overdue" in told, "what is off is told still"
    proposed = leaking.run("promote", "lateness", "--to", "production", "-o", "json").json
    leaking.git("merge", "-q", "--ff-only", proposed["branch"])
    for _ in range(2):  # a nightly job
        told = applied(leaking, "production", code=4)
        assert "GATE WEAKENED check leak-suspect: on" in told
        assert leaking.served()["artifact"] == served
    again = leaking.run("promote", "lateness", "--to", "production", "--again", "-o", "json").json
    leaking.git("merge", "-q", "--ff-only", again["branch"])
    applied(leaking, "production")
    assert leaking.served()["artifact"] != served
    card = (leaking.root / "manifests/production/lateness.md").read_text()
    assert "switched off: the clerk types it in when the invoice is written" in card
    assert "checks: leak-suspect.overdue" in " ".join(leaking.run("status").out.split())
    why = leaking.run("why", "lateness", "--in", "production", "-o", "json").json
    assert [each["check"] for each in why["checks"]["findings"] if each["severity"] == "error"] == ["leak-suspect"]
    assert leaking.run("audit", code=None).code == 0


def test_production_refuses_by_its_own_policy_what_another_program_trained(leaking: Project) -> None:
    edit(leaking, MODEL, "  gates:\n", f"{OFF}  gates:\n")
    edit(leaking, POLICY, *ALLOWED)
    leaking.commit("It is no mistake")
    applied(leaking, "sandbox", "--refresh")
    edit(leaking, POLICY, ALLOWED[1], ALLOWED[0])
    leaking.commit("It is one, after all")
    served = leaking.served()["artifact"]
    proposed = leaking.run("promote", "lateness", "--to", "production", "-o", "json").json
    leaking.git("merge", "-q", "--ff-only", proposed["branch"])
    told = applied(leaking, "production", code=4)
    assert "check leak-suspect: overdue" in told
    assert "environments/production.yaml allows it" in told
    assert leaking.served()["artifact"] == served
    # Without a record nobody looked, as with artifacts of older programs: told, and not refused.
    for record in (leaking.root / ".reconciler/sandbox/checks").glob("*.json"):
        record.unlink()
    leaking.run("promote", "lateness", "--to", "production", "--again", "-o", "json")
    branch = json.loads(leaking.run("promote", "lateness", "--to", "production", "--again", "-o", "json").out)["branch"]
    leaking.git("merge", "-q", "--ff-only", branch)
    assert "its rows were not checked" in " ".join(leaking.run("plan", "production").out.split())
    applied(leaking, "production")
    assert leaking.served()["artifact"] != served
