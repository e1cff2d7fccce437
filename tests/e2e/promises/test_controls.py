"""The controls of an environment with real git and real commands: what is refused, what is told, how it goes on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.promises.project import Project

POLICY = "environments/production.yaml"


def controls(project: Project, text: str, message: str = "Controls") -> None:
    """These lines at the end of production's policy, merged."""
    path = project.root / POLICY
    path.write_text(path.read_text().replace("    maxDataAge: 30d\n", f"    maxDataAge: 30d\n{text}"))
    project.commit(message)


@pytest.fixture
def newer(deployed: Project) -> Project:
    """Production serves another artifact than it did first."""
    deployed.recipe("max_depth: 3", "max_depth: 5")
    deployed.run("apply", "sandbox", "--yes")
    deployed.promote()
    deployed.run("apply", "production", "--yes")
    return deployed


@pytest.mark.slow
def test_rollback_now_serves_at_once_stays_until_git_agrees_and_is_in_the_history(newer: Project) -> None:
    second = newer.served()["artifact"]
    newer.environment["RECONCILER_FORGE"] = "github"
    untold = newer.run(
        "rollback", "lateness", "--in", "production", "--now", "--reason", "it fails on refunds", "--open", code=1
    )
    assert "the rollback is deployed (entry" in untold.err
    del newer.environment["RECONCILER_FORGE"]
    back = newer.run(
        "rollback", "lateness", "--in", "production", "--now", "--reason", "it fails on refunds", "-o", "json"
    ).json
    first = newer.served()["artifact"]
    assert (back["artifact"], back["servedBy"]) == (first, newer.served()["n"])
    assert first != second
    again = newer.run("rollback", "lateness", "--in", "production", "--now", "-o", "json").json
    assert again == back
    assert "it fails on refunds" in newer.run("apply", "production", "--yes", code=4).out
    status = newer.model_status("production")
    assert (status["health"], status["sync"], status["exit"]) == ("SUSPENDED", "OUT_OF_SYNC", 4)
    assert "it fails on refunds" in newer.run("why", "lateness", "--in", "production").out
    newer.merge(back["branch"])
    newer.run("apply", "production", "--yes")
    assert newer.served()["artifact"] == first
    newer.run("plan", "production", "--check")
    event = newer.run("history", "--env", "production", "-o", "json").json["events"][0]
    assert (event["hold"]["pin"], event["hold"]["reason"]) == (second, "it fails on refunds")
    newer.run("audit")


@pytest.mark.slow
def test_a_freeze_holds_up_a_promotion_until_an_override_is_merged(deployed: Project) -> None:
    before = deployed.served()["artifact"]
    deployed.recipe("max_depth: 3", "max_depth: 5")
    deployed.run("apply", "sandbox", "--yes")
    # Open for an hour of the year, in which this test is not likely to run.
    controls(
        deployed,
        "    freeze:  # the books are closed\n"
        "      - {cron: 0 3 1 1 *, duration: 364d, timeZone: UTC, reason: the books are closed}\n",
    )
    deployed.promote()
    told = deployed.run("apply", "production", "--yes", code=5).out
    assert "the books are closed; it opens 20" in told
    assert deployed.served()["artifact"] == before
    wrong = ["override", "lateness", "--in", "production", "--control", "approvals", "--reason", "x"]
    assert "E225" in deployed.run(*wrong, code=2).err, "nobody owns approvals here"
    proposed = deployed.run(
        *("override", "lateness", "--in", "production", "--control", "freeze"),
        *("--reason", "the old one fails: ask Rita", "-o", "json"),
    ).json
    text = deployed.git("show", f"{proposed['branch']}:{POLICY}")
    assert "# the books are closed" in text
    deployed.merge(proposed["branch"])
    assert "override of freeze: the old one fails: ask Rita" in deployed.run("plan", "production").out
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == proposed["artifact"]
    assert "ask Rita" in deployed.run("status", "production").out, "for as long as it is there"
    event = deployed.run("history", "--env", "production", "-o", "json").json["events"][0]
    assert event["overrides"][0]["control"] == "freeze"
    again = deployed.run(
        *("override", "lateness", "--in", "production", "--control", "freeze", "--reason", "y", "-o", "json")
    ).json
    assert "branch" not in again, "git says so already"


