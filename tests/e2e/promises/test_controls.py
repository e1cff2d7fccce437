"""The controls of an environment with real git and real commands: what is refused, what is told, how it goes on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.project import Project

POLICY = "environments/production.yaml"


def controls(project: Project, text: str, message: str = "Controls") -> None:
    """These lines at the end of production's policy, merged."""
    path = project.root / POLICY
    path.write_text(path.read_text().replace("    maxDataAge: 30d\n", f"    maxDataAge: 30d\n{text}"))
    project.commit(message)


def test_rollback_now_serves_at_once_stays_until_git_agrees_and_is_in_the_history(redeployed: Project) -> None:
    second = redeployed.served()["artifact"]
    redeployed.environment["RECONCILER_FORGE"] = "github"
    untold = redeployed.run(
        "rollback", "lateness", "--in", "production", "--now", "--reason", "it fails on refunds", "--open", code=1
    )
    assert "the rollback is deployed (entry" in untold.err
    del redeployed.environment["RECONCILER_FORGE"]
    back = redeployed.run(
        "rollback", "lateness", "--in", "production", "--now", "--reason", "it fails on refunds", "-o", "json"
    ).json
    first = redeployed.served()["artifact"]
    assert (back["artifact"], back["servedBy"]) == (first, redeployed.served()["n"])
    assert first != second
    again = redeployed.run("rollback", "lateness", "--in", "production", "--now", "-o", "json").json
    assert again == back
    assert "it fails on refunds" in redeployed.run("apply", "production", "--yes", code=4).out
    status = redeployed.model_status("production")
    assert (status["health"], status["sync"], status["exit"]) == ("SUSPENDED", "OUT_OF_SYNC", 4)
    assert "it fails on refunds" in redeployed.run("why", "lateness", "--in", "production").out
    redeployed.merge(back["branch"])
    redeployed.run("apply", "production", "--yes")
    assert redeployed.served()["artifact"] == first
    redeployed.run("plan", "production", "--check")
    event = redeployed.run("history", "--env", "production", "-o", "json").json["events"][0]
    assert (event["hold"]["pin"], event["hold"]["reason"]) == (second, "it fails on refunds")
    redeployed.run("audit")


def test_a_freeze_holds_up_a_promotion_until_an_override_is_merged(newer: Project) -> None:
    before = newer.served()["artifact"]
    # Open for an hour of the year, in which this test is not likely to run.
    controls(
        newer,
        "    freeze:  # the books are closed\n"
        "      - {cron: 0 3 1 1 *, duration: 364d, timeZone: UTC, reason: the books are closed}\n",
    )
    newer.promote()
    told = newer.run("apply", "production", "--yes", code=5).out
    assert "production is frozen until 20" in told
    assert newer.served()["artifact"] == before
    wrong = ["override", "lateness", "--in", "production", "--control", "approvals", "--reason", "x"]
    assert "E225" in newer.run(*wrong, code=2).err, "nobody owns approvals here"
    proposed = newer.run(
        *("override", "lateness", "--in", "production", "--control", "freeze"),
        *("--reason", "the old one fails: ask Rita", "-o", "json"),
    ).json
    text = newer.git("show", f"{proposed['branch']}:{POLICY}")
    assert "# the books are closed" in text
    newer.merge(proposed["branch"])
    assert "override of freeze: the old one fails: ask Rita" in newer.run("plan", "production").out
    newer.run("apply", "production", "--yes")
    assert newer.served()["artifact"] == proposed["artifact"]
    assert "ask Rita" in newer.run("status", "production").out, "for as long as it is there"
    event = newer.run("history", "--env", "production", "-o", "json").json["events"][0]
    assert event["overrides"][0]["control"] == "freeze"
    again = newer.run(
        *("override", "lateness", "--in", "production", "--control", "freeze", "--reason", "y", "-o", "json")
    ).json
    assert "branch" not in again, "git says so already"


