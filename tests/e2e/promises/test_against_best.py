"""`against: best` on a real project: what was deployed before is scored again on the candidate's rows."""

from __future__ import annotations

from tests.support.project import PRODUCTION, Project

ACCURACY = "      - {uses: threshold, metric: accuracy, atLeast: 0.4}\n"
BEST = "      - {uses: no-worse-than-incumbent, metric: accuracy, tolerance: 0.2, against: best}\n"


def test_everything_deployed_before_is_scored_again_on_rows_that_neither_was_trained_on(redeployed: Project) -> None:
    """Two artifacts were deployed; the third candidate is compared with both, and the verification names them."""
    events = redeployed.run("history", "--env", "production", "-o", "json").json["events"]
    first, second = sorted({event["artifact"] for event in events if event["action"] == "deploy"})
    serves = redeployed.run("status", "production", "-o", "json").json["environments"][0]["models"][0]["artifact"]
    before = ({first, second} - {serves}).pop()
    redeployed.write("environments/production.yaml", PRODUCTION.replace(ACCURACY, ACCURACY + BEST))
    redeployed.commit("Against the best")
    redeployed.recipe("max_depth: 5", "max_depth: 2")
    redeployed.run("apply", "sandbox", "--yes")
    (model,) = redeployed.run("plan", "sandbox", "-o", "json").json["models"]
    (verification,) = model["detail"]["verifications"]
    assert verification["incumbent"] == serves
    assert verification["deployedBefore"] == {str(180 * 86400): [before]}
    (result,) = (result for result in verification["results"] if result["gate"]["uses"].startswith("no-worse"))
    (earlier,) = result["earlier"]
    assert (earlier["artifact"], earlier["state"]) == (before, "compared")
    assert 0 < earlier["rows"] <= result["comparison"]["rows"] + 10
    assert before[7:19] in result["reason"]
    redeployed.promote()
    redeployed.run("apply", "production", "--yes")
    redeployed.run("audit")
