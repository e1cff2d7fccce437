"""Several requests at once: whatever is merged first, what was reviewed is applied, and what is stale says so."""

from __future__ import annotations

import pytest

from tests.forge.fake.server import Fault, Server
from tests.support.project import Project
from tests.support.team import APPLY, Reviewed

SANDBOX = "manifests/sandbox/lateness.yaml"
PRODUCTION = "environments/production.yaml"


def results(document: dict[str, object]) -> dict[str, int]:
    """Exit code by model."""
    merged: list[dict[str, dict[str, list[dict[str, object]]]]] = document["merged"]  # type: ignore[assignment]
    return {str(one["model"]): int(str(one["exit"])) for request in merged for one in request["applied"]["results"]}


@pytest.mark.soak(only=True)
@pytest.mark.parametrize(
    ("turned", "at_once"),
    [
        pytest.param(True, False, id="the later one first, applied one by one"),
        *(
            pytest.param(turned, at_once, id=name, marks=pytest.mark.soak(only=True))
            for name, turned, at_once in (
                ("the later one first, applied at once", True, True),
                ("as they were opened, applied at once", False, True),
                ("as they were opened, applied one by one", False, False),
            )
        ),
    ],
)
def test_two_models_merged_in_either_order_are_both_applied(
    project: Project, server: Server, *, at_once: bool, turned: bool
) -> None:
    recipe = (project.root / SANDBOX).read_text()
    project.write("manifests/sandbox/delay.yaml", recipe.replace("name: lateness", "name: delay").replace("3}", "4}"))
    project.commit("Another model")
    team = Reviewed(project, server, "github")
    team.run("apply", "sandbox", "--yes")
    first, second = team.propose("lateness")[0], team.propose("delay")[0]
    done = {}
    for number in (second, first) if turned else (first, second):
        team.merge(number)
        if not at_once:
            done |= results(team.run(*APPLY).json)
    if at_once:
        done |= results(team.run(*APPLY).json)
    assert done == {"delay": 0, "lateness": 0}
    for model in done:
        assert (project.root / f"serving/{model}/current").exists()
    assert all("✅ Applied" in team.bodies(number)[-1] for number in (first, second))
    team.run("audit")


def test_of_two_requests_for_one_model_the_stale_one_is_left_alone_until_it_is_brought_up_to_date(
    trained: Project, server: Server
) -> None:
    team = Reviewed(trained, server, "github")
    old, _ = team.propose()
    team.candidate(5, before=3)
    new, branch = team.propose()
    assert team.states() == ["closed", "open"]
    server.place.pulls[old].state = "open"  # somebody wants it all the same
    team.merge(old)
    team.run(*APPLY)
    first = trained.served()["artifact"]

    # Proposed again it fits what was merged; nobody has seen that plan yet.
    again = team.open()
    assert (again["opening"]["number"], again["opening"]["state"], again["branch"]) == (new, "updated", branch)
    team.merge(new)
    left = team.run(*APPLY, code=5).json["merged"][0]["applied"]["results"][0]
    assert "this plan was not reviewed" in left["problem"]
    assert trained.served()["artifact"] == first

    plan = trained.root.parent / "plan.json"
    team.run("plan", "production", "--out", str(plan))
    team.run("apply", "production", "--plan", str(plan))
    assert trained.served()["artifact"] == again["artifact"] != first
    team.run("audit")


@pytest.mark.soak(only=True)  # `test_controls`: without a forge
def test_what_is_held_up_when_it_is_merged_is_told_and_done_by_a_later_run(project: Project, server: Server) -> None:
    team = Reviewed(project, server, "github")
    environment = (project.root / PRODUCTION).read_text()
    approvals = "  policy:\n    approvals: {min: 1, from: [zoe, ada]}\n"
    freeze = "    freeze: [{cron: 0 3 1 1 *, duration: 364d, timeZone: UTC, reason: the books are closed}]\n"
    project.write(PRODUCTION, environment.replace("  policy:\n", approvals + freeze))
    project.commit("Controls")
    team.share()
    team.run("apply", "sandbox", "--yes")
    number, _ = team.propose()
    team.place.approve(number, "ada")  # who opened it
    team.merge(number)
    assert results(team.run(*APPLY, code=None).json)["lateness"] in (4, 5)
    assert "the books are closed" in team.bodies(number)[-1]
    assert not (project.root / "serving/lateness/current").exists()

    # Thawed; the author's word alone does not count, and one that was withdrawn does not either.
    project.write(PRODUCTION, environment.replace("  policy:\n", approvals))
    project.commit("Open again")
    team.share()
    assert "zoe" in team.run("apply", "production", "--yes", code=4).out
    team.place.approve(number, "zoe")
    team.place.withdraw(number, "zoe")
    team.run("apply", "production", "--yes", code=4)
    team.place.approve(number, "zoe")
    for fault in (Fault.RATE, Fault.BROKEN, Fault.LOST_BEFORE, Fault.FORBIDDEN):
        server.order(fault, path=r"/api/.*", times=9)
        ran = team.run("apply", "production", "--yes", code=None)
        assert ran.code in (1, 5), fault
        assert "lateness" in ran.out, fault
        assert not (project.root / "serving/lateness/current").exists()
        server.orders.clear()
    team.run("apply", "production", "--yes")
    assert (project.root / "serving/lateness/current").exists()
    event = team.run("history", "--env", "production", "-o", "json").json["events"][0]
    assert "zoe" in str(event)
    team.run("audit")
