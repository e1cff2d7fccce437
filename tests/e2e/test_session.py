"""The story as a person types it, through real processes, with every exit code on the way."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Project


def commands(text: str) -> Iterator[list[str]]:
    """The commands that a report says to run next."""
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith(("  git ", "  reconciler ")):
            yield line.split()


def follow(project: Project, text: str) -> None:
    """Do what the report says, word by word."""
    for words in commands(text):
        if words[0] == "git":
            project.git(*words[1:])
        else:
            project.run(*words[1:], *(["--yes"] if words[1] == "apply" else []))


def test_who_does_what_each_report_says_next_gets_a_model_into_production(project: Project, tmp_path: Path) -> None:
    planned = project.run("plan", "sandbox")
    assert "refresh: no data snapshot yet" in planned.out
    assert planned.err == ""
    project.run("plan", "sandbox", "--check", code=3)
    follow(project, planned.out)
    project.run("plan", "sandbox", "--check")

    proposed = project.run("promote", "lateness", "--to", "production")
    assert "Nothing is deployed until this branch is merged and applied." in proposed.out
    assert not (project.root / "serving").exists()
    follow(project, proposed.out)
    assert project.served()["artifact"] == project.model_status("sandbox")["artifact"]

    again = project.run("promote", "lateness", "--to", "production")
    assert again.out.startswith("Nothing to propose: production already declares")
    card = (project.root / "manifests/production/lateness.md").read_text()
    assert f"Artifact: `{project.served()['artifact']}`" in card
    assert not re.search(r"\d\d:\d\d:\d\d", card), "a card holds no time of day"

    [command] = [line for line in card.splitlines() if line.startswith("reconciler reproduce ")]
    assert "every byte is the same" in project.run(*command.split()[1:]).out

    out = tmp_path / "open.csv"
    made = project.run(
        "predict", "lateness", "--in", "production", "--out", str(out), "--by", "country", "--amount", "amount"
    )
    assert "Expected amount by country" in made.out
    assert out.exists()
    assert (tmp_path / "open.amounts.csv").exists()

    events = project.run("history", "-o", "json").json["events"]
    assert (events[0]["environment"], events[0]["action"]) == ("production", "deploy")
    at = project.run("history", "--at", events[0]["when"], "--env", "production", "-o", "json").json["events"]
    assert [one["n"] for one in at] == [0]
    assert "No journal entry is that old." in project.run("history", "--at", "2020-01-01").out
    assert "Everything is intact." in project.run("audit").out
    for command in (["status"], ["history"], ["audit"], ["plan", "production"]):
        assert project.run(*command, "-o", "markdown").out
        assert project.run(*command, "-o", "json").json["format"] == 1


def test_a_reviewed_plan_is_applied_while_it_holds_and_left_alone_when_it_does_not(
    trained: Project, tmp_path: Path
) -> None:
    trained.promote()
    reviewed, edited = tmp_path / "plan.json", tmp_path / "edited.json"
    trained.run("plan", "production", "--check", "--out", str(reviewed), code=3)
    document = json.loads(reviewed.read_text())
    document["models"][0]["basis"]["served"] = "something"
    edited.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True))
    assert "E703" in trained.run("apply", "production", "--plan", str(edited), code=6).err
    assert "not for sandbox" in trained.run("apply", "sandbox", "--plan", str(reviewed), code=2).err
    assert not (trained.root / "serving").exists()

    # Later commits do not matter to a plan of an earlier one, as long as production has not moved.
    trained.write("notes.txt", "x")
    trained.commit("Something else")
    trained.run("apply", "production", "--plan", str(reviewed))
    assert trained.served()["n"] == 0
    again = trained.run("apply", "production", "--plan", str(reviewed))
    assert "unchanged" in again.out  # everything that it asked for is so already

    (trained.release() / "model.skops").unlink()
    stale = trained.run("apply", "production", "--plan", str(reviewed), code=5)
    assert "the plan is stale" in stale.out
    assert "make and review a new plan" in stale.out


@pytest.mark.soak(only=True)  # the tests of each
def test_each_kind_of_no_has_its_exit_code_its_reason_and_its_remedy(deployed: Project) -> None:
    # 4: a gate refuses the next candidate.
    policy = deployed.root / "environments/production.yaml"
    policy.write_text(policy.read_text().replace("atLeast: 0.4", "atLeast: 0.999"))
    deployed.recipe("max_depth: 3", "max_depth: 2")
    refused = deployed.run("apply", "sandbox", "--yes", code=4)
    assert "is below 0.999" in refused.out
    assert "what to do" in refused.out
    no = deployed.run("promote", "lateness", "--to", "production", code=4)
    assert no.err.startswith("error: E701")
    weak = deployed.run("plan", "production")
    assert "today's policy would deny it" in weak.out

    # 3: somebody changed what is served; 6: somebody changed what is stored.
    model = deployed.release() / "model.skops"
    model.chmod(0o644)
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    status = deployed.run("status", "production", code=3)
    assert "tampered: model.skops" in status.out
    deployed.run("plan", "production", "--check", code=3)
    deployed.run("apply", "production", "--yes")
    digest = deployed.served()["artifact"].removeprefix("sha256:")
    blob = deployed.root / ".reconciler/production/blobs/sha256" / digest
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes() + b" ")
    audited = deployed.run("audit", "production", code=6)
    assert digest in audited.out
    assert deployed.run("plan", "production", code=6).out
    assert deployed.run("audit", "production", "-o", "json", code=6).json["exit"] == 6


def test_rows_that_cannot_be_used_are_a_data_error_without_their_values(project: Project) -> None:
    ledger = project.root / "data/invoices.csv"
    whole = ledger.read_text()
    ledger.unlink()
    ran = project.run("apply", "sandbox", "--yes", code=1)
    assert ran.err.startswith("error: ")
    assert "invoices" in ran.err
    ledger.write_text(whole + "000001,CANARY,2024-01-01,2024-02-01,,1,NO\n")
    ran = project.run("apply", "sandbox", "--yes", code=1)
    assert "invoice_id" in ran.out + ran.err
    assert "what to do" in ran.out
    assert "CANARY" not in ran.out + ran.err


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc and process descriptors")
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="ctrl-c"),
        pytest.param(signal.SIGTERM, id="sigterm", marks=pytest.mark.soak(only=True)),
    ],
)
def test_an_interrupted_training_is_130_leaves_no_child_and_the_next_run_finishes(
    project: Project, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "-v", "apply", "sandbox", "--yes"],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("lateness: train"):
            break
    children = [os.pidfd_open(int(child)) for child in _children(process.pid)]
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "safe to run again" in out.lower()
    assert "Traceback" not in err
    for child in children:  # readable when it has ended
        assert select.select([child], [], [], 60)[0]
        os.close(child)
    assert project.run("apply", "sandbox", "--yes", "-o", "json").json["trained"] == 1


def _children(process: int) -> list[str]:
    return [
        child for task in Path(f"/proc/{process}/task").iterdir() for child in (task / "children").read_text().split()
    ]
