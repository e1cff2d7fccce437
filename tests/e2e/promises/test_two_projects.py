"""Two projects in folders of one repository, with a model of the same name: each has requests of its own."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.forge.fake.server import Server
from tests.support.project import Project
from tests.support.team import Team

PARTS = ("reconciler.yaml", "environments", "manifests", "requirements.lock", "data", ".gitignore")


@pytest.mark.soak(only=True)
def test_neither_supersedes_the_other_nor_writes_over_its_plan(project: Project, server: Server) -> None:
    for team in ("a", "b"):
        folder = project.root / "teams" / team
        folder.mkdir(parents=True)
        for name in PARTS:
            part = project.root / name
            if part.is_dir():
                shutil.copytree(part, folder / name)
            else:
                shutil.copy(part, folder / name)
    b = project.root / "teams/b"
    named = b / "reconciler.yaml"
    named.write_text(re.sub(r"name: \w+", "name: other", named.read_text(), count=1))
    model = b / "manifests/sandbox/lateness.yaml"
    model.write_text(model.read_text().replace("max_depth: 3", "max_depth: 5"))
    project.git("add", "-A")
    project.git("commit", "-qm", "two teams")
    people = Team(project, server, "github")
    branches = []
    for team in ("a", "b"):
        own = Project(project.root / "teams" / team)
        own.environment |= project.environment
        own.run("apply", "sandbox", "--yes")
        opened = own.run("promote", "lateness", "--to", "production", "--open", "-o", "json").json
        branches.append(opened["branch"])
        project.git("switch", "-q", opened["branch"])
        for _ in range(2):
            own.run("plan", "production", "--comment", "--request", str(opened["opening"]["number"]))
        project.git("switch", "-q", "main")
    assert people.states() == ["open", "open"]
    assert [branch.rpartition("/")[0] for branch in branches] == [
        "promote/production@teams.a/lateness",
        "promote/production@teams.b/lateness",
    ]
    assert {line.name for line in server.place.lines} == {
        "reconciler/plan/production@teams.a",
        "reconciler/plan/production@teams.b",
    }
    assert len(server.place.remarks) == 2
