"""What `init` and `explain` show: a new project, a field of a manifest, an error code, a word that is printed."""

from __future__ import annotations

from reconciler.core.forge.ci_workflows import CIEnvironments, CIFile, CIFileState, CIResult
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.inspect.field_docs import FieldDocs, FieldSummary, WordDocs, WordMeaning
from reconciler.core.onboarding.init_result import AddResult, InitChoice, InitResult
from reconciler.error_codes import ErrorCode
from tests.golden.report import values


def started() -> InitResult:
    return InitResult(
        folder="my shop",
        project="shop",
        model="payments",
        manifest="sandbox/payments.yaml",
        choices=(
            InitChoice(what="table", chosen="orders: 1,204 rows", why=""),
            InitChoice(what="outcome", chosen=values.HOSTILE[0], why="the only column with few values"),
            InitChoice(what="key", chosen="order_id", why="each row has its own"),
        ),
        files=("reconciler.yaml", "sandbox/payments.yaml"),
        repository=True,
    )


def ci(*, written: bool) -> CIResult:
    """Each state, and text of a repository that means something to a terminal or to Markdown."""
    edited = ("--- there", "+++ new", "@@ -1,3 +1,3 @@", " jobs:", "-  [31m`x`: {}", "+  plan: {}")
    return CIResult(
        forge=ForgeKind.GITHUB,
        branch="main",
        installs="model-reconciler[github]==0.1.0",
        files=(
            CIFile(path="../../.github/workflows/reconciler-teams.shop.yml", state=CIFileState.EDITED, diff=edited),
            CIFile(path="../../.github/dependabot.yml", state=CIFileState.LEFT),
            CIFile(path="requirements.lock", state=CIFileState.UPDATED, diff=(*edited[:3], "+model-reconciler")),
            CIFile(path="wheels/model_reconciler-0.1.0-py3-none-any.whl", state=CIFileState.CREATED),
            CIFile(path="same.yml", state=CIFileState.SAME),
        ),
        written=written,
        todo=("add to .gitlab-ci.yml: include: [{local: /.gitlab/reconciler-teams.shop.yml}]",),
    )


def environments() -> CIEnvironments:
    return CIEnvironments(all=("broken", "production", "sandbox"), apply=("sandbox",), on_merge=("production",))


def added() -> AddResult:
    return AddResult(
        folder=".",
        project="shop",
        model="churn",
        environment="sandbox",
        manifest="manifests/sandbox/churn.yaml",
        choices=(
            InitChoice(what="table", chosen="data/churn.csv: 1,204 rows", why=""),
            InitChoice(what="declared", chosen="churn in environments/production.yaml", why="a new table there"),
        ),
        files=("data/churn.csv", "environments/production.yaml", "manifests/sandbox/churn.yaml"),
        promotes_to=("production",),
    )


def field() -> FieldDocs:
    return FieldDocs(
        path="model.recipe.holdout",
        what="The rows that the model is evaluated on. It is not trained on them.",
        form="a map of `last` or `random`",
        needed=False,
        default="{random: 0.2}",
        children=(
            FieldSummary(path="model.recipe.holdout.by", what="The column of time."),
            FieldSummary(path="model.recipe.holdout.last", what="The share of the latest rows."),
        ),
        example='holdout:\n  last: 0.2\n  by: "```"',
        example_file="sandbox/payments.yaml",
        others=(FieldSummary(path="gate.holdout", what="The rows of a gate."),),
        printed=(WordMeaning(kind="word of a report", what="The rows that the model is judged on."),),
    )


def code() -> ErrorCode:
    return ErrorCode(code="E999", meaning="A store is damaged.", remedy="Run `reconciler audit`.")


def word() -> WordDocs:
    return WordDocs(
        word="MISSING or missing",
        meanings=(
            WordMeaning(kind="health", what="It is declared, and nothing is served. The next apply puts it in place."),
            WordMeaning(
                kind="metric",
                what="The share of values that are missing.",
                formula="|missing| / rows",
                unit="share, 0 to 1",
                better="lower",
                source="scikit-learn, sklearn.impute.MissingIndicator",
            ),
        ),
    )
