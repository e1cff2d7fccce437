"""The only model of an environment is retired: by a merged request, by a person, and never by an accident."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

from tests.support.project import Project

LINE = "    retire: [{model: lateness, reason: credit stopped using it}]\n"
ENVIRONMENT = "environments/production.yaml"


def remove(project: Project, *, line: bool) -> None:
    """Merge a request that removes the model's files from production, with or without consent."""
    project.git("checkout", "-q", "-b", "retire")
    project.git("rm", "-q", "manifests/production/lateness.yaml", "manifests/production/lateness.md")
    if line:
        text = (project.root / ENVIRONMENT).read_text()
        project.write(ENVIRONMENT, text.replace("    maxDataAge: 30d\n", "    maxDataAge: 30d\n" + LINE))
    project.commit("Retire lateness")
    project.git("checkout", "-q", "main")
    project.merge("retire")


def flat(text: str) -> str:
    return " ".join(text.split())


def events(project: Project) -> list[tuple[str, str]]:
    found = project.run("history", "--env", "production", "-o", "json").json["events"]
    return [(event["action"], event["reason"]) for event in found]


def test_a_merged_request_retires_the_only_model_history_keeps_it_and_it_is_published_again(deployed: Project) -> None:
    remove(deployed, line=True)
    plan = deployed.run("plan", "production", "--check", code=3)
    assert "credit stopped using it" in flat(plan.out)
    deployed.run("apply", "production", "--yes")
    assert deployed.run("plan", "production", "--check").code == 0
    kept = events(deployed)
    assert {action for action, _ in kept} == {"deploy", "retire"}
    assert any("credit stopped using it" in reason for _, reason in kept)
    assert "that line can be removed" in flat(deployed.run("plan", "production").out)
    deployed.run("audit")
    # published again: the line would lie in wait for its next removal
    refused = deployed.run("promote", "lateness", "--to", "production", code=2)
    assert "E225" in refused.err
    assert "remove this line" in refused.err
    deployed.write(ENVIRONMENT, (deployed.root / ENVIRONMENT).read_text().replace(LINE, ""))
    deployed.commit("Publish lateness again")
    deployed.promote()
    deployed.run("apply", "production", "--yes")
    assert len(events(deployed)) == 3
    assert deployed.run("status", "production", "-o", "json").json["environments"][0]["models"][0]["artifact"]


def test_without_a_line_it_is_denied_until_a_person_confirms_the_plan(deployed: Project) -> None:
    remove(deployed, line=False)
    for _ in range(2):  # to run it again is no help, and exit 5 would say that it is
        denied = flat(deployed.run("apply", "production", "--yes", code=4).out)
        assert "needs a person's consent" in denied
        assert "retire: [{model: lateness, reason: ...}]" in denied
    plan = str(deployed.root.parent / "retire.json")
    make, carry_out = (printed.split() for printed in re.findall("`reconciler ([^`]*FILE)`", denied))
    assert "needs consent" in flat(deployed.run(*[plan if word == "FILE" else word for word in make]).out)
    assert "retired" in deployed.run(*[plan if word == "FILE" else word for word in carry_out]).out
    assert deployed.run("plan", "production", "--check").code == 0


def test_the_line_that_a_refusal_prints_is_consent_as_it_stands(deployed: Project) -> None:
    remove(deployed, line=False)
    denied = flat(deployed.run("apply", "production", "--yes", code=4).out)
    (line,) = re.findall("add `(retire: [^`]*)` under `policy`", denied)
    text = (deployed.root / ENVIRONMENT).read_text()
    deployed.write(ENVIRONMENT, text.replace("    maxDataAge: 30d\n", f"    maxDataAge: 30d\n    {line}\n"))
    deployed.commit("Consent")
    assert "retired" in deployed.run("apply", "production", "--yes").out


def test_a_person_at_a_terminal_may_confirm_it(deployed: Project) -> None:
    remove(deployed, line=False)
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "reconciler", "-C", str(deployed.root), "apply", "production"],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        text=True,
        env=deployed.environment | {"CI": ""},  # where it is set nobody is asked
        cwd=deployed.root.parent,
    )
    os.close(theirs)
    os.write(terminal, b"y\n")
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    out, _ = process.communicate(timeout=300)
    os.close(terminal)
    assert process.returncode == 0, shown.decode()
    assert b"needs consent" in shown
    assert "retired" in out


def test_an_emptied_folder_is_no_consent_even_where_pruning_is_automatic(deployed: Project) -> None:
    text = (deployed.root / ENVIRONMENT).read_text()
    deployed.write(ENVIRONMENT, text.replace("    maxDataAge: 30d\n", "    maxDataAge: 30d\n    prune: auto\n"))
    deployed.commit("Prune by itself")
    remove(deployed, line=False)
    deployed.run("apply", "production", "--yes", code=4)
    assert deployed.run("status", "production", "-o", "json").json["environments"][0]["models"][0]["artifact"]
