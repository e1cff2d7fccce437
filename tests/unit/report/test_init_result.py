"""What `init` prints can be typed: a workflow outside of the project's folder is added, too."""

from __future__ import annotations

from reconciler.core.onboarding.init_result import InitResult
from reconciler.report.help.init_result import blocks
from reconciler.report.layout.blocks import CodeBlock, Detail


def test_files_outside_of_the_projects_folder_are_added_by_name() -> None:
    result = InitResult(
        folder="ml/churn",
        project="churn",
        model="orders",
        manifest="manifests/sandbox/orders.yaml",
        choices=(),
        files=("../../.github/workflows/reconciler-ml.churn.yml", "reconciler.yaml"),
        repository=False,
    )
    (code,) = (block for block in blocks(result, Detail.SCREEN) if isinstance(block, CodeBlock))
    assert code.lines[:2] == (
        "cd ml/churn",
        "git add . ../../.github/workflows/reconciler-ml.churn.yml && git commit -m 'A first model'",
    )
