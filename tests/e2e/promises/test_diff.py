"""`diff` tells what differs that decides or judges an artifact, and nothing else."""

from __future__ import annotations

import re

from tests.support.project import Project


def test_what_was_promoted_as_it_is_does_not_differ(deployed: Project) -> None:
    assert deployed.run("diff", "production", "sandbox", "--check").out.endswith("0 models differ, 1 the same\n")


def test_a_new_candidate_differs_in_its_recipe_its_artifact_and_its_metrics(deployed: Project) -> None:
    deployed.recipe("max_depth: 3", "max_depth: 5")
    deployed.recipe("numeric: [amount, terms, prior, prior_late]", "numeric: [amount, terms, prior]")
    before = deployed.run("diff", "production", "sandbox", "--check", code=3).out
    assert "estimator.params.max_depth: 3 -> 5" in before
    assert "features.numeric.prior_late: removed" in before
    assert "artifact" not in before, "nothing was trained yet"

    deployed.run("apply", "sandbox", "--yes", code=None)
    said = deployed.run("diff", "production", "sandbox").out
    assert re.search(r"artifact  [0-9a-f]{12} -> [0-9a-f]{12}", said)
    # Each on its own holdout: nothing shows that such a difference is one.
    assert re.search(r"accuracy +0\.\d{3} +0\.\d{3} +[-+]?0\.\d{3}$", said, re.MULTILINE)
    assert "OUTCOME CHANGED" not in said
    document = deployed.run("diff", "production", "sandbox", "-o", "json").json
    (model,) = document["models"]
    assert {one["path"] for one in model["changes"]} == {"estimator.params.max_depth", "features.numeric.prior_late"}
    assert any(":" in one["metric"] for one in model["metrics"]), "those of single classes, too"
    assert "| accuracy |" in deployed.run("diff", "production", "sandbox", "-o", "markdown").out


def test_another_meaning_of_the_outcome_is_marked_and_no_metric_is_called_better(deployed: Project) -> None:
    deployed.recipe("on_time: days_late <= 0", "on_time: days_late <= 2")
    deployed.recipe("late: days_late > 0", "late: days_late > 2")
    deployed.run("apply", "sandbox", "--yes", code=None)
    said = deployed.run("diff", "production", "sandbox").out
    assert "OUTCOME CHANGED" in said
    assert "outcome.classes.on_time: days_late <= 0 -> days_late <= 2" in said
    assert not re.search(r"  (better|worse|same)$", said, re.MULTILINE)


def test_between_commits_changes_of_gates_and_models_are_told(deployed: Project) -> None:
    start = deployed.git("rev-parse", "HEAD")
    deployed.recipe("byShareOfErrors: 0.01", "byShareOfErrors: 0.02")
    text = (deployed.root / "manifests/sandbox/lateness.yaml").read_text()
    deployed.write("manifests/sandbox/other.yaml", text.replace("name: lateness", "name: other"))
    deployed.commit("Another")
    said = deployed.run("diff", "--from", start, "--to", "main", "--check", code=3).out
    assert re.search(r"gates\S* +1 field differs", said)
    assert "beats-naive-guess byShareOfErrors: 0.01 -> 0.02" in said
    assert "+ sandbox/other  is new" in said
    back = deployed.run("diff", "--from", "main", "--to", start).out
    assert "- sandbox/other  is removed" in back
    only = deployed.run("diff", "--from", start, "production").out
    assert only.endswith("0 model manifests differ, 1 the same\n")
    assert "1 model manifest differs" in deployed.run("diff", "--from", start, "sandbox", "other").out


def test_a_comment_or_an_owner_is_no_difference(deployed: Project) -> None:
    start = deployed.git("rev-parse", "HEAD")
    deployed.recipe("owner: credit", "owner: sales")
    assert "0 model manifests differ" in deployed.run("diff", "--from", start).out


def test_what_cannot_be_compared_is_refused_with_what_can(deployed: Project) -> None:
    for arguments, hint in (
        (("production",), "reconciler diff production sandbox"),
        (("production", "nowhere"), "declared: production, sandbox"),
        (("production", "sandbox", "lates"), "did you mean lateness?"),
        (("--to", "main"), "reconciler diff --from REV --to REV"),
        (("--from", "nonsense"), "git branch"),
        (("--from", "main", "nowhere"), "declared: production, sandbox"),
        (("--from", "--help"), "plain"),
    ):
        refused = deployed.run("diff", *arguments, code=2)
        assert "hint: " in refused.err
        assert hint in refused.err or hint == "plain"