@pytest.mark.slow
def test_a_gate_weakened_in_the_request_that_promotes_is_refused_and_two_requests_are_not(deployed: Project) -> None:
    before = deployed.served()["artifact"]
    told = "GATE WEAKENED beats-naive-guess: 0.01 of the errors -> 0.005 of the errors"
    deployed.recipe("max_depth: 3", "max_depth: 5")
    deployed.recipe("byShareOfErrors: 0.01", "byShareOfErrors: 0.005")
    deployed.run("apply", "sandbox", "--yes")
    proposed = deployed.run("promote", "lateness", "--to", "production", "-o", "json").json
    assert told in proposed["summary"]
    shown = deployed.run("plan", "production", "--revision", proposed["branch"], code=None).out
    assert told in " ".join(shown.split()), "also before it is merged"
    deployed.merge(proposed["branch"])
    assert told in " ".join(deployed.run("apply", "production", "--yes", code=4).out.split())
    assert deployed.served()["artifact"] == before
    # Undone, and made again as two changes.
    deployed.git("revert", "--no-edit", "-m", "1", "HEAD")
    path = deployed.root / "manifests/production/lateness.yaml"
    path.write_text(path.read_text().replace("byShareOfErrors: 0.01", "byShareOfErrors: 0.005"))
    deployed.commit("A weaker gate, by itself")
    deployed.promote()
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == proposed["artifact"]


@pytest.mark.slow
def test_a_rejected_candidate_is_neither_proposed_nor_deployed(newer: Project) -> None:
    served = newer.served()["artifact"]
    controls(newer, f"    rejected: [{{artifact: {served}, reason: trained on refunds}}]\n")
    assert "trained on refunds" in newer.run("promote", "lateness", "--to", "production", code=4).err
    status = newer.model_status("production")
    assert (status["health"], status["exit"]) == ("DEGRADED", 4)
    back = newer.run("rollback", "lateness", "--in", "production", "--now", "-o", "json").json
    newer.merge(back["branch"])
    newer.run("apply", "production", "--yes")
    assert newer.model_status("production")["health"] == "HEALTHY"
    assert "trained on refunds" in newer.run("rollback", "lateness", "--in", "production", "--now", code=4).err


# Stands before git in PATH: kills whoever begins to write a proposal.
GIT = """#!/bin/sh
case "$*" in *read-tree*) kill -9 $PPID; exit 1;; esac
exec "{git}" "$@"
"""


@pytest.mark.slow
def test_rollback_now_killed_between_swap_and_proposal_is_finished_by_the_next_run(
    newer: Project, tmp_path: Path
) -> None:
    second = newer.served()["artifact"]
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    shim.write_text(GIT.format(git=shutil.which("git")))
    shim.chmod(0o755)
    usual = newer.environment
    newer.environment = {**usual, "PATH": f"{shim.parent}{os.pathsep}{usual['PATH']}"}
    newer.run("rollback", "lateness", "--in", "production", "--now", "--reason", "it fails", code=-9)
    newer.environment = usual
    swapped = newer.served()
    assert swapped["artifact"] != second, "it serves already"
    assert newer.git("branch", "--list", "rollback/*") == ""
    newer.run("apply", "production", "--yes", code=4)
    done = newer.run("rollback", "lateness", "--in", "production", "--now", "-o", "json").json
    assert (done["artifact"], done["servedBy"], newer.served()) == (swapped["artifact"], swapped["n"], swapped)
    newer.merge(done["branch"])
    newer.run("apply", "production", "--yes")
    newer.run("audit")