def test_a_gate_weakened_in_the_request_that_promotes_is_refused_and_two_requests_are_not(deployed: Project) -> None:
    before = deployed.served()["artifact"]
    told = "GATE WEAKENED beats-naive-guess: 0.999 of the errors -> 0.005 of the errors"
    path = deployed.root / "manifests/production/lateness.yaml"
    path.write_text(path.read_text().replace("byShareOfErrors: 0.01", "byShareOfErrors: 0.999"))
    deployed.commit("A stricter gate counts at once")
    deployed.run("apply", "production", "--yes")
    deployed.recipe("max_depth: 3", "max_depth: 5")
    deployed.recipe("byShareOfErrors: 0.01", "byShareOfErrors: 0.005")
    judged = deployed.run("apply", "sandbox", "--yes", code=4).out
    assert "less than 99.9%" in judged, "the sandbox judges by what is in force"
    proposed = deployed.run("promote", "lateness", "--to", "production", "-o", "json").json
    assert told in proposed["summary"]
    shown = deployed.run("plan", "production", "--revision", proposed["branch"], code=None).out
    assert told in " ".join(shown.split()), "also before it is merged"
    deployed.merge(proposed["branch"])
    for _ in range(2):
        refused = " ".join(deployed.run("apply", "production", "--yes", code=4).out.split())
        assert told in refused
        assert "reconciler promote lateness --to production --again" in refused
        assert deployed.served()["artifact"] == before
    # As the message says: by now the weaker gate is in force on its own.
    deployed.run("apply", "sandbox", "--yes")
    again = deployed.run("promote", "lateness", "--to", "production", "--again", "-o", "json").json
    assert "proposed: 1" in deployed.git("show", f"{again['branch']}:manifests/production/lateness.yaml")
    deployed.merge(again["branch"])
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == proposed["artifact"]


def test_a_rejected_candidate_is_neither_proposed_nor_deployed(redeployed: Project) -> None:
    served = redeployed.served()["artifact"]
    controls(redeployed, f"    rejected: [{{artifact: {served}, reason: trained on refunds}}]\n")
    assert "trained on refunds" in redeployed.run("promote", "lateness", "--to", "production", code=4).err
    status = redeployed.model_status("production")
    assert (status["health"], status["exit"]) == ("DEGRADED", 4)
    back = redeployed.run("rollback", "lateness", "--in", "production", "--now", "-o", "json").json
    redeployed.merge(back["branch"])
    redeployed.run("apply", "production", "--yes")
    assert redeployed.model_status("production")["health"] == "HEALTHY"
    assert "trained on refunds" in redeployed.run("rollback", "lateness", "--in", "production", "--now", code=4).err


# Stands before git in PATH: kills whoever begins to write a proposal.
GIT = """#!/bin/sh
case "$*" in *read-tree*) kill -9 $PPID; exit 1;; esac
exec "{git}" "$@"
"""


@pytest.mark.soak(only=True)  # unit/engine/promotion/test_rollback_now
def test_rollback_now_killed_between_swap_and_proposal_is_finished_by_the_next_run(
    redeployed: Project, tmp_path: Path
) -> None:
    second = redeployed.served()["artifact"]
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    shim.write_text(GIT.format(git=shutil.which("git")))
    shim.chmod(0o755)
    usual = redeployed.environment
    redeployed.environment = {**usual, "PATH": f"{shim.parent}{os.pathsep}{usual['PATH']}"}
    redeployed.run("rollback", "lateness", "--in", "production", "--now", "--reason", "it fails", code=-9)
    redeployed.environment = usual
    swapped = redeployed.served()
    assert swapped["artifact"] != second, "it serves already"
    assert redeployed.git("branch", "--list", "rollback/*") == ""
    redeployed.run("apply", "production", "--yes", code=4)
    done = redeployed.run("rollback", "lateness", "--in", "production", "--now", "-o", "json").json
    assert (done["artifact"], done["servedBy"], redeployed.served()) == (swapped["artifact"], swapped["n"], swapped)
    redeployed.merge(done["branch"])
    redeployed.run("apply", "production", "--yes")
    redeployed.run("audit")
