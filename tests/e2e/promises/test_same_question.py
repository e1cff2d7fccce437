"""Two models' figures stand beside each other only where both say how well the same is predicted, at every door."""

from __future__ import annotations

import re
import shlex

from tests.support.project import PRODUCTION, Project

ACCURACY = "      - {uses: threshold, metric: accuracy, atLeast: 0.4}\n"
R2 = "      - {uses: threshold, metric: r2, atLeast: -1000}\n"
NO_WORSE = "      - {uses: no-worse-than-incumbent, metric: METRIC, tolerance: 0.9, minRows: 20}\n"
CLASSES = "      classes:\n        on_time: days_late <= 0\n        late: days_late > 0\n"
TREE = "class: DecisionTreeClassifier"
MOVED = "coalesce(paid, as_of)) - 5"


def flat(text: str) -> str:
    """Return what was printed without its line breaks."""
    return " ".join(text.split())


def policy(project: Project, gates: str) -> None:
    project.write("environments/production.yaml", PRODUCTION.replace(ACCURACY, gates))
    project.commit("Gates")


def test_classes_whose_threshold_moved_in_a_derived_column_are_compared_at_no_door(deployed: Project) -> None:
    """Neither the class's condition nor its column's name differs: only what the column is."""
    deployed.recipe("coalesce(paid, as_of))", MOVED)
    why = "on_time is \"days_late: date_diff('day', due, coalesce(paid, as_of"
    deployed.run("apply", "sandbox", "--yes")
    compared = flat(deployed.run("diff", "production", "sandbox").out)
    assert "OUTCOME CHANGED" in compared
    assert why.capitalize() in compared
    deployed.promote()
    card = (deployed.root / "manifests/production/lateness.md").read_text()
    assert "| candidate |" not in card
    assert "The incumbent's figures do not stand beside these: on" in card
    planned = deployed.run("plan", "production", "-o", "json").json
    (model,) = planned["models"]
    assert {row.get("incumbent") for row in model["detail"]["metrics"]} == {None}
    assert "the figures of the incumbent do not stand beside" in flat(deployed.run("plan", "production").out)
    policy(deployed, ACCURACY + NO_WORSE.replace("METRIC", "accuracy"))
    deployed.recipe("max_depth: 3", "max_depth: 2")
    refused = flat(deployed.run("apply", "sandbox", "--yes", code=4).out)
    assert f"not comparable: the outcome does not mean the same as the incumbent's: {why}" in refused
    better = flat(deployed.run("promote", "--all", "--better", "--to", "production", code=None).out)
    assert "does not mean the same as the incumbent's" in better


def test_a_transform_is_compared_in_its_unit_and_its_own_figures_say_what_they_are_in(project: Project) -> None:
    policy(project, R2)
    project.recipe("task: classification", "task: regression")
    project.recipe(CLASSES, "      column: days_late\n")
    project.recipe("{uses: beats-naive-guess, byShareOfErrors: 0.01}", "{uses: threshold, metric: r2, atLeast: -1000}")
    project.recipe(TREE, "class: DecisionTreeRegressor")
    project.run("apply", "sandbox", "--yes")
    project.promote()
    shown = project.run("controls", "show", "production", "-o", "json", code=None).json
    project.run("controls", "accept", "production", "--reason", "numbers now", "--id", shown["digest"])
    project.run("apply", "production", "--yes")
    policy(project, R2 + NO_WORSE.replace("METRIC", "mae"))
    project.recipe("      past:\n", "        log_late: ln(100 + days_late)\n      past:\n")
    project.recipe("column: days_late", "column: log_late")
    applied = flat(project.run("apply", "sandbox", "--yes").out)
    (model,) = project.run("plan", "sandbox", "-o", "json").json["models"]
    (verification,) = model["detail"]["verifications"]
    (result,) = (each for each in verification["results"] if each["gate"]["uses"].startswith("no-worse"))
    compared = result["comparison"]
    assert compared["state"] == "compared", applied
    assert compared["reason"] == "judged in days_late"
    assert 0.5 < compared["candidate"] / compared["incumbent"] < 2, "both in days"
    told = flat(project.run("status").out)
    assert told.count("grade and R2 are of ln(100 + days_late): `reconciler show lateness --in sandbox`") == 1, told
    told = flat(project.run("history", "sandbox").out)
    (command,) = re.findall(
        r"grade and R2 are of ln\(100 \+ days_late\): `reconciler ([^`]+)` judges it in days_late", told
    )
    assert project.run(*shlex.split(command)).code == 0
    project.run("report", "sandbox", "--html", str(project.root / "../site"))
    assert "it and the grade are of <bdi>ln(100 + days_late)" in (project.root / "../site/index.html").read_text()
    differ = flat(project.run("diff", "production", "sandbox").out)
    assert "OUTCOME CHANGED" in differ
    assert 'Its own figures are in "ln(100 + days_late)"' in differ
