"""What `init` prints can be typed: a workflow outside of the project's folder is added, too."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.onboarding.init_result import AddResult, InitResult
from reconciler.report.help import add_result
from reconciler.report.help.init_result import blocks
from reconciler.report.layout.blocks import CodeBlock, Detail

RESULT = InitResult(
    folder="ml/churn",
    project="churn",
    model="orders",
    manifest="manifests/sandbox/orders.yaml",
    choices=(),
    files=(
        *("../../.github/workflows/reconciler-ml.churn.yml", ".gitignore", "data/orders.csv"),
        *("environments/production.yaml", "environments/sandbox.yaml", "reconciler.yaml"),
    ),
    repository=False,
)


def commands(result: InitResult | AddResult) -> tuple[str, ...]:
    report = add_result.blocks if isinstance(result, AddResult) else blocks
    (code,) = (block for block in report(result, Detail.SCREEN) if isinstance(block, CodeBlock))  # type: ignore[operator]
    return code.lines


def test_files_outside_of_the_projects_folder_are_added_by_name() -> None:
    assert commands(RESULT)[:2] == (
        "cd ml/churn",
        "git add . ../../.github/workflows/reconciler-ml.churn.yml && git commit -m 'A first model'",
    )


def test_in_the_current_folder_what_was_written_is_added_and_nothing_else_that_lies_there() -> None:
    assert commands(replace(RESULT, folder="."))[0] == (
        "git add .gitignore environments reconciler.yaml ../../.github/workflows/reconciler-ml.churn.yml "
        "&& git commit -m 'A first model'"
    )


def test_what_add_prints_takes_the_manifests_and_no_data_and_leads_to_the_next_environment() -> None:
    added = AddResult(
        folder="my shop",
        project="shop",
        model="churn",
        environment="lab",
        manifest="manifests/lab/churn.yaml",
        choices=(),
        files=(".gitignore", "data/churn.csv", "environments/production.yaml", "manifests/lab/churn.yaml"),
        promotes_to=("staging",),
    )
    assert commands(added) == (
        "cd 'my shop'",
        "git add .gitignore environments/production.yaml manifests/lab/churn.yaml && git commit -m 'Add churn'",
        "reconciler apply lab churn",
        "reconciler promote churn --to staging",
    )
    assert len(commands(replace(added, folder=".", promotes_to=()))) == 2
