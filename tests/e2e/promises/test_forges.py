"""From a candidate to production by way of a forge: opened once, superseded, approved, merged there, fetched, applied;
and back again. On GitHub, on GitLab, and where there is neither."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.forge.fake.server import Fault, Server
from tests.support.project import Project
from tests.support.team import KINDS, PROMOTE, READS, VARIABLES, Team

REQUESTS = r"/api/v[34]/.*/(pulls|merge_requests)"


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_road_and_back(trained: Project, server: Server, kind: str) -> None:
    team = Team(trained, server, kind)

    first = team.open()
    opening = first["opening"]
    assert (opening["state"], opening["number"], opening["base"]) == ("opened", 1, "main")
    assert opening["url"].startswith(server.root)
    assert server.place.tip(first["branch"]) == first["commit"]
    pull = server.place.pulls[1]
    assert first["artifact"] in pull.body
    assert "## Gates" in pull.body

    # Again changes nothing: from here, from another clone, and after main moved.
    server.asked.clear()
    assert team.open() == first | {"opening": opening | {"state": "unchanged"}}
    assert {method for method, _ in server.asked} == {"GET"}
    trained.write("README.md", "Something else was merged.\n")
    trained.commit("Something else")
    team.share()
    trained.git("branch", "-q", "-D", first["branch"])
    assert team.open() == first | {
        "base": trained.git("rev-parse", "HEAD"),
        "opening": opening | {"state": "unchanged"},
    }
    assert (team.states(), len(server.place.remarks)) == (["open"], 0)

    team.approve_and_merge(1)
    assert trained.served()["artifact"] == first["artifact"]
    assert "opening" not in team.open()

    # A newer candidate supersedes the one that is still open, and says so there.
    team.candidate(5, before=3)
    second = team.open()
    team.candidate(2, before=5)
    third = team.open()
    assert [one["number"] for one in third["opening"]["superseded"]] == [2]
    assert team.states() == ["merged", "closed", "open"]
    [remark] = server.place.remarks
    assert (remark.number, third["opening"]["url"] in remark.body) == (2, True)
    shown = team.run(*PROMOTE).out
    assert third["opening"]["url"] in shown
    assert "unchanged" in shown
    team.approve_and_merge(3)
    assert trained.served()["artifact"] == third["artifact"] != second["artifact"]

    back = team.open("rollback", "lateness", "--in", "production", "--open")
    assert (back["artifact"], back["opening"]["number"]) == (first["artifact"], 4)
    team.approve_and_merge(4)
    assert trained.served()["artifact"] == first["artifact"]

    # An override is asked for like that, too; one of another control does not supersede it.
    for number, control in ((5, "freeze"), (5, "freeze"), (6, "hold")):
        asks = ("override", "lateness", "--in", "production", "--control", control, "--reason", "the quarter ends")
        asked = team.open(*asks, "--open")
        assert (asked["opening"]["number"], asked["opening"]["superseded"]) == (number, [])
        assert "the quarter ends" in server.place.pulls[number].body
        assert "deploys it" not in server.place.pulls[number].body
    assert team.states()[-2:] == ["open", "open"]
    team.run("audit")


FAULTS = {
    Fault.UNAUTHORIZED: (1, "E902"),
    Fault.FORBIDDEN: (1, "E902"),
    Fault.RATE: (5, "E903"),
    Fault.REFUSED: (1, "E904"),
    Fault.BROKEN: (1, "E901"),
    Fault.LOST_BEFORE: (1, "E901"),
    Fault.LOST_AFTER: (1, "E901"),
}


@pytest.mark.soak(only=True)  # `tests/forge/test_faults.py` holds the same for each fault without a project
@pytest.mark.parametrize("kind", VARIABLES)
def test_whatever_the_forge_does_it_is_told_clearly_and_the_next_run_finishes(
    trained: Project, server: Server, kind: str
) -> None:
    team = Team(trained, server, kind)
    before = trained.run("status", "production", "-o", "json").json
    for number, (fault, (exits, code)) in enumerate(FAULTS.items(), 1):
        server.order(fault, method="POST", path=REQUESTS)
        refused = team.run(*PROMOTE, "-o", "json", code=exits).json["error"]
        assert (refused["code"], refused["exit"]) == (code, exits)
        assert refused.get("hint") or code == "E904"
        found = team.open()["opening"]
        assert (found["number"], team.states()[-1]) == (number, "open"), fault
        server.place.pulls[number].state = "closed"

    # No right to push; no right to open; a remote that breaks; no token at all.
    branch = server.place.pulls[1].head
    server.place.git("update-ref", "-d", f"refs/heads/{branch}")
    usual = dict(trained.environment)
    trained.environment[VARIABLES[kind]] = READS
    assert team.run(*PROMOTE, "-o", "json", code=1).json["error"]["code"] == "E902"
    trained.environment = dict(usual)
    server.order(Fault.BROKEN, path=r".*/git-receive-pack", times=9)
    assert team.run(*PROMOTE, "-o", "json", code=1).json["error"]["code"] == "E901"
    server.orders.clear()
    del trained.environment[VARIABLES[kind]]
    assert VARIABLES[kind] in team.run(*PROMOTE, "-o", "json", code=1).json["error"]["hint"]
    trained.environment = usual
    assert team.open()["opening"]["state"] == "opened"
    assert trained.run("status", "production", "-o", "json").json == before


@pytest.mark.soak(only=True)  # unit/engine/promotion
def test_without_a_forge_the_branch_is_pushed_and_the_text_printed(project: Project, tmp_path: Path) -> None:
    bare = tmp_path / "models.git"
    project.run("apply", "sandbox", "--yes")
    alone = project.run(*PROMOTE, "-o", "json").json["opening"]
    assert (alone["state"], "remote" in alone, "url" in alone) == ("by-hand", False, False)

    project.git("clone", "-q", "--bare", ".", str(bare))
    project.git("remote", "add", "origin", str(bare))
    project.git("fetch", "-q", "origin")
    found = project.run(*PROMOTE)
    opening = project.run(*PROMOTE, "-o", "json").json
    assert opening["opening"]["remote"] == str(bare)
    assert opening["opening"]["title"] in found.out
    assert opening["opening"]["body"].splitlines()[0] in found.out
    assert project.git("ls-remote", str(bare), opening["branch"]).split()[0] == opening["commit"]

    # A person merges it at the remote, and this clone applies what was merged.
    work = tmp_path / "work"
    project.git("clone", "-q", str(bare), str(work))
    merge = ("-c", "user.name=Zoe", "-c", "user.email=z@example.org", "merge", "-q", "--no-ff", "-m", "Merge")
    project.git("-C", str(work), *merge, f"origin/{opening['branch']}")
    project.git("-C", str(work), "push", "-q", "origin", "main")
    project.git("pull", "-q", "--ff-only", "origin", "main")
    project.run("apply", "production", "--yes")
    assert project.served()["artifact"] == opening["artifact"]
    shutil.rmtree(bare)
    bare.mkdir()  # no repository any more
    project.recipe("max_depth: 3", "max_depth: 2")
    project.run("apply", "sandbox", "--yes")
    assert project.run(*PROMOTE, "-o", "json", code=1).json["error"]["code"] == "E901"


@pytest.mark.parametrize("kind", KINDS)
def test_doctor_says_whose_token_it_is_or_what_is_wrong_with_it(project: Project, server: Server, kind: str) -> None:
    team = Team(project, server, kind)

    def found(*, code: int = 0) -> tuple[str, str]:
        checks = team.run("doctor", "-o", "json", code=code).json["checks"]
        (one,) = [one for one in checks if one["name"] == "forge"]
        assert one["level"] == "good" or one["remedy"]
        return one["level"], one["found"]

    level, said = found()
    assert level == "good"
    assert said.endswith(f"town/models: {VARIABLES[kind]} belongs to ada, and can read")
    project.environment[VARIABLES[kind]] = "tok-of-nobody"
    level, said = found()
    assert (level, "E902" in said) == ("warning", True)
    del project.environment[VARIABLES[kind]]
    level, said = found()
    assert (level, VARIABLES[kind] in said) == ("warning", True)
    project.environment["RECONCILER_FORGE"] = "none"
    assert found() == ("good", "none: RECONCILER_FORGE is set to it")


def test_doctor_says_that_the_forge_is_not_there(project: Project, server: Server) -> None:
    team = Team(project, server, "github")
    project.environment["GITHUB_API_URL"] = "http://127.0.0.1:1/api/v3"
    checks = team.run("doctor", "-o", "json", code=1).json["checks"]
    assert [(one["level"], "E901" in one["found"]) for one in checks if one["name"] == "forge"] == [("bad", True)]
