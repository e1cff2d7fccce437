"""`why` follows a model on its way: it says what is waited for, and its command is the one that helps."""

from __future__ import annotations

import re

import pytest

from tests.support.project import Project


def why(project: Project, environment: str, *, code: int = 0) -> str:
    return project.run("why", "lateness", "--in", environment, code=code).out


def take(project: Project, environment: str, *, code: int = 0) -> str:
    """Run the command that `why` names last; what it said."""
    said = why(project, environment, code=code)
    command = re.findall(r"^ +reconciler (.*)$", said, re.MULTILINE)[-1].split()
    project.run(*command, *(["--yes"] if command[0] == "apply" else []))
    return said


@pytest.mark.soak(only=True)  # e2e/test_session: by what each report says
def test_from_nothing_to_production_by_its_advice_alone(project: Project) -> None:
    assert "sandbox declares lateness, but has not trained it yet" in why(project, "production")
    assert "there is no candidate in sandbox yet" in project.run("promote", code=2).err

    said = take(project, "sandbox")
    assert "has  nothing yet" in said
    assert "no data snapshot yet" in said

    assert re.search(r"sandbox has [0-9a-f]{12}; propose it", why(project, "production"))
    said = take(project, "sandbox")
    assert "production does not pin this artifact yet; propose it" in said
    project.merge(project.git("branch", "--list", "promote/*", "--format=%(refname:short)"))

    said = take(project, "production")
    assert "OUT_OF_SYNC" in said
    assert "passed its gates; the first artifact here" in said
    assert "threshold: accuracy" in said

    said = why(project, "production")
    assert "sync IN_SYNC, health HEALTHY" in said
    assert said.endswith("Nothing to do.\n")
    assert "production pins this artifact" in why(project, "sandbox")

    model = project.release() / "model.skops"
    model.chmod(0o644)
    model.write_bytes(b"x")
    said = take(project, "production", code=3)
    assert "tampered: model.skops" in said
    assert "Nothing to do" in why(project, "production")

    project.recipe("seed: 7", "seed: 8")
    assert "seed: 7 -> 8" in take(project, "sandbox")
    advised = " ".join(why(project, "production").split())
    assert "which is not pinned here; whether it is better than" in advised
    assert "was not compared. If it is to be deployed all the same" in advised


def test_a_refusal_is_told_with_its_numbers_and_what_to_do(project: Project) -> None:
    project.recipe("byShareOfErrors: 0.01", "byShareOfErrors: 0.99")
    project.run("apply", "sandbox", "--yes", code=None)
    said = why(project, "sandbox")
    assert "refused" in said
    assert re.search(r"removes \d+(\.\d+)?% of the naive guess's errors, less than 99%", said)
    assert "change the recipe, or the gate by a pull request, and apply the sandbox again" in said
    assert "change the recipe, or the gate by a pull request, and apply sandbox again" in project.run(
        "promote", "lateness", code=4
    ).err.replace("\n", " ")
    assert "verif" not in project.run("apply", "sandbox", "--yes", code=4).err, "the same gates judge it once"
    project.recipe("byShareOfErrors: 0.99", "byShareOfErrors: 0.01")
    assert "nothing trained" in project.run("apply", "sandbox", "--yes").out, (
        "by other gates the same artifact is judged"
    )
    project.run("promote", "lateness")


def test_a_name_that_nobody_knows_is_answered_with_the_nearest(project: Project) -> None:
    refused = project.run("why", "latness", "--in", "production", code=2)
    assert "did you mean lateness?" in refused.err
    refused = project.run("why", "lateness", "--in", "productoin", code=2)
    assert "declared: production, sandbox" in refused.err
