"""Approvals that a request's own people give, or that were given elsewhere, deploy nothing; the next step is told."""

from __future__ import annotations

import pytest

from tests.forge.fake.repository import Owner
from tests.forge.fake.server import Server
from tests.support.project import Project
from tests.support.team import KINDS, VARIABLES, Team

PRODUCTION = "environments/production.yaml"
APPROVALS = "  policy:\n    approvals: {min: 1, from: [zoe, mallory]}\n"


def of_a_program(project: Project, server: Server, kind: str) -> Team:
    """A project with approvals, whose requests a program opens."""
    team = Team(project, server, kind)
    project.write(PRODUCTION, (project.root / PRODUCTION).read_text().replace("  policy:\n", APPROVALS))
    project.commit("Approvals")
    team.share()
    server.place.tokens["tok-program"] = Owner(login="promoter[bot]")
    project.environment[VARIABLES[kind]] = "tok-program"
    return team


def refused(team: Team, *words: str) -> None:
    told = " ".join(team.run("apply", "production", "--yes", code=4).out.split())
    for text in words:
        assert text in told, told
    assert not (team.project.root / "serving/lateness/current").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_pushed_the_commits_of_a_programs_request_cannot_approve_it(
    trained: Project, server: Server, kind: str
) -> None:
    team = of_a_program(trained, server, kind)
    opened = team.open()
    number, branch = opened["opening"]["number"], opened["branch"]
    team.place.approve(number, "zoe")
    team.place.push(branch, by="mallory", author="nobody-known")
    team.place.approve(number, "mallory")
    team.place.merge(number)
    team.fetch()
    refused(
        team,
        "the approval of mallory, who pushed commits of it, does not count",
        f"zoe approved commit {opened['commit'][:12]}",
        "have another of them approve the merged commit there",
    )
    team.place.approve(number, "zoe")
    team.run("apply", "production", "--yes")
    (event, *_) = team.run("history", "--env", "production", "-o", "json").json["events"]
    assert [one["by"] for one in event["approved"]["approvals"]] == ["zoe"]


@pytest.mark.soak(only=True)  # tests/forge: of each answer
@pytest.mark.parametrize("kind", KINDS)
def test_an_approval_of_the_same_commit_for_another_branch_does_not_count(
    trained: Project, server: Server, kind: str
) -> None:
    team = of_a_program(trained, server, kind)
    opened = team.open()
    number, branch = opened["opening"]["number"], opened["branch"]
    team.place.point("scratch", team.place.tip("main") or "")
    scratch = team.place.open(branch, "scratch", "For a try", "", "mallory").number
    team.place.approve(scratch, "zoe")
    how = "merge" if kind == "github" else "forward"
    team.place.merge(scratch, how)
    team.place.merge(number, how)
    team.fetch()
    refused(team, "needs 1 approval by zoe, mallory", "approved by none of them")
    team.place.approve(number, "zoe")
    team.run("apply", "production", "--yes")
