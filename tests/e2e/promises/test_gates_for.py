"""Which gates apply to a model is one answer at every door: validate, plan, apply sandbox, promote, deploy."""

from __future__ import annotations

import pytest

from tests.support.project import PRODUCTION, Project

R2 = "      - {uses: no-worse-than-incumbent, metric: r2}\n"
ACCURACY = "      - {uses: threshold, metric: accuracy, atLeast: 0.4}\n"
NEVER = '      - {uses: threshold, metric: "recall:never", atLeast: 0.1}\n'
REGRESSION = R2.replace("r2}", "r2, for: {task: regression}}")


def policy(project: Project, gates: str) -> None:
    assert ACCURACY in PRODUCTION
    project.write("environments/production.yaml", PRODUCTION.replace(ACCURACY, gates))
    project.commit("Gates")


def flat(text: str) -> str:
    """Return what was printed without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    "scope", [pytest.param("", marks=pytest.mark.soak(only=True)), ", for: {labels: {tier: critical}}"]
)
def test_a_gate_on_a_class_that_the_outcome_does_not_have_refuses_at_every_door(project: Project, scope: str) -> None:
    project.recipe("owner: credit}", "owner: credit, labels: {tier: critical}}")
    policy(project, ACCURACY + NEVER.replace("0.1}", f"0.1{scope}}}"))
    reason = "recall:never names a class that the model does not have"
    assert f"production will refuse every candidate: {reason}" in flat(project.run("plan", "sandbox").out)
    applied = project.run("apply", "sandbox", "--yes", code=4)
    assert reason in flat(applied.out)
    assert "narrow the gate by `for:`" in flat(applied.out)
    assert "passed" not in applied.out
    assert reason in flat(project.run("plan", "sandbox").out)
    assert reason in flat(project.run("promote", "lateness", "--to", "production", code=2).err)
    # a pin written by hand: the manifests are refused
    status = project.run("status", "sandbox", "-o", "json").json
    digest = status["environments"][0]["models"][0]["artifact"]
    text = (project.root / "manifests/sandbox/lateness.yaml").read_text()
    project.write("manifests/production/lateness.yaml", text.replace("spec:\n", f"spec:\n  artifact: {digest}\n", 1))
    project.commit("Pinned by hand")
    for command in (("validate",), ("plan", "production"), ("apply", "production", "--yes")):
        refused = project.run(*command, code=2)
        assert "E216" in flat(refused.out + refused.err)
        assert reason in flat(refused.out + refused.err)


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (REGRESSION, "does not apply: for task regression"),
        pytest.param(R2, "does not apply: r2 is a figure of a regression", marks=pytest.mark.soak(only=True)),
    ],
)
def test_a_gate_that_is_for_others_does_not_apply_at_any_door_and_says_so(
    project: Project, gates: str, words: str
) -> None:
    policy(project, ACCURACY + gates)
    assert words in flat(project.run("plan", "sandbox").out)
    assert "passed 2 gates for production; 1 does not apply" in flat(project.run("apply", "sandbox", "--yes").out)
    proposed = project.run("promote", "lateness", "--to", "production")
    assert "passed 2 gates for production" in flat(proposed.out)
    assert words in flat(proposed.out)
    project.merge(project.git("branch", "--list", "promote/*", "--format", "%(refname:short)"))
    assert words in (project.root / "manifests/production/lateness.md").read_text()
    planned = flat(project.run("plan", "production").out)
    assert "passed 2 of 2" in planned
    assert words in planned
    project.run("apply", "production", "--yes")
    project.run("validate")


def test_without_any_gate_that_applies_nothing_is_promoted(project: Project) -> None:
    project.recipe("  gates:\n    - {uses: beats-naive-guess, byShareOfErrors: 0.01}\n", "")
    policy(project, REGRESSION)
    reason = "no gate of production applies to it"
    assert reason in flat(project.run("apply", "sandbox", "--yes", code=4).out)
    assert reason in flat(project.run("plan", "sandbox").out)
    assert "E218" in project.run("promote", "lateness", "--to", "production", code=2).err


@pytest.mark.soak(only=True)  # unit/core/controls
def test_a_label_that_is_taken_away_with_a_promotion_weakens_the_gate(project: Project) -> None:
    """Labels are promoted with the recipe, and what they exempt from stands in the request and in the plan."""
    project.recipe("owner: credit}", "owner: credit, labels: {tier: critical}}")
    strict = ACCURACY.replace("}\n", ", for: {labels: {tier: critical}}}\n").replace("0.4", "0.695")
    policy(project, ACCURACY + strict)
    project.run("apply", "sandbox", "--yes")
    project.promote()
    assert "tier: critical" in (project.root / "manifests/production/lateness.yaml").read_text()
    project.run("apply", "production", "--yes")
    project.recipe(", labels: {tier: critical}}", "}")
    project.recipe("max_depth: 3", "max_depth: 5")
    applied = flat(project.run("apply", "sandbox", "--yes").out)
    assert "passed 2 gates for production; 1 does not apply" in applied
    weakened = "GATE WEAKENED accuracy at least: 0.695 for label tier: critical"
    proposed = project.run("promote", "lateness", "--to", "production")
    assert weakened in flat(proposed.out)
    project.merge(project.git("branch", "--list", "promote/*", "--no-merged", "HEAD", "--format", "%(refname:short)"))
    assert "labels" not in (project.root / "manifests/production/lateness.yaml").read_text()
    assert weakened in flat(project.run("apply", "production", "--yes", code=4).out)
