"""Handmade values for what people ask for: `why`, `diff`, `doctor`."""

from __future__ import annotations

from reconciler.core.field_diff import FieldChange
from reconciler.core.inspect.explanation import Advice, Explanation
from reconciler.core.inspect.health_check import Check, HealthReport, Level
from reconciler.core.plan.config_diff import ConfigDiff, DiffSide, ModelDifference
from reconciler.core.plan.plan import MetricChange
from tests.golden.report import values


def why() -> Explanation:
    refused = next(one for one in values.production_plan().models if one.blocked is not None)
    return Explanation(
        model=refused.model,
        environment="production",
        role="production",
        revision=values.REVISION,
        state=refused.reason,
        part=refused,
        deployed=values.digest("deployed"),
        advice=(
            Advice(reason="a gate refused it: try another recipe", command="reconciler plan sandbox " + refused.model),
            Advice(reason="or change the gate by a pull request, where its owner can say no"),
        ),
    )


def why_undeclared() -> Explanation:
    return Explanation(
        model="payment",
        environment="production",
        role="production",
        revision=None,
        state="sandbox declares payment, but has not trained it yet",
        advice=(Advice(reason="train it", command="reconciler apply sandbox payment"),),
    )


def compared() -> ConfigDiff:
    return ConfigDiff(
        old=(DiffSide(environment="production", revision=values.REVISION),),
        new=(DiffSide(environment="sandbox", revision=values.REVISION),),
        alike=11,
        models=(
            ModelDifference(
                model="customer-payments",
                environment="sandbox",
                changes=(
                    FieldChange(path="estimator.params.max_depth", old="3", new="5"),
                    FieldChange(path="features.numeric.prior_late", old=None, new="yes"),
                ),
                gates=(FieldChange(path="beats-naive-guess byShareOfErrors", old="0.1", new=None),),
                old=values.digest("old"),
                new=values.digest("new"),
                metrics=(
                    MetricChange(metric="accuracy", candidate=0.71, incumbent=0.68),
                    MetricChange(metric="log_loss", candidate=0.9, incumbent=0.8),
                    MetricChange(metric="f1:late", candidate=0.5, incumbent=0.4),
                ),
            ),
            ModelDifference(
                model="disputes",
                environment="sandbox",
                outcome=True,
                changes=(FieldChange(path="outcome.classes.late", old="days_late > 0", new=" ".join(values.HOSTILE)),),
                new=values.digest("new"),
                metrics=(MetricChange(metric="accuracy", candidate=0.71, incumbent=None),),
            ),
            ModelDifference(model="terms", environment="sandbox", only="new"),
            ModelDifference(model="old-terms", environment="sandbox", only="old"),
        ),
    )


def checkup() -> HealthReport:
    good, warning, bad = Level.GOOD, Level.WARNING, Level.BAD
    return HealthReport(
        checks=(
            Check(area="this machine", name="git", level=good, found="2.39.5"),
            Check(
                area="this machine",
                name="temporary",
                level=warning,
                found="/tmp: 0.9 GiB free",
                remedy="set TMPDIR to a folder with more room",
            ),
            Check(area="production", name="store", level=bad, found=" ".join(values.HOSTILE), remedy="make room there"),
        )
    )


def well() -> HealthReport:
    return HealthReport(checks=(Check(area="this machine", name="git", level=Level.GOOD, found="2.39.5"),))
